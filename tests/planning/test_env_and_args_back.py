"""The way back of plans that change variables and flags."""

from __future__ import annotations

import msgspec
import pytest

from migrate.objects import Manifest
from migrate.operations.model import Edit, Holds, Patch
from migrate.operations.patching import apply_edits
from migrate.planning.back.rollback import Rollback, plan_rollback
from migrate.planning.model.desired import Activate
from migrate.planning.model.plan import Outlook, Plan
from migrate.planning.world.activation import CONTAINER_PATH
from migrate.planning.world.changed import changed
from migrate.planning.world.snapshot import Snapshot
from tests.planning.runtimes import OTHER, RUNTIME, SKLEARN, model
from tests.planning.test_env_and_args import BOTH, ENV, plan, running, with_env


def after(found: Snapshot, made: Plan) -> Snapshot:
    edits = {op.target: op.change.edits for op in made.operations if isinstance(op.change, Patch)}
    return changed(found, edits)


def back(made: Plan, found: Snapshot) -> Rollback:
    return plan_rollback(made, found, {found.config_ref: found.config, **found.originals})


def went_back(way: Rollback, found: Snapshot) -> Manifest:
    """The runtime once the rollback has done what it says."""
    edits = [op.change.edits for op in way.to_do if isinstance(op.change, Patch)]
    return apply_edits([edit for each in edits for edit in each], found.originals[RUNTIME])


@pytest.mark.parametrize("release", ["0.9.0", "0.15.2", "0.20.0"])
def test_the_way_back(release: str) -> None:
    found = running(model("iris"), release=release)
    wanted = msgspec.structs.replace(BOTH, image=OTHER)
    applied = after(found, plan(found, wanted))
    assert applied.originals[RUNTIME] != SKLEARN
    way = back(plan(found, wanted), applied)
    assert went_back(way, applied) == SKLEARN
    assert way.forecast[0].outlook is Outlook.CHANGES
    holds = [c for wave in way.waves for c in wave.conditions if isinstance(c, Holds)]
    told = {(c.path.removeprefix(CONTAINER_PATH), c.value) for c in holds}
    assert told >= {("/env/name=PREDICT_PROBA/value", None), ("/args/1", None)}


def test_a_variable_that_somebody_added_stays() -> None:
    found = running(model("iris"))
    made = plan(found, BOTH)
    applied = after(found, made)
    theirs = {"name": "THEIRS", "value": "x"}
    edited = changed(applied, {RUNTIME: (Edit(f"{ENV}/name=THEIRS", None, theirs),)})
    way = back(made, edited)
    container = went_back(way, edited)["spec"]["containers"][0]
    assert container["env"] == [theirs]
    assert container["args"] == SKLEARN["spec"]["containers"][0]["args"]
    assert not way.findings


def test_a_variable_that_somebody_changed_stays_and_is_told() -> None:
    found = with_env(running(model("iris")), {"name": "B", "value": "b"})
    made = plan(found, BOTH)
    applied = after(found, made)
    path = f"{ENV}/name=PREDICT_PROBA/value"
    edited = changed(applied, {RUNTIME: (Edit(path, "True", "False"),)})
    way = back(made, edited)
    names = [item["name"] for item in went_back(way, edited)["spec"]["containers"][0]["env"]]
    assert names == ["B", "PREDICT_PROBA"]
    assert codes_of(way) == ["KM303"]


def codes_of(way: Rollback) -> list[str]:
    return [found.code for found in way.findings]


@pytest.mark.parametrize("how", [Activate.RESTART, Activate.EACH])
def test_a_way_back_that_was_stopped_after_its_write_waits_for_the_same(how: Activate) -> None:
    found = running(model("iris"))
    made = plan(found, BOTH, activate=how)
    whole, rest = back(made, after(found, made)), back(made, found)
    assert not rest.to_do
    assert [w.activations for w in rest.waves] == [w.activations for w in whole.waves]
    assert [w.conditions for w in rest.waves] == [w.conditions for w in whole.waves]
