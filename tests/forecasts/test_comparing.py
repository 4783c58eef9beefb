"""The comparison itself: it must tell each way in which a forecast can be wrong."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from migrate.objects import ObjectRef
from migrate.operations.model import Direction, Restart, Wake
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Forecast, Outlook, Plan, Stage
from tests.forecasts.comparing import Seen, compare
from tests.forecasts.seen import Sight

OLD, NEW, OTHER = "r/server:old", "r/server:new", "r/server:other"
RUNTIME = ObjectRef("serving.kserve.io/v1alpha1", "ClusterServingRuntime", "kserve-sklearnserver")
CONTROLLER = ObjectRef("apps/v1", "Deployment", "kserve-controller-manager", "kserve")
RESTART = (Restart(CONTROLLER),)


def service(name: str) -> ObjectRef:
    return ObjectRef("serving.kserve.io/v1beta1", "InferenceService", name, "a")


def row(name: str, outlook: Outlook, after: str = OLD) -> Forecast:
    """A service that runs OLD; a reconcile without the plan gives OTHER where it differs."""
    reconciled = OTHER if outlook is Outlook.CHANGES_ANYWAY else OLD
    return Forecast(
        service=service(name),
        form="model",
        outlook=outlook,
        reason="",
        now=OLD,
        after_reconcile=reconciled,
        after_plan=after,
        after_rollback=reconciled,
        workload=ObjectRef("apps/v1", "Deployment", f"{name}-predictor", "a"),
        runtime=RUNTIME,
        runtime_after_plan=RUNTIME,
    )


ROWS = (
    row("changes", Outlook.CHANGES, NEW),
    row("anyway", Outlook.CHANGES_ANYWAY, OTHER),
    row("unchanged", Outlook.UNCHANGED),
    msgspec.structs.replace(row("still", Outlook.RUNS_ALREADY), after_rollback=OTHER),
)


def plan(activations: tuple[Restart | Wake, ...] = RESTART, *restarting: str) -> Plan:
    """A plan by which these restart; by default those that the restart moves."""
    names = restarting or ("changes", "anyway")
    rows = (msgspec.structs.replace(r, restarts=r.service.name in names) for r in ROWS)
    return Plan(
        cluster_uid="",
        kserve_namespace="kserve",
        release="0.20.0",
        options=Options(),
        apply=(Stage((), activations),),
        rollback=(Stage((), activations),),
        forecast=tuple(rows),
    )


def sight(name: str, image: str, revision: int) -> Sight:
    at = ("Deployment", f"{name}-predictor")
    return Sight({at: image}, {at: str(revision)}, {"clusterServingRuntimeName": RUNTIME.name})


def seen(**images: tuple[str, int]) -> Seen:
    return {f"a/{name}": sight(name, *found) for name, found in images.items()}


BEFORE = seen(changes=(OLD, 1), anyway=(OLD, 1), unchanged=(OLD, 1), still=(OLD, 1))
AFTER = seen(changes=(NEW, 2), anyway=(OTHER, 2), unchanged=(OLD, 1), still=(OLD, 1))
BACK = seen(changes=(OLD, 3), anyway=(OTHER, 2), unchanged=(OLD, 1), still=(OTHER, 2))


def told(
    made: Plan,
    before: Seen,
    after: Seen,
    direction: Direction = Direction.APPLY,
) -> list[tuple[str, str]]:
    return [(m.service, m.field) for m in compare(made, direction, before, after)]


def test_what_was_promised_is_no_mismatch() -> None:
    assert told(plan(), BEFORE, AFTER) == []
    assert told(plan(), AFTER, BACK, Direction.ROLLBACK) == []


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"changes": (OLD, 1)}, [("a/changes", "moves"), ("a/changes", "image")]),
        ({"changes": (OTHER, 2)}, [("a/changes", "image")]),
        ({"unchanged": (OLD, 2)}, [("a/unchanged", "moves")]),
        ({"unchanged": (NEW, 2)}, [("a/unchanged", "moves"), ("a/unchanged", "image")]),
        ({"anyway": (OLD, 1)}, [("a/anyway", "moves"), ("a/anyway", "image")]),
        ({"new": (OLD, 1)}, [("a/new", "is not in the forecast")]),
    ],
    ids=["stays", "other image", "moves", "moves elsewhere", "stays though restarted", "untold"],
)
def test_each_difference_is_told(
    found: dict[str, tuple[str, int]], expected: list[tuple[str, str]]
) -> None:
    assert told(plan(), BEFORE, {**AFTER, **seen(**found)}) == expected


def test_those_that_differ_anyway_move_where_the_plan_says_so_and_only_there() -> None:
    wake = (Wake(service("changes")),)
    stays = {**AFTER, **seen(anyway=(OLD, 1))}
    assert told(plan(wake, "changes"), BEFORE, stays) == []
    found = told(plan(wake, "changes"), BEFORE, AFTER)
    assert found == [("a/anyway", "moves"), ("a/anyway", "image")]
    assert told(plan(wake, "changes", "anyway"), BEFORE, AFTER) == []


def test_who_does_not_come_back_is_told() -> None:
    assert told(plan(), AFTER, AFTER, Direction.ROLLBACK) == [
        ("a/changes", "moves"),
        ("a/changes", "image"),
        ("a/still", "moves"),
        ("a/still", "image"),
    ]
    again = {**BACK, **seen(anyway=(OTHER, 3))}
    assert told(plan(), AFTER, again, Direction.ROLLBACK) == [("a/anyway", "moves")]


def test_another_runtime_in_the_status_is_told() -> None:
    other = {"servingRuntimeName": "mine"}
    after = {**AFTER, "a/unchanged": replace(AFTER["a/unchanged"], runtimes=other)}
    assert told(plan(), BEFORE, after) == [("a/unchanged", "runtime in the status")]


@pytest.mark.parametrize("outlook", [Outlook.CANNOT_TELL, Outlook.BROKEN])
def test_where_nothing_is_told_nothing_is_compared(outlook: Outlook) -> None:
    made = msgspec.structs.replace(plan(), forecast=(row("changes", outlook),))
    assert told(made, seen(changes=(OLD, 1)), seen(changes=(NEW, 2))) == []
