"""Work in a second process, while this one goes on with something else.

Reading and decoding lists is Python's own work: threads would take turns at it.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BufferedReader
from typing import NamedTuple, NoReturn, TypeVar

from migrate.errors import KmigrateError, UnauthorizedError

T = TypeVar("T")


@contextmanager
def beside(work: Callable[[], T], instead: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Begin ``work`` in a process forked from this one; yield what waits for its result.

    A KmigrateError that it raises is raised here. Where there can be no such process, or it is
    killed, or would have to log in anew, ``instead`` is done here, when the result is asked for.
    The process ends with the block at the latest, and as soon as this one ends.

    ``work`` must use no connection and no lock of this process. Its result is pickled, so that
    what is one object in it stays one.
    """
    reads, writes = os.pipe()
    pid = _forked()
    if pid == 0:
        os.close(reads)
        _be_second(work, writes)
    os.close(writes)
    with os.fdopen(reads, "rb") as answer:
        try:
            yield partial(_result, answer, instead)
        finally:
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


class _Failed(NamedTuple):
    error: KmigrateError


def _forked() -> int | None:
    """Fork; return None where that cannot be done.

    macOS forbids many of its libraries in a forked process. A thread is not forked, but the
    locks that it holds are.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return None
    try:
        return os.fork()
    except OSError:
        return None


def _be_second(work: Callable[[], object], writes: int) -> NoReturn:
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # In the background, and below nohup, some are to be ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        _end_with_reader(writes, os.O_ASYNC)
        done = _outcome(work)
        # From now on the reader makes signals by reading.
        _end_with_reader(writes, 0)
        with os.fdopen(writes, "wb") as answer:
            pickle.dump(done, answer, pickle.HIGHEST_PROTOCOL)
    finally:
        # No traceback, no handlers at exit, nothing that is in the buffers of the first one.
        os._exit(0)


def _end_with_reader(writes: int, mode: int) -> None:
    """Have the kernel end this process by SIGIO when nobody reads from the pipe any more."""
    import fcntl  # noqa: PLC0415 -- there is none on Windows

    fcntl.fcntl(writes, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(writes, fcntl.F_SETFL, mode)


def _outcome(work: Callable[[], object]) -> object:
    try:
        return work()
    except UnauthorizedError:
        raise
    except KmigrateError as error:
        return _Failed(error)


def _result(answer: BufferedReader, instead: Callable[[], T]) -> T:
    try:
        found = pickle.load(answer)  # noqa: S301 -- our own process wrote it
    except (EOFError, pickle.UnpicklingError):
        return instead()
    if isinstance(found, _Failed):
        raise found.error
    done: T = found
    return done
