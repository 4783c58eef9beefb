"""Waiting for a condition: the only place of the testbed that sleeps."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from tests.testbed.processes import Process

T = TypeVar("T")
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.25


class WaitTimeoutError(TimeoutError):
    """What was waited for did not come in time."""


class ProcessEndedError(RuntimeError):
    """A process that the wait depends on ended by itself."""


def wait_until(
    condition: Callable[[], T | None],
    timeout: float,
    what: str,
    processes: Sequence[Process] = (),
) -> T:
    """Call ``condition`` until it returns something true, and return that.

    Raises WaitTimeoutError after ``timeout`` seconds, and ProcessEndedError as soon as one of
    ``processes`` ends; both say what was awaited and quote the end of the processes' logs.
    """
    deadline = time.monotonic() + timeout
    pause = _FIRST_PAUSE
    while not (result := condition()):
        for process in processes:
            if process.exit_code is not None:
                why = f"{process.name} ended ({process.exit_code}) while waiting for {what}"
                raise ProcessEndedError(f"{why}\n{process.tail()}")
        if time.monotonic() > deadline:
            raise WaitTimeoutError(f"waited {timeout:g} s for {what}\n{_tails(processes)}")
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    return result


def _tails(processes: Sequence[Process]) -> str:
    return "\n".join(process.tail() for process in processes)
