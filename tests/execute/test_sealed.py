"""Fields beside an edit that must stay as they were: as tests of the patch, and read before."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from migrate.errors import StaleError
from migrate.execute import sealed
from migrate.execute.sealed import Sealed
from migrate.objects import pointer
from migrate.operations.model import Edit
from tests.planning.runtimes import RUNTIME, SKLEARN

PATH = pointer("metadata", "annotations", "serving.kserve.io/server-type")
EDITS = [Edit("/spec/disabled", after=True)]


def live(**annotations: str) -> dict[str, Any]:
    return {**SKLEARN, "metadata": {**SKLEARN["metadata"], "annotations": annotations}}


def of(server: str) -> dict[str, Any]:
    return live(**{"serving.kserve.io/server-type": server})


def test_a_field_that_is_there_is_tested() -> None:
    tests = sealed.tests_of([Sealed(RUNTIME, PATH, "a", "")], RUNTIME, EDITS, of("a"))
    assert tests == [{"op": "test", "path": PATH, "value": "a"}]


def test_that_a_field_is_not_there_cannot_be_tested() -> None:
    assert sealed.tests_of([Sealed(RUNTIME, PATH, UNSET, "")], RUNTIME, EDITS, live()) == []


@pytest.mark.parametrize(("compared", "now"), [(UNSET, of("a")), ("a", live()), ("a", of("b"))])
def test_a_field_that_is_another_one_by_then(compared: Any, now: dict[str, Any]) -> None:
    with pytest.raises(StaleError, match="server-type"):
        sealed.tests_of([Sealed(RUNTIME, PATH, compared, "")], RUNTIME, EDITS, now)
