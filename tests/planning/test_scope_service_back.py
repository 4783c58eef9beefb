"""Pins taken back: in which order, and what others did meanwhile."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from migrate.errors import BlockedError
from migrate.kserve.runtimes import Runtimes
from migrate.objects import ObjectRef
from migrate.operations.model import Direction, Holds
from migrate.planning.back.rollback import Rollback
from migrate.planning.change.pinwrites import pinned
from migrate.planning.change.proof import prove_services
from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Desired, EnvVar, Options, Selection
from migrate.planning.model.plan import Outlook, Plan
from migrate.planning.model.strategy import Scope, Strategy
from migrate.planning.world.snapshot import Snapshot
from tests.planning.copies import (
    OVER,
    SKLEARN,
    isvc,
    reconciled,
)
from tests.planning.pinned import (
    back_of,
    pinning_plan,
    pods_of,
    settled,
    spec_of,
    written,
)

RELEASES = ("0.8.0", "0.9.0", "0.11.2", "0.15.2", "0.16.0", "0.17.1", "0.20.0")
NEW, NEWER = (f"registry.example.com/ml/sklearnserver:{tag}" for tag in ("next", "later"))
SET, SET_NEWER = f"runtime/{SKLEARN}={NEW}", f"runtime/{SKLEARN}={NEWER}"
PROTOCOLS: tuple[dict[str, Any], ...] = (
    {},
    *({"protocolVersion": protocol} for protocol in ("v1", "v2", "grpc-v2")),
)


@pytest.mark.parametrize("release", RELEASES)
def test_two_runs_live_side_by_side_and_one_may_move_the_others_services_on(release: str) -> None:
    some, all_of = Selection(exclude=("team/b",)), Selection()
    found = settled(release, isvc("a", protocolVersion="v1"), isvc("b", protocolVersion="v1"))
    first = pinning_plan(found, SET, selection=some)
    once = reconciled(written(found, first.operations))
    beside = pinning_plan(once, SET_NEWER, selection=Selection(exclude=("team/a",)))
    assert [op.target.name for op in beside.operations[1:]] == ["b"]
    assert not pinning_plan(once, SET, selection=some).has_work
    second = pinning_plan(once, SET_NEWER, selection=all_of)
    [pin_a] = [op for op in second.operations if op.target.name == "a"]
    assert pin_a.change.edits[0].before == first.operations[0].target.name  # type: ignore[union-attr]
    twice = reconciled(written(once, second.operations))
    assert {one.name for one in twice.runtimes.of("team").values()} == {
        first.operations[0].target.name,
        second.operations[0].target.name,
    }
    back = reconciled(written(twice, back_of(twice, second).to_do))
    assert spec_of(back) == spec_of(once)
    assert spec_of(written(back, back_of(back, first).to_do)) == spec_of(found)


def copy_in(made: Plan) -> ObjectRef:
    return made.operations[0].target


def test_what_others_did_to_pins_and_copies_meanwhile_is_kept_and_told() -> None:
    found = settled("0.20.0", isvc("a"), isvc("b"), isvc("c"))
    made = pinning_plan(found, SET, selection=Selection(exclude=("team/c",)))
    after = written(found, made.operations)
    refs = {ref.name: ref for ref in after.services}
    theirs = [
        pinned(after.services[refs["a"]], "their-own"),
        pinned(after.services[refs["c"]], copy_in(made).name),
    ]
    meddled = replace(after, services=after.services.changed(theirs))
    back = back_of(meddled, made)
    assert [op.target.name for op in back.to_do] == ["b"]
    told = {(one.code, one.objects[0].name) for one in back.findings if one.code == "KM303"}
    assert told == {("KM303", "a"), ("KM303", "c")}
    assert next(r for r in back.forecast if r.service.name == "a").outlook is Outlook.BROKEN
    assert "stays" in next(one.text for one in back.findings if one.objects[0].name == "c")
    assert copy_in(made) not in {op.target for wave in back.waves for op in wave.operations}
    whole = copy.deepcopy(after.originals[copy_in(made)])
    whole["spec"]["containers"][0]["image"] = NEWER
    edited = back_of(replace(after, originals={**after.originals, copy_in(made): whole}), made)
    assert sorted(op.target.name for op in edited.to_do) == ["a", "b"]
    assert [one.objects for one in edited.findings if one.code == "KM303"] == [(copy_in(made),)]


def test_a_rollback_awaits_the_former_runtime_and_takes_the_copies_last() -> None:
    found = settled("0.20.0", isvc("a"), isvc("b"))
    made = pinning_plan(found, SET, max_unavailable=1)
    back = back_of(written(found, made.operations), made)
    shown = [[op.target.kind for op in wave.operations] for wave in back.waves]
    assert shown == [["InferenceService"], ["InferenceService"], ["ServingRuntime"]]
    assert {row.after_plan for row in back.forecast} == {OVER}
    paths = {one.path: one.value for one in back.waves[0].conditions if isinstance(one, Holds)}
    assert paths["/status/clusterServingRuntimeName"] == SKLEARN
    assert paths["/status/servingRuntimeName"] is None


@pytest.mark.parametrize("release", ["0.9.0", "0.15.2", "0.20.0"])
def test_at_every_moment_each_gets_what_it_had_or_what_is_planned(release: str) -> None:
    services = [isvc(f"m{at}", **asked) for at, asked in enumerate(PROTOCOLS[:3])]
    found = settled(release, *services, isvc("named", runtime=SKLEARN, protocolVersion="v1"))
    made = pinning_plan(found, SET, max_unavailable=1)
    before, after = pods_of(found), pods_of(written(found, made.operations))
    assert before != after
    steps = [made.operations[at] for stage in made.apply for at in stage.operations]
    for number in range(len(steps) + 1):
        done = {op.target for op in steps[:number]}
        got = pods_of(written(found, steps[:number]))
        assert got == {ref: (after if ref in done else before)[ref] for ref in before}, number
    there = reconciled(written(found, steps))
    back = [op for wave in back_of(there, made).waves for op in wave.operations]
    for number in range(len(back)):
        done = {op.target for op in back[:number]}
        got = pods_of(written(there, back[:number]))
        assert got == {ref: (before if ref in done else after)[ref] for ref in before}, number


def test_who_lagged_behind_goes_back_to_what_is_set_and_is_told() -> None:
    """Its runtime was edited before the run, and it had not been reconciled since."""
    old = settled("0.15.2", isvc("iris"), images={})
    edited = settled("0.15.2", isvc("iris"))
    found = replace(edited, workloads=old.workloads)
    made = pinning_plan(found, SET)
    assert made.forecast[0].now != made.forecast[0].after_rollback == OVER
    back = back_of(reconciled(written(found, made.operations)), made)
    assert [row.after_plan for row in back.forecast] == [OVER]
    assert codes_of(back) == {"KM302"}
    reset = settled("0.15.2", isvc("iris"), images={SKLEARN: NEWER})
    reset = replace(edited, runtimes=reset.runtimes, originals=reset.originals)
    with pytest.raises(BlockedError, match="changed since the run"):
        back_of(reconciled(written(reset, made.operations)), made)


def test_a_copy_of_an_earlier_run_goes_on_to_count_for_a_later_one() -> None:
    """The later run names what is there already; where to go back to has changed since."""
    found = settled("0.15.2", isvc("a"), isvc("b"))
    once = pinning_plan(found, SET, selection=Selection(exclude=("team/b",)))
    there = reconciled(written(found, once.operations))
    later = pinning_plan(there, SET, selection=Selection(exclude=("team/a",)))
    assert [op.target.name for op in later.operations] == ["b"]
    both = reconciled(written(there, later.operations))
    other = settled("0.15.2", isvc("a"), images={SKLEARN: NEWER})
    mine = [one for one in both.runtimes.everywhere if one.metadata.namespace]
    reset = replace(both, runtimes=Runtimes([*other.runtimes.everywhere, *mine]))
    with pytest.raises(BlockedError, match="changed since the run"):
        back_of(reset, later)


def test_who_lags_behind_is_restarted_by_its_pin_and_proven() -> None:
    old = settled("0.15.2", isvc("iris"), images={})
    found = replace(settled("0.15.2", isvc("iris")), workloads=old.workloads)
    made = pinning_plan(found)
    [row] = made.forecast
    assert (row.outlook, row.restarts) == (Outlook.CHANGES_ANYWAY, True)
    assert row.workload is not None
    assert row.after_plan is not None
    seen = {row.workload: row.after_plan}
    [proven] = prove_services(made, [row], Direction.APPLY, seen)
    assert (proven.holds, proven.changed) == (True, True)
    moving = pinning_plan(settled("0.15.2", isvc("iris")), SET)
    [row] = moving.forecast
    assert row.workload is not None
    [proven] = prove_services(moving, [row], Direction.APPLY, {row.workload: NEW})
    assert (proven.holds, proven.changed) == (True, True)


def codes_of(back: Rollback) -> set[str]:
    return {one.code for one in back.findings}


def threads(found: Snapshot, number: str) -> Plan:
    """The plan that pins all to copies with a variable."""
    wanted = Desired(runtime=SKLEARN, env=(EnvVar("THREADS", number),))
    return make_plan(found, Options((wanted,), strategy=Strategy.TO_RUNTIMES, scope=Scope.SERVICE))


def test_a_run_that_sets_a_variable_goes_back_to_the_copy_of_an_earlier_one() -> None:
    found = settled("0.15.2", isvc("a"))
    first = threads(found, "1")
    once = reconciled(written(found, first.operations))
    second = threads(once, "2")
    twice = reconciled(written(once, second.operations))
    back = reconciled(written(twice, back_of(twice, second).to_do))
    assert spec_of(back) == spec_of(once)
