"""Waking again: a controller may see an edited runtime later than the wake."""

from __future__ import annotations

from migrate.cluster.memory import MemoryCluster
from migrate.execute.wake import AGAIN, wake, waking_again
from migrate.objects import ObjectRef
from migrate.operations.model import Activation, Restart, Wake
from tests.execute.clock import FakeClock

SERVICE = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "iris", "team")
CONTROLLER = ObjectRef("apps/v1", "Deployment", "controller", "kserve")


def test_services_are_woken_again_after_a_while_and_nothing_is_restarted_again() -> None:
    clock, said = FakeClock(), list[str]()

    def act(activation: Activation) -> None:
        said.append(activation.target.name)

    activations = (Restart(CONTROLLER), Wake(SERVICE))
    again = waking_again(activations, clock, lambda: said.append("guard"), act)
    again()
    assert said == ["guard"]
    clock.sleep(AGAIN)
    again()
    assert said == ["guard", "guard", "iris"]
    clock.sleep(AGAIN / 2)
    again()
    assert said == ["guard", "guard", "iris", "guard"]


def test_a_service_that_has_gone_has_nothing_to_wake_up_to() -> None:
    wake(MemoryCluster([]), SERVICE)
