"""Whatever ends one of the two processes that read: neither is left, and nothing is told twice."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from tests.commands import faulty
from tests.commands.crowded import ENDLESS, FEW, ROOT, command, planned
from tests.commands.faulty import Faulty, Handler, Spoil, status
from tests.commands.test_broken_lists import objects
from tests.testbed.waiting import wait_until

SERVICES, KNATIVE = "inferenceservices", "services"
SECOND = "2"
SECONDS = 20
FORBIDDEN = status(403, "Forbidden", 'User "eve" cannot list resource "services"')


@pytest.fixture
def server() -> Iterator[Faulty]:
    with faulty.faulty(objects()) as started:
        yield started


def sound(handler: Handler, body: bytes) -> None:
    handler.send(200, body)


class Held:
    """A fault that holds an answer back, until the test has done what it wants meanwhile."""

    def __init__(self, then: Spoil = sound) -> None:
        self.is_asked, self.goes_on, self.then = Event(), Event(), then

    def __call__(self, handler: Handler, body: bytes) -> None:
        self.is_asked.set()
        self.goes_on.wait(3 * SECONDS)
        self.then(handler, body)


@contextmanager
def held(server: Faulty, folder: Path, plural: str, token: str) -> Iterator[subprocess.Popen[str]]:
    """A plan in a process group of its own, which waits for that page."""
    fault = Held()
    server.spoil(plural, token, fault)
    plan = subprocess.Popen(
        command(server, folder, FEW),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert fault.is_asked.wait(SECONDS)
        wait_until(lambda: children(plan.pid), SECONDS, "the second process")
        yield plan
    finally:
        fault.goes_on.set()
        plan.kill()
        plan.communicate()


def children(pid: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended; whose parent was killed may wait to be buried."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return True
    return fields[0] == "Z"


def test_a_second_process_that_is_killed_is_done_without(server: Faulty, tmp_path: Path) -> None:
    alone = planned(server, tmp_path, ENDLESS)
    server.asked.clear()
    with held(server, tmp_path, KNATIVE, SECOND) as plan:
        os.kill(children(plan.pid)[0], signal.SIGKILL)
        out, error = plan.communicate(timeout=SECONDS)
    assert (plan.returncode, out, error) == alone
    assert server.pages(KNATIVE) == ["", SECOND, "", SECOND]


@pytest.mark.parametrize("plural", [SERVICES, KNATIVE])
@pytest.mark.parametrize("to_all", [True, False])
def test_ctrl_c_ends_both(server: Faulty, tmp_path: Path, plural: str, to_all: bool) -> None:
    """A terminal tells all its processes, `kill -INT` the one."""
    with held(server, tmp_path, plural, SECOND) as plan:
        (second,) = children(plan.pid)
        (os.killpg if to_all else os.kill)(plan.pid, signal.SIGINT)
        out, error = plan.communicate(timeout=SECONDS)
        assert is_gone(second)
    assert (plan.returncode, out) == (130, "")
    assert error.startswith("error: stopped by Ctrl-C\n")
    assert "Traceback" not in error


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_second_process_ends_with_the_first(
    server: Faulty, tmp_path: Path, number: signal.Signals
) -> None:
    with held(server, tmp_path, KNATIVE, SECOND) as plan:
        (second,) = children(plan.pid)
        plan.send_signal(number)
        plan.wait(SECONDS)
        wait_until(lambda: is_gone(second), SECONDS, "the end of the second process")
    assert plan.returncode == -number


def test_an_error_of_the_first_ends_the_second(server: Faulty, tmp_path: Path) -> None:
    refusal = Held(FORBIDDEN)
    server.spoil(SERVICES, "4", refusal)
    with held(server, tmp_path, KNATIVE, SECOND) as plan:
        (second,) = children(plan.pid)
        refusal.goes_on.set()
        assert plan.wait(SECONDS) == 9
        assert is_gone(second)
