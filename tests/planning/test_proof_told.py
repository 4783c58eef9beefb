"""What was done is told in words: the form of a service, its runtime, and the image that stayed."""

from __future__ import annotations

import pytest
from msgspec import UNSET

from migrate.operations.model import Direction
from migrate.planning.change.proof import (
    Result,
    prove_services,
    prove_settings,
    settings_in,
    together,
)
from migrate.planning.model.plan import Plan
from tests.planning.converting import SKLEARN, old, upgraded
from tests.planning.copies import cluster, isvc, plan
from tests.planning.holding import holding


def proven(made: Plan, images: dict[str, str] | None = None) -> dict[str, Result]:
    """What is proven of each service where all is as planned, but for these images."""
    waves = made.waves(Direction.APPLY)
    expected = settings_in(waves)
    found = {one: UNSET if one.value is None else one.value for one in expected}
    settings = prove_settings(made.forecast, Direction.APPLY, expected, found)
    runs = {row.workload: row.after_plan or "" for row in made.forecast if row.workload}
    for row in made.forecast:
        if row.workload and row.service.name in (images or {}):
            runs[row.workload] = (images or {})[row.service.name]
    services = prove_services(made, made.forecast, Direction.APPLY, runs)
    results = together(services, settings)
    assert len({one.subject for one in results}) + len(images or {}) == len(results)
    return {one.subject.name: one for one in results if one.holds}


def test_a_conversion_is_told_with_the_image_that_it_kept() -> None:
    made = holding(upgraded("0.9.0", old("iris"), sklearn_v1=SKLEARN), "0.10.2")
    told = proven(made)["iris"]
    assert told.text == f"in the model form (sklearn); runs {SKLEARN}:v0.7.0 as before"
    assert told.changed


def test_an_image_that_is_another_is_told_apart_and_not_as_before() -> None:
    made = holding(upgraded("0.9.0", old("iris"), sklearn_v1=SKLEARN), "0.10.2")
    told = proven(made, {"iris": "r/other:1"})["iris"]
    assert told.text == "in the model form (sklearn)"


def test_variables_that_change_places_are_told_beside_the_form() -> None:
    """MLServer has them in another order in its runtime than 0.7 wrote them: a new Revision."""
    rows = old("rows", protocolVersion="v2", runtimeVersion="0.2.1")
    made = holding(upgraded("0.9.0", rows), "0.10.2")
    assert proven(made)["rows"].text.startswith(
        "in the model form (sklearn), variables and flags as planned; runs "
    )


@pytest.mark.parametrize("release", ["0.16.0", "0.20.0"])
def test_a_move_into_a_runtime_is_told_by_its_name(release: str) -> None:
    found = cluster(release, isvc("iris", protocolVersion="v1"))
    told = proven(plan(found))["iris"]
    assert told.text.startswith("on ServingRuntime kserve-sklearnserver; runs ")
    assert told.text.endswith(" as before")
