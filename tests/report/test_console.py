"""What people see of a run: lines on a pipe, and a status line too on a terminal."""

from __future__ import annotations

import io
import sys

import pytest

from migrate.execute.events import Event, Failed, Progress, Proven, Waiting, Written
from migrate.execute.extent import Extent
from migrate.objects import ObjectRef
from migrate.operations.model import Create, Edit, Operation, Patch
from migrate.report.console import Console

TARGETS = tuple(ObjectRef("v1", "ConfigMap", f"c{n}", "team") for n in range(5))
MANIFEST = {"spec": {"containers": [{"name": "c", "image": "i"}]}}
CREATED = Written(Operation(TARGETS[0], Create(MANIFEST), ""))
PATCHED = Written(Operation(TARGETS[0], Patch((Edit("/data/k", "a", "b"),)), ""))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(capsys: pytest.CaptureFixture[str], *events: Event) -> list[str]:
    with Console() as console:
        for event in events:
            console.tell(event)
    return capsys.readouterr().err.splitlines()


def test_of_a_thousand_creates_each_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, CREATED) == ["+ create ConfigMap team/c0"]


def test_of_a_patch_the_fields_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(shown(capsys, PATCHED)) > 1


def test_a_pipe_gets_no_progress_and_results_come_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = (
        Progress(3, 9, TARGETS),
        Proven("c0", True, "as planned", True),
        Failed(TARGETS[1], "no"),
    )
    assert shown(capsys, *told) == ["failed too: ConfigMap team/c1: no"]


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (TARGETS[:1], "1,003 of 2,000, under way: ConfigMap team/c0"),
        (TARGETS[:3], "ConfigMap team/c0, ConfigMap team/c1, ConfigMap team/c2"),
        (TARGETS, "ConfigMap team/c2 and 2 more"),
    ],
)
def test_a_terminal_shows_what_is_under_way(
    monkeypatch: pytest.MonkeyPatch, targets: tuple[ObjectRef, ...], words: str
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    with Console() as console:
        console.tell(Progress(1003, 2000, targets))
    assert words in terminal.getvalue()
    assert "more" not in terminal.getvalue() or "more" in words


def status(monkeypatch: pytest.MonkeyPatch, *events: Event) -> str:
    """What the status line of a terminal shows last."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    with Console() as console:
        for event in events:
            console.tell(event)
    return [text for text in terminal.getvalue().split("\x1b[2K") if " " in text.strip()][-1]


def test_of_several_waves_the_whole_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    third = Extent(3, 1040, 20, 10_400)
    whole = "wave 3 of 1,040, 20 of 10,400 services done"
    begun = Progress(0, 0, (), third)
    assert whole in status(monkeypatch, begun)
    assert "0 of 0" not in status(monkeypatch, begun)
    under_way = Progress(4, 10, TARGETS[:1], third)
    assert f"{whole}; 4 of 10, under way: ConfigMap team/c0" in status(monkeypatch, under_way)
    waiting = Waiting("for it", 7.0)
    assert f"{whole}; waiting for it (7 s)" in status(monkeypatch, begun, waiting)
    alone = status(monkeypatch, begun, Progress(1, 2, TARGETS[:1]), waiting)
    assert "waiting for it" in alone
    assert "wave" not in alone


def test_a_wait_is_told_now_and_then_on_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    told = [Waiting("for it", seconds) for seconds in (0.0, 1.0, 9.0, 10.0)]
    assert shown(capsys, *told) == ["waiting for it (0 s)", "waiting for it (10 s)"]
