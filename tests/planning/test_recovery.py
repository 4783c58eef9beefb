"""Rollbacks of failed runs wait for the pods that were ready before the run."""

from __future__ import annotations

import msgspec
import pytest

from migrate.kserve.rollouts import Rollout
from migrate.objects import ObjectRef
from migrate.operations.model import Condition, Holds, RolledOut, Wave
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Forecast, Outlook, Plan, Stage
from migrate.planning.model.recovery import recovering

A, B = (ObjectRef("apps/v1", "Deployment", name, "team") for name in "ab")
OF_A, OF_B = (ObjectRef("serving.kserve.io/v1beta1", "InferenceService", n, "team") for n in "ab")
CONTROLLER = ObjectRef("apps/v1", "Deployment", "kserve-controller-manager", "kserve")
READY_A, READY_B = RolledOut(A, OF_A), RolledOut(B, OF_B)
IMAGE_A, ENV_A = Holds(A, "/image", "old", OF_A), Holds(A, "/env/name=X", "old", OF_A)
IMAGE_B = Holds(B, "/image", "old", OF_B)
RUN = Plan(
    cluster_uid="",
    kserve_namespace="kserve",
    release="0.15.2",
    options=Options(),
    apply=(Stage(conditions=(RolledOut(CONTROLLER), READY_A)),),
)


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        ((IMAGE_A,), (IMAGE_A, READY_A)),
        ((IMAGE_A, ENV_A, IMAGE_B), (IMAGE_A, ENV_A, READY_A, IMAGE_B)),
        ((IMAGE_A, READY_A), (IMAGE_A, READY_A)),
        ((IMAGE_B, READY_B), (IMAGE_B, READY_B)),
        ((), ()),
    ],
    ids=["ready before", "after all fields", "awaited anyway", "not of the run", "not moved"],
)
def test_who_was_ready_before_the_run_is_awaited(
    planned: tuple[Condition, ...], expected: tuple[Condition, ...]
) -> None:
    [wave] = recovering(RUN, [Wave(conditions=planned)])
    assert wave.conditions == expected


def row(*, was_ready: bool) -> Forecast:
    rollout = Rollout(1, 1, ready=was_ready)
    return Forecast(OF_A, "model", Outlook.CHANGES, "", workload=A, rollout=rollout)


@pytest.mark.parametrize("was_ready", [True, False])
def test_who_was_not_ready_before_the_run_is_not_awaited(was_ready: bool) -> None:
    """With --max-unavailable the run awaits every rollout, a broken one's, too."""
    run = msgspec.structs.replace(RUN, forecast=(row(was_ready=was_ready),))
    [wave] = recovering(run, [Wave(conditions=(IMAGE_A,))])
    assert wave.conditions == ((IMAGE_A, READY_A) if was_ready else (IMAGE_A,))


def test_nobody_is_left_waiting_between_the_waves() -> None:
    waves = recovering(RUN, [Wave(pause=30.0), Wave(conditions=(IMAGE_A,), pause=30.0)])
    assert [wave.pause for wave in waves] == [0.0, 0.0]
