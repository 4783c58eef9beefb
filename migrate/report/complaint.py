"""An error and what to type next, for people."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.report.lines import Screen, fitted

_PROGRAMS = ("kmigrate ", "kubectl ")
_PROSE = (";", ",")


def complaint_lines(message: str, hint: str, screen: Screen) -> Iterator[str]:
    """Yield the error, as wide as a terminal; a command alone stays whole, to be copied.

    Anywhere else lines are as long as they are: programs look for what is in them.
    """
    for line in f"error: {message}".splitlines():
        yield from fitted(line, screen)
    if hint:
        yield from [f"next: {hint}"] if _is_command(hint) else fitted(f"next: {hint}", screen)


def _is_command(hint: str) -> bool:
    return hint.startswith(_PROGRAMS) and not any(mark in hint for mark in _PROSE)
