"""Laws of the way: steps compose, services do not meet, and nothing depends on their order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.planning.check.way import Row
from migrate.planning.check.waychanges import LOST, Why
from migrate.planning.stock.overridden import overridden
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of
from tests.planning.converting import GPU, SKLEARN, old
from tests.planning.copies import OVER, cluster, isvc
from tests.planning.upgrades import direct, images, rows, way
from tests.planning.upgrading import seven

FRAMEWORKS = ("sklearn", "xgboost", "lightgbm", "pmml", "tensorflow", "onnx", "pytorch")
FORMATS = (*FRAMEWORKS, "triton", "mlflow", "huggingface", "paddle")
ENDS = ("0.8.0", "0.9.0", "0.10.2", "0.11.2", "0.14.1", "0.15.2", "0.17.0", "0.20.0")
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def frameworks(draw: st.DrawFn) -> list[dict[str, Any]]:
    number = draw(st.integers(1, 6))
    return [old(f"s{i}", draw(st.sampled_from(FRAMEWORKS)), **draw(more())) for i in range(number)]


@st.composite
def models(draw: st.DrawFn) -> list[dict[str, Any]]:
    number = draw(st.integers(1, 6))
    return [isvc(f"s{i}", draw(st.sampled_from(FORMATS)), **draw(more())) for i in range(number)]


@st.composite
def more(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        found["protocolVersion"] = draw(st.sampled_from(["v1", "v2"]))
    if draw(st.booleans()):
        found["runtimeVersion"] = draw(st.sampled_from(["v0.7.0", "1.2-gpu"]))
    if draw(st.booleans()):
        found["resources"] = GPU
    if draw(st.booleans()):
        found["image"] = "own/server:1"
    return found


def outcome(row: Row) -> tuple[object, ...]:
    """What is true of a service after a step, wherever it came from."""
    return (row.verdict, row.image_after, row.runtime_after, row.protocol_after)


@given(frameworks(), st.sampled_from(ENDS))
@FEW
def test_in_the_framework_form_the_way_does_not_matter(
    services: list[dict[str, Any]], target: str
) -> None:
    found = seven(*services, sklearn_v1=SKLEARN)
    composed(found, target)


@given(models(), st.sampled_from(ENDS[4:]))
@FEW
def test_nor_in_the_model_form(services: list[dict[str, Any]], target: str) -> None:
    composed(cluster("0.11.2", *services), target)


def composed(found: Snapshot, target: str) -> None:
    steps, one = way(found, target), direct(found, target)
    first, last, only = rows(steps[0]), rows(steps[-1]), rows(one)
    for name, row in only.items():
        assert row.image_before == first[name].image_before
        assert outcome(row) == outcome(last[name])


@given(frameworks(), st.sampled_from(ENDS))
@FEW
def test_what_is_told_of_a_service_does_not_depend_on_others(
    services: list[dict[str, Any]], target: str
) -> None:
    together = rows(direct(seven(*services), target))
    for one in services:
        alone = rows(direct(seven(one), target))
        name = one["metadata"]["name"]
        assert alone[name] == together[name]


@given(models(), st.permutations(range(6)))
@FEW
def test_the_order_of_services_does_not_matter(
    services: list[dict[str, Any]], order: list[int]
) -> None:
    shuffled = [services[i] for i in order if i < len(services)]
    step, other = (direct(cluster("0.9.0", *each), "0.11.2") for each in (services, shuffled))
    assert rows(step) == rows(other)


@given(models(), st.sampled_from(ENDS[4:]))
@FEW
def test_who_is_on_nothing_that_was_edited_loses_no_edit(
    services: list[dict[str, Any]], target: str
) -> None:
    for row in direct(cluster("0.11.2", *services, images={}), target).rows():
        assert row.why not in LOST
    for row in direct(cluster("0.11.2", *services), target).rows():
        assert row.why is not Why.LOST_EDIT or row.runtime_before is not None
        is_over = row.image_before == OVER
        changed = row.image_after is not None and row.image_after != row.image_before
        assert not (is_over and changed) or row.why in (Why.LOST_EDIT, Why.MANGLED)


@pytest.mark.parametrize("release", ["0.8.0", "0.9.0", "0.10.1", "0.11.2", "0.15.2", "0.18.1"])
def test_nothing_is_overridden_as_released(release: str) -> None:
    found = cluster(release, isvc("iris"), images={})
    assert found.rules is not None
    told = overridden(found, world_of(found, found.rules))
    assert not told.runtimes


def test_a_word_is_said_wherever_an_image_changes_that_was_one() -> None:
    found = seven(*(old(one, one) for one in FRAMEWORKS), sklearn_v1=SKLEARN)
    changed = 0
    for step in way(found, "0.20.0"):
        for name, (before, after) in images(step).items():
            was_one = bool(before) and not str(before).startswith(":")
            is_other = was_one and before != after
            changed += is_other
            assert bool(rows(step)[name].why) == is_other, (step.name, name)
    assert changed == len(FRAMEWORKS) + 1
