"""A plan for after an upgrade: what it is refused for, and what a conversion makes of it then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrate.errors import BlockedError, UsageError
from migrate.objects import Manifest
from migrate.operations.model import Create
from migrate.planning.model.desired import Activate, Selection
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Scope
from tests.planning.converting import (
    REGISTRY,
    RELEASES,
    SKLEARN,
    blocked,
    converted,
    copies,
    names,
    old,
    upgraded,
)
from tests.planning.copies import cluster, isvc, plan
from tests.planning.upgrading import moments, prepared, seven


@pytest.mark.parametrize("text", ["tensorflow/gpu=x/y:1", "onnxx=x/y:1", "runtime/none=x/y:1"])
def test_what_no_runtime_of_that_release_takes_is_refused(text: str) -> None:
    with pytest.raises((UsageError, BlockedError), match=text.partition("=")[0]):
        prepared(seven(old("iris")), "0.9.0", text)


@pytest.mark.parametrize("target", ["0.7.0", "0.21.0", "0.9.7", "1.0.0"])
def test_a_release_of_which_nothing_is_known_to_be_shipped_is_refused(target: str) -> None:
    with pytest.raises(UsageError, match=f"--target {target}: expected a release with runtimes"):
        prepared(seven(old("iris")), target)


def test_a_cluster_that_has_runtimes_is_refused_with_what_to_do() -> None:
    with pytest.raises(UsageError, match="has runtimes") as told:
        prepared(cluster("0.15.2", isvc("iris")), "0.20.0")
    assert "kmigrate check --target 0.20.0" in told.value.hint


@pytest.mark.parametrize(
    ("flag", "given"),
    [
        ("--convert", {"convert": True}),
        ("--repin", {"repin": True}),
        ("--scope", {"scope": Scope.SERVICE}),
        ("--activate", {"activate": Activate.NONE}),
        ("--wave-size", {"wave_size": 3}),
        ("--pause", {"pause": 3.0}),
        ("--take-ownership", {"take_ownership": True}),
        ("--max-restarts", {"max_restarts": 3}),
        ("--max-namespaces", {"max_namespaces": 3}),
    ],
)
def test_a_flag_without_effect_is_refused(flag: str, given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"{flag} does not go with --target"):
        prepared(seven(old("iris")), **given)


def test_without_a_target_it_is_named() -> None:
    with pytest.raises(BlockedError, match="no ServingRuntimes") as told:
        plan(seven(old("iris")))
    assert "--target" in told.value.hint


@pytest.mark.parametrize("target", RELEASES)
def test_after_the_upgrade_a_conversion_gives_what_was_said(target: str) -> None:
    """The cluster that the plan expects, planned on: the moments of the one are the other's."""
    services = [
        old("iris", protocolVersion="v1"),
        old("wine", "xgboost", protocolVersion="v1"),
        old("own", image="own/x:v0.7.0"),
    ]
    before = prepared(seven(*services, sklearn_v1=SKLEARN), target)
    own = _manifests(before)
    after = plan(upgraded(target, *services, own=own), convert=True)
    rows = {row.service.name: row for row in after.forecast}
    iris, wine = rows["iris"], rows["wine"]
    expected = moments(before, "iris")
    assert (iris.now, iris.after_plan, iris.after_rollback) == (expected[1], *expected[2:3] * 2)
    assert (iris.restarts, wine.restarts) == (True, False)
    assert wine.form == "framework xgboost"
    assert (names(after, "KM240"), names(after, "KM245")) == (["iris"], ["iris"])
    assert (copies(after), blocked(after)) == ({}, set())


def test_predictors_that_were_set_again_since_win_over_a_runtime_of_before() -> None:
    before = prepared(seven(old("iris"), sklearn_v1=SKLEARN))
    own = _manifests(before)
    later = upgraded("0.9.0", old("iris"), sklearn_v1=f"{REGISTRY}/later", own=own)
    made = plan(later, convert=True)
    assert names(made, "KM242") == ["iris"]
    assert blocked(made) == {"KM242"}


def test_a_runtime_that_somebody_made_takes_nobody_out_of_the_framework_form() -> None:
    before = prepared(seven(old("iris"), sklearn_v1=SKLEARN))
    (manifest,) = _manifests(before)
    meta = {**manifest["metadata"], "annotations": {}}
    made = plan(upgraded("0.9.0", old("iris"), own=({**manifest, "metadata": meta},)), convert=True)
    assert names(made, "KM240") == []


def _manifests(made: Plan) -> tuple[Manifest, ...]:
    return tuple(op.change.manifest for op in made.operations if isinstance(op.change, Create))


@pytest.mark.parametrize("predictors", ["{}", None])
def test_a_conversion_rescues_whom_predictors_give_no_image(predictors: str | None) -> None:
    services = [old("torch", "pytorch", runtimeVersion="next"), old("iris")]
    sets = ("pytorch=pytorch/torchserve-kfs:next", f"sklearn={SKLEARN}:v0.7.0")
    before = prepared(seven(*services), "0.9.0", *sets, accept=("KM282",))
    later = upgraded("0.9.0", *services, own=_manifests(before))
    data = {"predictors": predictors} if predictors else later.config["data"]
    made = plan(replace(later, config={**later.config, "data": data}), convert=True)
    images = {row.service.name: row.after_plan for row in made.forecast}
    assert images == {"torch": "pytorch/torchserve-kfs:next", "iris": f"{SKLEARN}:v0.7.0"}
    assert converted(made) == ["iris", "torch"]
    assert blocked(made) == set()


def test_only_who_is_selected_is_converted_and_an_own_image_is_none() -> None:
    services = [old("iris"), old("wine"), old("own", image="own/x:v0.7.0")]
    before = prepared(seven(*services, sklearn_v1=SKLEARN))
    later = upgraded("0.9.0", *services, own=_manifests(before))
    made = plan(later, convert=True, selection=Selection(exclude=("team/wine",)))
    assert converted(made) == ["iris"]
