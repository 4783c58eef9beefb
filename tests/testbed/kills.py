"""Which requests count as writes, and when a client is to be killed for one."""

import contextlib
import os
import select
import signal
import threading
from enum import Enum
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

_MUTATING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_REVIEWS = frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews"})
_DEATH_SECONDS = 10


class Moment(Enum):
    """When the client dies, seen from the API server."""

    BEFORE = "the request never reaches the server"
    DONE = "the server has done it, and the client never hears so"
    ANSWERED = "the client has the whole answer, and dies at once"


class Write(NamedTuple):
    """One request that counted; ``path`` includes the query."""

    method: str
    path: str
    body: bytes


class ClientGoneError(Exception):
    """The client was killed before this request of it was dealt with."""


class Killer:
    """Counts writes, and kills the watched client at the one it was armed for."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self._lock = threading.Lock()
        self._dead = threading.Event()
        self._client: int | None = None
        self._moment = Moment.BEFORE
        # The write, counted over all, that is to be the client's last; 0 for none.
        self._last = 0

    @property
    def has_killed(self) -> bool:
        """Whether the client that is watched now was killed by us."""
        return self._dead.is_set()

    def arm(self, request: int, moment: Moment) -> None:
        """Plan one kill, at the ``request``-th write from now (1 is the next)."""
        with self._lock:
            self._last, self._moment = len(self.writes) + request, moment

    def disarm(self) -> None:
        """Give up a plan that was not carried out."""
        with self._lock:
            self._last = 0

    def watch(self, pid: int) -> None:
        """Say which process is the client."""
        self._client = pid
        self._dead.clear()

    def count(self, write: Write) -> Moment | None:
        """Count a write; return when the client is to die for it, or None if it is to live.

        A write after the fatal one waits for the client's death and raises ClientGoneError: the
        server gets the same requests each time, however many threads the client has.
        """
        with self._lock:
            is_after_last = 0 < self._last <= len(self.writes)
            if not is_after_last:
                self.writes.append(write)
                return self._moment if len(self.writes) == self._last else None
        self._dead.wait(_DEATH_SECONDS)
        raise ClientGoneError

    def kill(self) -> None:
        """Kill the client, and return when it is dead. Raises RuntimeError without a client."""
        if self._client is None:
            raise RuntimeError("a kill is due, but no client is watched: use run() or watch()")
        _kill(self._client)
        self._dead.set()


def is_counted(method: str, path: str, body: bytes) -> bool:
    """Whether a request is a write that a test would want to interrupt.

    Not dry runs and access reviews, and not renewals of a Lease (patches that leave its holder
    alone): how many of those there are depends on the clock.
    """
    address = urlsplit(path)
    if method not in _MUTATING or "All" in parse_qs(address.query).get("dryRun", []):
        return False
    resources = set(address.path.split("/"))
    is_renewal = method == "PATCH" and "leases" in resources and b"holderIdentity" not in body
    return not is_renewal and not resources & _REVIEWS


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            # Readable as soon as it is dead, even before anybody has collected it.
            if not select.select([handle], [], [], _DEATH_SECONDS)[0]:
                raise TimeoutError(f"process {pid} outlives SIGKILL")
        finally:
            os.close(handle)
