"""Runtimes for after an upgrade from 0.7 with what is wanted of them: exceptions, env, args."""

from __future__ import annotations

import pytest

from migrate.operations.model import Create
from migrate.planning.desired import Desired, EnvVar, Exempt
from migrate.planning.plan import Plan
from tests.planning.converting import REGISTRY, RELEASES, SKLEARN, blocked, copies, found, old
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
