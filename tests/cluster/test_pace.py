"""Requests in a second: evenly, in turn, and none too many."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from threading import Thread

import pytest

from migrate.cluster.kube import connect
from migrate.cluster.pace import Pace
from migrate.objects import ObjectRef
from tests.cluster.scripted import scripted
from tests.execute.clock import FakeClock

NAMESPACE = ObjectRef("v1", "Namespace", "n")
HERE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}


def test_requests_are_spread_evenly() -> None:
    clock, passed = FakeClock(), []
    pace = Pace(4, clock.monotonic, clock.sleep)
    for _ in range(3):
        pace.wait()
        passed.append(clock.seconds)
    clock.seconds = 10.0
    for _ in range(2):
        pace.wait()
        passed.append(clock.seconds)
    assert passed == [0, 0.25, 0.5, 10, 10.25]


def test_without_a_limit_nobody_waits() -> None:
    clock = FakeClock()
    for _ in range(9):
        Pace(0, clock.monotonic, clock.sleep).wait()
    assert clock.seconds == 0


def test_several_threads_share_the_turns() -> None:
    pauses = list[float]()
    pace = Pace(10, lambda: 0.0, pauses.append)
    threads = [Thread(target=pace.wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(pauses) == pytest.approx([0.1, 0.2, 0.3])


def test_each_request_on_the_wire_waits_for_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    slow = partial(Pace, monotonic=clock.monotonic, sleep=clock.sleep)
    monkeypatch.setattr("migrate.cluster.kube.Pace", slow)
    answers = [(200, HERE), (401, {}), (200, HERE)]
    with scripted(*answers) as server:
        cluster = connect(server.kubeconfig(tmp_path, token="t"), qps=2)
        cluster.get(NAMESPACE)
        cluster.get(NAMESPACE)  # refused once, so two requests
        cluster.close()
    assert clock.seconds == 1.0


def test_a_second_process_would_count_its_requests_on_its_own(tmp_path: Path) -> None:
    with scripted() as server:
        config = str(server.kubeconfig(tmp_path))
        assert connect(config).apart() is not None
        assert connect(config, qps=5).apart() is None
