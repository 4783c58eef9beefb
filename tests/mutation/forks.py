"""Many trials, each in a process of its own that starts from the present one."""

from __future__ import annotations

import itertools
import os
import resource
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Task = TypeVar("Task")
FAILED = 1
_BYTES = 4 << 30
# Of the processor, so that other work on the machine ends no trial; few need more than five.
_SECONDS = 40


def run(
    tasks: Iterable[Task], trial: Callable[[Task], int], *, jobs: int
) -> Iterator[tuple[Task, int]]:
    """Yield each task with the trial's answer; a negative one where the process was ended.

    That happens to what runs too long. FAILED is the answer of a trial that raises.
    """
    waiting, running = iter(tasks), dict[int, Task]()
    while True:
        for task in itertools.islice(waiting, jobs - len(running)):
            running[_started(trial, task)] = task
        if not running:
            return
        process, status = os.wait()
        yield running.pop(process), os.waitstatus_to_exitcode(status)


def _started(trial: Callable[[Task], int], task: Task) -> int:
    process = os.fork()
    if process:
        return process
    answer = FAILED
    try:
        _confine()
        answer = trial(task)
    finally:
        os._exit(answer)


def _confine() -> None:
    """See to it that a trial neither runs for ever, nor fills the memory, nor talks."""
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
