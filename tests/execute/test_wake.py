"""Waking again: a controller may see an edited runtime later than the wake."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.cluster.memory import MemoryCluster
from migrate.execute.wake import AGAIN, wake, waking_again
from migrate.objects import ObjectRef
from migrate.operations.model import Activation, Restart, RolledOut, Wake
from tests.execute.clock import FakeClock

SERVICE = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "iris", "team")
CONTROLLER = ObjectRef("apps/v1", "Deployment", "controller", "kserve")
AWAKE = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "awake", "team")
WORKLOAD = ObjectRef("apps/v1", "Deployment", "iris-predictor", "team")


def test_who_is_missing_is_woken_again_after_a_while_and_nothing_is_restarted() -> None:
    clock, said = FakeClock(), list[str]()

    def act(wakes: Sequence[Activation]) -> None:
        said.extend(wake.target.name for wake in wakes)

    activations = (Restart(CONTROLLER), Wake(SERVICE), Wake(AWAKE))
    missing = [RolledOut(WORKLOAD, SERVICE), RolledOut(CONTROLLER)]
    again = waking_again(activations, clock, lambda: said.append("guard"), act)
    again(missing)
    assert said == ["guard"]
    clock.sleep(AGAIN)
    again(missing)
    assert said == ["guard", "guard", "iris"]
    clock.sleep(AGAIN / 2)
    again(missing)
    assert said == ["guard", "guard", "iris", "guard"]


def test_a_service_that_has_gone_has_nothing_to_wake_up_to() -> None:
    wake(MemoryCluster([]), SERVICE)
