"""Runtimes for after an upgrade from 0.7 with what is wanted of them: exceptions, env, args."""

from __future__ import annotations

import pytest

from migrate.operations.model import Create
from migrate.planning.model.desired import Desired, EnvVar, Exempt
from migrate.planning.model.plan import Plan
from tests.planning.converting import (
    MLSERVER,
    REGISTRY,
    RELEASES,
    SKLEARN,
    blocked,
    converted,
    copies,
    found,
    names,
    old,
    upgraded,
)
from tests.planning.copies import plan
from tests.planning.upgrading import moments, prepared, seven

PINNED, OTHER = f"{SKLEARN}:v0.7.0", f"{REGISTRY}/other:v0.7.0"
VARIABLE = EnvVar("PREDICT_PROBA", "True")
NEAR, FAR = "team/kserve-sklearnserver", "fraud/kserve-sklearnserver"


def two(target: str, *wanted: Desired) -> Plan:
    """The plan for two services of two namespaces, on a repository set in `predictors`."""
    services = [old("iris"), old("cards", namespace="fraud")]
    return prepared(seven(*services, sklearn_v1=SKLEARN), target, images=wanted)


def variables(made: Plan) -> dict[str, list[str]]:
    """The variables of each runtime that is made."""
    specs = {
        f"{op.target.namespace}/{op.target.name}": op.change.manifest["spec"]
        for op in made.operations
        if isinstance(op.change, Create)
    }
    return {
        name: [one["name"] for one in spec["containers"][0].get("env", ())]
        for name, spec in specs.items()
    }


@pytest.mark.parametrize("target", RELEASES)
def test_an_exception_with_the_image_that_a_pin_gives_anyway_blocks_nothing(target: str) -> None:
    exception = Exempt(namespaces=("fraud",), image=PINNED)
    made = two(target, Desired(format="sklearn", image=OTHER, exceptions=(exception,)))
    assert copies(made) == {NEAR: OTHER, FAR: PINNED}
    assert moments(made, "cards")[2] == PINNED
    assert blocked(made) == set()


def test_an_exception_with_an_image_that_a_pin_overrules_blocks() -> None:
    exception = Exempt(namespaces=("fraud",), image=f"{SKLEARN}:next")
    made = two("0.9.0", Desired(format="sklearn", image=OTHER, exceptions=(exception,)))
    (pinned,) = found(made, "KM201")
    assert pinned.text.startswith(f"{SKLEARN}:next: ")
    assert [str(ref) for ref in pinned.objects] == ["InferenceService fraud/cards"]


def test_an_exception_with_variables_alone_is_in_its_copy_and_kept() -> None:
    exception = Exempt(namespaces=("fraud",), env=(VARIABLE,))
    made = two("0.9.0", Desired(format="sklearn", image=OTHER, exceptions=(exception,)))
    assert variables(made) == {NEAR: [], FAR: ["PREDICT_PROBA"]}
    assert blocked(made) == set()


@pytest.mark.parametrize("target", RELEASES)
@pytest.mark.parametrize(
    "wanted",
    [
        Desired(format="sklearn", env=(VARIABLE,)),
        Desired(runtime="kserve-sklearnserver", args=("--workers=2",)),
    ],
)
def test_settings_alone_leave_the_image_as_it_is(target: str, wanted: Desired) -> None:
    made = two(target, wanted)
    assert copies(made) == {NEAR: PINNED, FAR: PINNED}
    assert moments(made, "iris")[2] == moments(made, "cards")[2] == PINNED
    assert all(row.settings for row in made.forecast)
    assert (found(made, "KM283"), blocked(made)) == ([], set())


def test_an_exception_with_settings_alone_leaves_the_image_of_its_namespace() -> None:
    exception = Exempt(namespaces=("fraud",), args=("--workers=2",))
    made = two("0.9.0", Desired(format="sklearn", image=OTHER, exceptions=(exception,)))
    assert copies(made) == {NEAR: OTHER, FAR: PINNED}
    assert moments(made, "cards")[2] == PINNED


def test_settings_of_one_runtime_keep_no_image_of_another() -> None:
    services = [old("iris"), old("wine", "xgboost")]
    still = seven(*services, sklearn_v1=SKLEARN, xgboost_v1=f"{REGISTRY}/xgb")
    made = prepared(still, images=(Desired(format="sklearn", env=(VARIABLE,)),))
    assert copies(made) == {NEAR: PINNED}
    assert names(made, "KM283") == ["wine"]


def test_settings_of_a_runtime_that_two_entries_share_block() -> None:
    services = [old("rows", protocolVersion="v2"), old("wine", "xgboost", protocolVersion="v2")]
    still = seven(*services, sklearn_v2=MLSERVER, xgboost_v2=f"{REGISTRY}/other")
    made = prepared(still, images=(Desired(runtime="kserve-mlserver", env=(VARIABLE,)),))
    (shared,) = found(made, "KM242")
    assert "share the runtime kserve-mlserver" in shared.text
    assert (names(made, "KM242"), names(made, "KM283")) == (["rows", "wine"], [])
    image = Desired(runtime="kserve-mlserver", image=f"{MLSERVER}:v0.7.0")
    assert blocked(prepared(still, images=(image,))) == set()


def test_after_the_upgrade_a_conversion_keeps_the_image_with_the_settings() -> None:
    services = [old("iris", protocolVersion="v1")]
    wanted = Desired(format="sklearn", env=(VARIABLE,))
    before = prepared(seven(*services, sklearn_v1=SKLEARN), images=(wanted,))
    own = tuple(op.change.manifest for op in before.operations if isinstance(op.change, Create))
    made = plan(upgraded("0.9.0", *services, own=own), convert=True)
    assert [(row.now, row.after_plan) for row in made.forecast] == [
        ("kserve/sklearnserver:v0.7.0", PINNED)
    ]
    assert (converted(made), blocked(made)) == (["iris"], set())
