"""Working folders that do not pile up, even when a run had no time to remove its own."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

_PREFIX = "kmigrate-testbed-"
_LOCK = "in-use"


@contextmanager
def working_folder() -> Iterator[Path]:
    """Yield a new folder, removed at the end; also remove those whose owner was killed."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    for lock in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError), lock.open() as file:
            if _is_abandoned(file):
                shutil.rmtree(lock.parent, ignore_errors=True)


def _is_abandoned(lock: TextIO) -> bool:
    """The kernel lets go of a lock when its owner ends, however it ends."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
