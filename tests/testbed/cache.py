"""The folder that keeps what takes long to build, and the locks on it."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_dir() -> Path:
    """Return the cache folder: ours by variable, else the user's, made if it is not there."""
    own = os.environ.get("KMIGRATE_TESTBED_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(own) if own else Path(base) / "kmigrate-testbed"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock called ``name`` against other processes that use the same cache."""
    locks = cache_dir() / "locks"
    locks.mkdir(exist_ok=True)
    with (locks / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """Tell the person in front of the terminal; standard output belongs to results."""
    print(f"testbed: {text}", file=sys.stderr, flush=True)
