"""The table of rules is in order, and reads versions as libraries write them."""

from __future__ import annotations

import pytest

from migrate.catalog.servers import LOADS, Form
from migrate.planning.stock.loadingrules import LOADING, version


def test_of_every_library_what_breaks_stands_first() -> None:
    for group in LOADING:
        kinds = [rule.kind for rule in group]
        assert kinds == sorted(kinds)
        assert len({rule.library for rule in group}) == 1
        assert all(rule.text and rule.source and rule.forms for rule in group)
    assert len({group[0].library for group in LOADING}) == len(LOADING)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1.4.1.post1", (1, 4, 1)), ("3.11", (3, 11)), ("0.82", (0, 82)), ("main", ())],
)
def test_versions(text: str, numbers: tuple[int, ...]) -> None:
    assert version(text) == numbers


def test_forms_are_named_as_kserve_s_formats_where_servers_load_several() -> None:
    assert {Form("sklearn"), Form("xgboost"), Form("lightgbm"), Form("mlflow")} == (
        LOADS["mlserver"]
    )
