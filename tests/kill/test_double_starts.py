"""Two at once, many times: one writes."""

from __future__ import annotations

from collections.abc import Callable

from tests.real.test_safety import of_two_one_writes
from tests.real.world import make_world
from tests.testbed.kserve import KServe


def test_of_two_at_once_one_writes(start_kserve: Callable[[str], KServe]) -> None:
    of_two_one_writes(make_world(start_kserve("0.7.0")), attempts=20)
