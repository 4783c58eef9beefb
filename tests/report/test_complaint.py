"""Errors as a terminal shows them, and as programs read them."""

from __future__ import annotations

from migrate.report.complaint import complaint_lines
from migrate.report.lines import PIPE, Screen

TERMINAL = Screen(is_brief=True)
LONG = "ConfigMap kserve/inferenceservice-config: expected this, found that; " * 3
COMMAND = "kmigrate apply --to-runtimes --set " + " --set ".join(f"f{n}=r/i:t" for n in range(9))


def test_a_terminal_gets_lines_that_fit_it() -> None:
    lines = list(complaint_lines(f"blocked:\n  KM1: {LONG}\n      fix: {LONG}", LONG, TERMINAL))
    assert max(map(len, lines)) <= 80
    assert {len(line) - len(line.lstrip()) for line in lines} == {0, 2, 4, 6, 8}
    assert " ".join(" ".join(lines).split()).count("found that") == 9


def test_a_command_stays_whole() -> None:
    *_, last = complaint_lines("no", COMMAND, TERMINAL)
    assert last == f"next: {COMMAND}"
    lines = list(complaint_lines("no", f"{COMMAND}; then more", TERMINAL))
    assert max(map(len, lines)) <= 80


def test_programs_get_lines_as_they_are() -> None:
    assert list(complaint_lines(LONG, LONG, PIPE)) == [f"error: {LONG}", f"next: {LONG}"]
