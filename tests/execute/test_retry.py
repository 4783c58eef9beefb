"""Trying again: how long is waited before the next try."""

from __future__ import annotations

import pytest

from migrate.errors import UnreachableError
from migrate.execute.events import Event, Retrying
from migrate.execute.retry import FIRST_PAUSE, insist
from migrate.objects import ObjectRef
from tests.execute.clock import FakeClock

TARGET = ObjectRef("v1", "ConfigMap", "c", "team")


@pytest.mark.parametrize(("asked", "waited"), [(0.0, FIRST_PAUSE), (3.0, 3.0), (120.0, 20.0)])
def test_a_server_that_asks_for_a_pause_gets_it_as_far_as_the_lease_lets(
    asked: float, waited: float
) -> None:
    clock, told = FakeClock(), list[Event]()
    error = UnreachableError("too many requests")
    error.retry_after = asked
    errors = [error]

    def action() -> str:
        if errors:
            raise errors.pop()
        return "done"

    assert insist(action, TARGET, clock, told.append, timeout=60, longest_pause=20) == "done"
    assert clock.seconds == waited
    assert told == [Retrying(TARGET, "too many requests")]
