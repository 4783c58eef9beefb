"""What makes an edited ClusterServingRuntime act, and the way back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrate.errors import UsageError
from migrate.kserve.running import Running
from migrate.objects import Manifest, ObjectRef, value_at
from migrate.operations.model import Direction, Edit, Holds, Patch, Restart, Wake
from migrate.operations.patching import apply_edits
from migrate.planning.back.rollback import plan_rollback
from migrate.planning.model.desired import Activate
from migrate.planning.model.plan import Outlook, Plan
from migrate.planning.world.activation import WAVE
from migrate.planning.world.changed import changed
from migrate.planning.world.snapshot import Snapshot
from tests.planning.runtimes import (
    IMAGE,
    OTHER,
    RUNTIME,
    STOCK,
    model,
    plan,
    world,
)


def running(found: Snapshot, *names: str) -> Snapshot:
    return replace(found, workloads={_workload(name): Running(STOCK) for name in names})


def _workload(name: str) -> ObjectRef:
    return ObjectRef("serving.knative.dev/v1", "Service", f"{name}-predictor", "team")


def kinds(made: Plan) -> list[tuple[list[int], list[str], int]]:
    return [
        (list(s.operations), [type(a).__name__ for a in s.activations], len(s.conditions))
        for s in made.apply
    ]


def test_a_restart_reaches_everybody() -> None:
    made = plan(running(world(model("iris")), "iris"), f"sklearn={OTHER}")
    assert kinds(made) == [([0], ["Restart"], 2)]


@pytest.mark.parametrize("how", [None, Activate.RESTART, Activate.NONE])
def test_a_pause_without_waves_is_refused(how: Activate | None) -> None:
    found = running(world(model("iris")), "iris")
    with pytest.raises(UsageError, match="there are no waves"):
        plan(found, f"sklearn={OTHER}", activate=how, pause=30.0)


def test_each_wakes_who_moves_wave_by_wave() -> None:
    names = [f"m{number:02}" for number in range(WAVE + 1)]
    found = running(
        world(*map(model, names), model("other", "xgboost", protocolVersion="v2")), *names
    )
    made = plan(found, f"sklearn={OTHER}", activate=Activate.EACH)
    assert kinds(made) == [([0], [], 0), ([], ["Wake"] * WAVE, WAVE), ([], ["Wake"], 1)]
    woken = [a.target.name for s in made.apply for a in s.activations if isinstance(a, Wake)]
    assert woken == names
    assert all(isinstance(c, Holds) and c.value == OTHER for c in made.apply[1].conditions)


def test_none_only_writes() -> None:
    made = plan(world(model("iris")), f"sklearn={OTHER}", activate=Activate.NONE)
    assert kinds(made) == [([0], [], 0)]


@pytest.mark.parametrize("release", ["0.16.0", "0.17.0", "0.20.0"])
def test_from_0_16_on_an_edit_acts_by_itself(release: str) -> None:
    found = world(model("iris"), release=release)
    assert kinds(plan(found, f"sklearn={OTHER}"))[1:] == [([], ["Wake"], 0)]
    with pytest.raises(UsageError, match="cannot be held back"):
        plan(found, f"sklearn={OTHER}", activate=Activate.NONE)
    asked = plan(found, f"sklearn={OTHER}", activate=Activate.RESTART)
    assert isinstance(asked.apply[0].activations[0], Restart)


def applied(found: Snapshot, made: Plan) -> Snapshot:
    edits = {op.target: op.change.edits for op in made.operations if isinstance(op.change, Patch)}
    return changed(found, edits)


def live(found: Snapshot) -> dict[ObjectRef, Manifest | None]:
    return {found.config_ref: found.config, **found.originals}


def test_the_way_back() -> None:
    found = world(model("iris"))
    made = plan(found, f"sklearn={OTHER}")
    after = applied(found, made)
    assert value_at(after.originals[RUNTIME], IMAGE) == OTHER
    back = plan_rollback(made, after, live(after))
    [row] = back.forecast
    assert (row.outlook, row.after_reconcile, row.after_plan) == (Outlook.CHANGES, OTHER, STOCK)
    assert [op.change for op in back.to_do] == [Patch((Edit(IMAGE, OTHER, STOCK),))]
    assert [type(a) for w in back.waves for a in w.activations] == [Restart]


def test_the_way_back_wakes_whom_it_moves() -> None:
    found = world(model("iris"))
    made = plan(found, f"sklearn={OTHER}", activate=Activate.EACH)
    after = applied(replace(found, services=found.services.changed([model("late")])), made)
    back = plan_rollback(made, after, live(after))
    assert [a.target.name for w in back.waves for a in w.activations] == ["iris", "late"]
    assert {f.code for f in back.findings} == {"KM301"}


def test_a_way_back_that_was_stopped_wakes_the_same_services() -> None:
    """Also one that came since, and has been given the image that goes away again."""
    found = world(model("iris"))
    made = plan(found, f"sklearn={OTHER}", activate=Activate.EACH)
    later = replace(found, services=found.services.changed([model("late")]))
    runs = {_workload(name): Running(OTHER) for name in ("iris", "late")}
    stopped = replace(later, workloads=runs)
    back = plan_rollback(made, stopped, live(stopped))
    assert not back.to_do
    assert [a.target.name for w in back.waves for a in w.activations] == ["iris", "late"]
    assert [row.service.name for row in back.forecast if row.restarts] == ["iris", "late"]


def test_the_way_back_wakes_who_came_where_nobody_was_woken() -> None:
    made = plan(world(), f"sklearn={OTHER}", activate=Activate.EACH)
    after = applied(world(model("late")), made)
    back = plan_rollback(made, after, live(after))
    assert [a.target.name for w in back.waves for a in w.activations] == ["late"]


def test_a_foreign_edit_of_the_runtime_is_kept() -> None:
    found = world(model("iris"))
    made = plan(found, f"sklearn={OTHER}")
    after = applied(found, made)
    foreign = apply_edits([Edit(IMAGE, OTHER, "somebody:1")], after.originals[RUNTIME])
    after = replace(after, originals={**after.originals, RUNTIME: foreign})
    back = plan_rollback(made, after, live(after))
    assert not back.to_do
    assert [f.text for f in back.findings if f.code == "KM303"] == [f'{IMAGE} stays "somebody:1"']
    assert [w.operations for w in back.waves] == [
        w.operations for w in made.waves(Direction.ROLLBACK)
    ]
