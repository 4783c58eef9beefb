"""Who restarts, by what runs now; and what the nodes must hold meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.kserve.budgets import Budget
from migrate.kserve.resolver import resolve
from migrate.kserve.rollouts import Rollout
from migrate.kserve.running import Records, Running
from migrate.kserve.workloads import KnativeService
from migrate.objects import ObjectRef
from migrate.operations.model import Holds, RolledOut, Wake
from migrate.planning.model.desired import Activate
from migrate.planning.model.plan import Finding, Forecast, Outlook, Plan, Severity
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of
from tests.planning.runtimes import OTHER, STOCK, model, plan, world

SET = f"sklearn={OTHER}"
IRIS = ObjectRef("serving.knative.dev/v1", "Service", "iris-predictor", "team")


def written(found: Snapshot, **other: Any) -> Snapshot:
    """Every service runs what its last reconcile gave, but for the fields given."""
    assert found.rules is not None
    at = world_of(found, found.rules)
    workloads = {}
    for ref, service in at.services.items():
        pod = resolve(service, at.config).pod
        assert pod is not None
        live = at.workload(ref)
        meta = {"name": live.name, "namespace": live.namespace}
        spec = {"template": {"spec": {"containers": [{**pod.container, **other}]}}}
        workload = msgspec.convert({"metadata": meta, "spec": spec}, KnativeService)
        running = Records().running(workload)
        assert running is not None
        workloads[live] = running
    return replace(found, workloads=workloads)


def row(made: Plan) -> Forecast:
    [found] = made.forecast
    return found


def test_what_runs_is_held_against_what_comes() -> None:
    made = plan(written(world(model("iris"))), SET)
    assert (row(made).outlook, row(made).changes) == (Outlook.CHANGES, ("image",))
    assert row(plan(written(world(model("iris"))))).outlook is Outlook.UNCHANGED


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"args": ["--model_name=other"]}, "args"),
        ({"env": [{"name": "A", "value": "1"}]}, "env"),
        ({"command": ["serve"]}, "command"),
        ({"resources": {"limits": {"memory": "1Gi"}}}, "limits"),
    ],
)
def test_a_template_of_former_times_changes_anyway(other: Any, field: str) -> None:
    made = plan(written(world(model("iris")), **other))
    assert (row(made).outlook, row(made).changes) == (Outlook.CHANGES_ANYWAY, (field,))
    assert [f.code for f in made.findings if f"({field})" in f.text] == ["KM202"]


def test_who_runs_already_what_is_wanted_does_not_restart_but_is_woken() -> None:
    made = plan(written(world(model("iris")), image=OTHER), SET, activate=Activate.EACH)
    assert (row(made).outlook, row(made).changes) == (Outlook.RUNS_ALREADY, ())
    assert row(made).rollout is None
    assert [type(a) for stage in made.apply for a in stage.activations] == [Wake]


def rolling(**rollout: Any) -> Snapshot:
    told = Rollout(**{"pods": 1, "surge": 1, **rollout})
    return replace(world(model("iris")), workloads={IRIS: Running(STOCK, rollout=told)})


def of(made: Plan, code: str) -> Finding:
    [found] = [f for f in made.findings if f.code == code]
    return found


def test_ready_workloads_are_awaited_until_they_are_again() -> None:
    for ready, kinds in ((True, [RolledOut, Holds, RolledOut]), (False, [RolledOut, Holds])):
        [stage] = plan(rolling(ready=ready), SET).apply
        assert [type(c) for c in stage.conditions] == kinds
    owned = plan(rolling(ready=True), SET).apply[0].conditions[-1]
    assert owned == RolledOut(IRIS, row(plan(rolling(), SET)).service)
    rolled_back = plan(rolling(ready=True), SET).rollback[0].conditions
    assert [c.target.name for c in rolled_back] == ["kserve-controller-manager"]


def test_the_room_that_a_rollout_needs_is_told() -> None:
    memory = plan(rolling(pods=8, surge=2, per_pod={"memory": 3 * 2**30}), SET)
    found = of(memory, "KM220")
    assert (found.severity, found.objects) == (Severity.INFO, ())
    assert found.text == (
        "up to 2 more pods during the restart of 1 service, requesting 6.0 GiB of memory"
    )
    assert not found.fix
    devices = of(plan(rolling(surge=3, per_pod={"nvidia.com/gpu": 2}), SET), "KM220")
    assert (devices.severity, len(devices.objects)) == (Severity.WARNING, 1)
    assert "6 nvidia.com/gpu" in devices.text
    assert "--activate=each" in devices.fix
    waves = plan(rolling(surge=1, per_pod={"nvidia.com/gpu": 2}), SET, activate=Activate.EACH)
    assert "--activate" not in of(waves, "KM220").fix
    assert "1 more pod during" in of(waves, "KM220").text
    unmoved = plan(rolling(), f"runtime/kserve-mlserver={OTHER}")
    assert not [f for f in unmoved.findings if f.code == "KM220"]


def many(release: str, *, ready: int) -> Snapshot:
    """Twenty-five services, the last two with two GPUs; so many of them are ready."""
    names = [f"m{number:02}" for number in range(25)]
    workloads = {
        ObjectRef("serving.knative.dev/v1", "Service", f"{name}-predictor", "team"): Running(
            STOCK,
            rollout=Rollout(
                1,
                1,
                per_pod={"memory": 2**30} | ({"nvidia.com/gpu": 2} if number > 22 else {}),
                ready=number < ready,
            ),
        )
        for number, name in enumerate(names)
    }
    return replace(world(*map(model, names), release=release), workloads=workloads)


@pytest.mark.parametrize(
    ("release", "how", "ready", "pods", "gib"),
    [
        ("0.15.2", Activate.RESTART, 25, 25, "25.0"),
        ("0.15.2", Activate.EACH, 25, 10, "10.0"),
        ("0.15.2", Activate.EACH, 5, 20, "20.0"),  # who was not ready may go on
        ("0.15.2", Activate.EACH, 0, 25, "25.0"),
        ("0.16.0", Activate.EACH, 25, 25, "25.0"),  # the edit has them restart at once
        ("0.20.0", Activate.EACH, 25, 25, "25.0"),
    ],
)
def test_waves_need_less_room(release: str, how: Activate, ready: int, pods: int, gib: str) -> None:
    found = of(plan(many(release, ready=ready), SET, activate=how), "KM220")
    assert f"up to {pods} more pods during the restart of 25 services" in found.text
    assert f"4 nvidia.com/gpu and {gib} GiB of memory" in found.text
    is_in_waves = (release, how) == ("0.15.2", Activate.EACH)
    assert ("woken 10 at a time" in found.text) is is_in_waves
    assert ("--activate=each" in found.fix) is (how is Activate.RESTART)


def test_who_sleeps_gets_a_pod_and_who_has_no_surge_goes_silent() -> None:
    asleep = of(plan(rolling(sleeps=True), SET), "KM221")
    assert [ref.name for ref in asleep.objects] == ["iris"]
    empty = plan(rolling(pods=0, surge=0, sleeps=True), SET)
    assert not [f for f in empty.findings if f.code in ("KM220", "KM221", "KM222")]
    silent = of(plan(rolling(pods=2, surge=0, unavailable=2), SET), "KM222")
    assert [ref.name for ref in silent.objects] == ["iris"]
    assert not [f for f in plan(rolling(pods=2, unavailable=1), SET).findings if f.code == "KM222"]


def budget(allowed: int) -> Budget:
    meta = {"name": "guard", "namespace": "team"}
    status = {"disruptionsAllowed": allowed}
    return msgspec.convert({"metadata": meta, "status": status}, Budget)


@pytest.mark.parametrize(("allowed", "is_broken"), [(0, True), (1, False)])
def test_a_budget_that_the_rollout_breaks_is_named(allowed: int, is_broken: bool) -> None:
    guard, told = budget(allowed), Rollout(4, 1, 1)
    running = Running(STOCK, rollout=told, budgets=(guard.ref,))
    found = replace(world(model("iris")), workloads={IRIS: running}, budgets=(guard,))
    named = [f for f in plan(found, SET).findings if f.code == "KM223"]
    assert [f.text.startswith(f"{guard.ref} allows 0") for f in named] == [True] * is_broken


def test_budgets_that_may_not_be_listed_are_no_secret() -> None:
    assert "may not be listed" in of(plan(replace(rolling(), budgets=None), SET), "KM223").text
