"""The Lease that keeps two operators apart: one writer per cluster at a time.

Whether another holder is alive is judged by renewals seen from here, never by comparing
clocks of two machines.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from migrate.cluster.port import Cluster
from migrate.errors import ConflictError, InvalidError, LockedError, NotFoundError
from migrate.execute.clock import Clock
from migrate.execute.events import Waiting
from migrate.objects import Manifest, ObjectRef

API_VERSION = "coordination.k8s.io/v1"
NAME = "kmigrate"
Tell = Callable[[Waiting], None]


class Lease:
    """A Lease, held between ``acquire`` and ``release``.

    ``duration`` is in whole seconds. ``timeout`` is how long to wait, in seconds, for a
    holder that shows signs of life; None waits only for one that shows none.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        holder: str,
        clock: Clock,
        *,
        duration: int = 60,
        timeout: float | None = None,
    ) -> None:
        self._cluster = cluster
        self.ref = ObjectRef(API_VERSION, "Lease", NAME, namespace)
        self._clock, self._duration, self._timeout = clock, duration, timeout
        self.holder = holder
        self.fence = 0
        self._version = ""
        self._renewed = 0.0
        self._keeping = Lock()

    @property
    def patience(self) -> float:
        """Seconds after which the Lease has to be looked at again, at the latest."""
        return self._duration / 3

    def acquire(self, tell: Tell) -> None:
        """Take the Lease. Raise LockedError where somebody else keeps it."""
        began = self._clock.monotonic()
        seen, since = "", began
        while not self._try():
            live = self._cluster.get(self.ref)
            version, now = live["metadata"]["resourceVersion"], self._clock.monotonic()
            if version != seen:
                self._refuse_the_living(live, began, first=not seen)
                seen, since = version, now
            if now - since >= _duration(live):
                self._take(live)
                continue
            self._refuse_the_late(live, began)
            tell(Waiting(f"for the Lease, held by {_holder(live)}", now - began))
            self._clock.sleep(min(0.5, _duration(live) / 4))

    def keep(self) -> None:
        """Renew when due. To be called before each write; raise LockedError where it is lost.

        One thread renews, and all others wait for what comes of it: no more than the one write
        of each that was past this can follow a lost Lease. The API server decides by the
        resourceVersion: a Lease that nobody took meanwhile is still ours, however late we are.
        """
        with self._keeping:
            if self._clock.monotonic() - self._renewed >= self._duration / 3:
                self._renew()

    def release(self) -> None:
        """Give the Lease up at once, so that nobody has to wait for it to expire."""
        if self._version:
            self._write({"holderIdentity": "", "renewTime": self._now()})
            self._version = ""

    def _try(self) -> bool:
        """Take a Lease that nobody holds; tell whether it is ours now."""
        if self._version or self._is_ours_anyway():
            return True
        try:
            live = self._cluster.get(self.ref)
        except NotFoundError:
            return self._create()
        return not _holder(live) and self._take(live)

    def _renew(self) -> None:
        try:
            self._write({"renewTime": self._now()})
        except (ConflictError, InvalidError, NotFoundError) as error:
            if not self._is_ours_anyway():
                raise LockedError(
                    f"{self.ref}: the Lease was lost: another holder took it", "kmigrate status"
                ) from error

    def _is_ours_anyway(self) -> bool:
        """Find out whether a write of ours was done although its answer got lost."""
        began = self._clock.monotonic()
        try:
            live = self._cluster.get(self.ref)
        except NotFoundError:
            return False
        return _holder(live) == self.holder and self._own(live, began)

    def _create(self) -> bool:
        spec = {**self._spec(), "leaseTransitions": 1}
        meta = {"name": NAME, "namespace": self.ref.namespace}
        began = self._clock.monotonic()
        try:
            made = self._cluster.create(
                {"apiVersion": API_VERSION, "kind": "Lease", "metadata": meta, "spec": spec}
            )
        except ConflictError:
            return False
        return self._own(made, began)

    def _take(self, live: Manifest) -> bool:
        """Take over exactly the Lease that was read; two who try cannot both succeed."""
        self._version = live["metadata"]["resourceVersion"]
        transitions = int(live["spec"].get("leaseTransitions") or 0) + 1
        try:
            self._write({**self._spec(), "leaseTransitions": transitions})
        except (ConflictError, InvalidError):
            self._version = ""
            return False
        return True

    def _write(self, fields: dict[str, Any]) -> None:
        test = {"op": "test", "path": "/metadata/resourceVersion", "value": self._version}
        puts = [{"op": "add", "path": f"/spec/{k}", "value": v} for k, v in fields.items()]
        began = self._clock.monotonic()
        self._own(self._cluster.patch(self.ref, [test, *puts]), began)

    def _own(self, live: Manifest, began: float) -> bool:
        self._version = live["metadata"]["resourceVersion"]
        self.fence = int(live["spec"].get("leaseTransitions") or 0)
        self._renewed = began
        return True

    def _spec(self) -> dict[str, Any]:
        now = self._now()
        return {
            "holderIdentity": self.holder,
            "leaseDurationSeconds": self._duration,
            "acquireTime": now,
            "renewTime": now,
        }

    def _now(self) -> str:
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def _refuse_the_living(self, live: Manifest, began: float, *, first: bool) -> None:
        """Refuse when a renewal was seen from here: the holder is at work."""
        if not first and self._timeout is None and _holder(live):
            self._refuse(live, began, "and at work: it was renewed while we waited")

    def _refuse_the_late(self, live: Manifest, began: float) -> None:
        if self._timeout is not None and self._clock.monotonic() - began >= self._timeout:
            self._refuse(live, began, f"still, after {self._timeout:g} s (--lock-timeout)")

    def _refuse(self, live: Manifest, began: float, why: str) -> None:
        waited = self._clock.monotonic() - began
        raise LockedError(
            f"{self.ref} is held by {_holder(live)} {why} "
            f"(last renewed {live['spec'].get('renewTime')}, waited {waited:.0f} s)",
            "wait for it to end, or give --lock-timeout SECONDS; see: kmigrate status",
        )


def _holder(live: Manifest) -> str:
    return str(live["spec"].get("holderIdentity") or "")


def _duration(live: Manifest) -> float:
    return float(live["spec"].get("leaseDurationSeconds") or 0)
