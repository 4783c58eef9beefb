"""What takes long says what goes on: a line on a terminal, gone at the end; lines elsewhere."""

from __future__ import annotations

import io
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.commands import longwork
from migrate.commands.longwork import CLEAR, LongWork, counted, long_work
from migrate.errors import Exit
from tests.commands.moving import objects
from tests.commands.reconciling import reconcile
from tests.commands.verbs import Verbs


def seconds(*given: float) -> Iterator[float]:
    yield from given


def test_a_terminal_has_one_line_that_fits() -> None:
    clock = seconds(100.0, 101.0, 112.4)
    work = LongWork("reading the cluster, and planning", 30, lambda: next(clock))
    assert work.look() == f"{CLEAR}reading the cluster, and plan"
    work.seen = "reading services: 1,200"
    assert work.look() == f"{CLEAR}reading services: 1,200 (12 s)"[: len(CLEAR) + 29]


def test_elsewhere_there_is_a_line_now_and_then() -> None:
    clock = seconds(0.0, 0.5, 9.9, 10.0, 15.0, 20.5)
    work = LongWork("planning", None, lambda: next(clock))
    assert [work.look() for _ in range(5)] == ["", "", "planning (10 s)\n", "", "planning (20 s)\n"]


class Terminal(io.TextIOWrapper):
    """A pipe that says it is one: what was written to a real one may get lost as it closes."""

    def isatty(self) -> bool:
        return True


class Reading(MemoryCluster):
    """A cluster whose services take so long that a look comes meanwhile."""

    def list(self, api_version: str, kind: str, into: type[Any], **more: Any) -> Iterator[Any]:
        if kind == "InferenceService" and signal.getitimer(signal.ITIMER_REAL)[1]:
            signal.pause()
        return super().list(api_version, kind, into, **more)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks come at once, and each is told."""
    monkeypatch.setattr(longwork, "TICK", 0.001)
    monkeypatch.setattr(longwork, "SILENCE", 0.0)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("term", "is_drawn"), [("xterm", True), ("dumb", False)])
def test_what_is_drawn_on_a_terminal_is_gone_at_the_end(
    monkeypatch: pytest.MonkeyPatch, term: str, is_drawn: bool
) -> None:
    ours, theirs = os.pipe()
    monkeypatch.setenv("TERM", term)
    with Terminal(os.fdopen(theirs, "wb")) as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with long_work("planning"):
            signal.pause()
    with os.fdopen(ours, newline="") as other_side:
        shown = other_side.read()
    assert ("planning (0 s)" in shown, CLEAR in shown) == (True, is_drawn)
    assert shown.endswith(CLEAR) is is_drawn


@pytest.mark.usefixtures("quick")
def test_how_many_were_read_is_told_while_they_are_read(capfd: pytest.CaptureFixture[str]) -> None:
    with long_work("planning"):
        services = counted(range(1250), "services")
        for number in services:
            if number == 1210:
                signal.pause()
        signal.pause()
    told = capfd.readouterr().err
    assert "reading services: 1,200 (0 s)\n" in told
    assert told.splitlines()[-1] == "planning (0 s)"


@pytest.mark.usefixtures("quick")
def test_the_timer_and_its_handler_are_as_before(capfd: pytest.CaptureFixture[str]) -> None:
    former = signal.getsignal(signal.SIGALRM)
    with suppress(KeyError), long_work("outer"), long_work("inner"):
        signal.pause()
        raise KeyError
    assert signal.getsignal(signal.SIGALRM) is former
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    told = capfd.readouterr().err
    assert "outer" in told
    assert "inner" not in told


@pytest.mark.usefixtures("quick", "here")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("plan", "--target", "0.16.0"), "planning"),
        (("apply", "--target", "0.16.0", "--dry-run=client"), "planning"),
        (("check", "--target", "0.20.0"), "checking"),
        (("checkpoint", "later"), "packing"),
        (("status", "before"), "comparing"),
        (("rollback", "before", "--dry-run=client"), "planning"),
    ],
)
def test_each_verb_that_reads_all_says_so(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    told: str,
) -> None:
    found = Reading(objects("0.15.2"))
    reconcile(found)
    verbs = Verbs(found, monkeypatch, capfd)
    assert verbs("checkpoint", "before")[0] == Exit.OK
    code, _, said = verbs(*words)
    assert code in (Exit.OK, Exit.BLOCKED)
    assert re.search(rf"^reading the cluster, and {told}.* \(\d+ s\)$", said, re.MULTILINE)
