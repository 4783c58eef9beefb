"""Label selectors: who fits, and what is no selector."""

from __future__ import annotations

import pytest

from migrate.errors import UsageError
from migrate.kserve.labels import is_selected, parse_selector

LABELS = {"tier": "gold", "team": "search", "empty": "", "example.com/part": "a.b"}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("", True),
        ("tier=gold", True),
        ("tier==gold", True),
        ("tier = gold, team=search", True),
        ("tier=gold,team=other", False),
        ("tier=silver", False),
        ("missing=x", False),
        ("empty=", True),
        ("missing=", False),
        ("tier!=silver", True),
        ("tier!=gold", False),
        ("missing!=x", True),
        ("tier in (gold,silver)", True),
        ("tier in ( silver )", False),
        ("tier notin (gold, silver)", False),
        ("missing notin (x)", True),
        ("missing in (x)", False),
        ("tier", True),
        ("!tier", False),
        ("missing", False),
        ("! missing", True),
        ("example.com/part=a.b,tier in (gold,x),!missing", True),
    ],
)
def test_who_fits(text: str, fits: bool) -> None:
    assert is_selected(LABELS, parse_selector(text)) is fits


@pytest.mark.parametrize(
    "text", ["a=b,", "=b", "a=b c", "a in gold", "a in (", "a>1", "-a=b", "a b", ",", "a/b/c=d"]
)
def test_what_is_no_selector(text: str) -> None:
    with pytest.raises(UsageError, match="expected KEY=VALUE"):
        parse_selector(text)
