"""Whole processes, timed one after the other in rounds, so that noise hits all alike."""

from __future__ import annotations

import os
import re
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import msgspec


class Command(msgspec.Struct, frozen=True):
    """A command line and what it is called in the table; ``env`` is beside the caller's.

    ``codes`` are the exit codes of a run that went as it is to go.
    """

    name: str
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    codes: frozenset[int] = frozenset({0})


class Sample(msgspec.Struct, frozen=True):
    """One run: seconds on the clock, seconds of CPU, the most memory in megabytes (10^6).

    CPU and memory are those of all its processes together.
    """

    wall: float
    cpu: float
    memory: float


class Figures(msgspec.Struct, frozen=True):
    """The medians of the runs of a command, and how far they spread (slowest by fastest)."""

    wall: float
    cpu: float
    memory: float
    runs: int
    spread: float


class CommandError(Exception):
    """A command that was to be timed failed."""


def run(command: Command, errors: Path) -> Sample:
    """Run a command to its end and throw its output away. Raise CommandError where it fails.

    Linux counts the parent into ``ru_maxrss``: no figure is below the harness's own size. It
    tells of the largest process alone; those that live at once are added up ten times a second.
    """
    writes = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, str(errors), writes, 0o600),
    ]
    environment = {**os.environ, **dict(command.env)}
    started = time.perf_counter()
    pid = os.posix_spawnp(command.argv[0], command.argv, environment, file_actions=actions)
    with _watched(pid) as together:
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - started
    if (code := os.waitstatus_to_exitcode(status)) not in command.codes:
        said = errors.read_text(errors="replace")[-2000:]
        raise CommandError(f"{' '.join(command.argv)[:300]}: exit code {code}: {said}")
    most = max(usage.ru_maxrss * 1024, *together)
    return Sample(wall, usage.ru_utime + usage.ru_stime, most / 1e6)


@contextmanager
def _watched(pid: int) -> Iterator[list[int]]:
    """Note, for as long as the block lasts, how many bytes a process has with its children."""
    found, ended = [0], Event()

    def watch() -> None:
        while not ended.wait(_BETWEEN):
            found.append(resident(pid))

    watching = Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield found
    finally:
        ended.set()
        watching.join()


_BETWEEN = 0.1
_SHARE = re.compile(r"^Pss: +(\d+) kB$", re.MULTILINE)


def resident(pid: int) -> int:
    """Return the bytes of memory of a process and those below it; 0 where it has ended.

    Of a page that several share each has its part (``Pss``), so that it counts once.
    """
    place = Path(f"/proc/{pid}")
    try:
        own = _SHARE.search((place / "smaps_rollup").read_text())
        children = (place / "task" / str(pid) / "children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return (int(own[1]) * 1024 if own else 0) + sum(map(resident, map(int, children)))


def rounds(
    commands: Sequence[Command],
    counts: Mapping[str, int],
    errors: Path,
    before: Callable[[], None] = lambda: None,
) -> dict[str, Figures]:
    """Run each command once to warm up, then in turn until each has had its runs.

    ``before`` is called before each run, outside of the time.
    """
    samples: dict[str, list[Sample]] = {command.name: [] for command in commands}
    for command in commands:
        before()
        run(command, errors)
    for number in range(max(counts.values())):
        for command in commands:
            if number < counts[command.name]:
                before()
                samples[command.name].append(run(command, errors))
    return {name: figures(taken) for name, taken in samples.items()}


def figures(samples: Sequence[Sample]) -> Figures:
    """Return the medians of one or more runs."""
    walls = [sample.wall for sample in samples]
    return Figures(
        wall=statistics.median(walls),
        cpu=statistics.median(sample.cpu for sample in samples),
        memory=statistics.median(sample.memory for sample in samples),
        runs=len(samples),
        spread=max(walls) / min(walls),
    )
