"""A cluster that counts writes, and at one of them fails, or ends the process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Any, TypeVar

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import JsonPatch
from migrate.errors import UnreachableError
from migrate.objects import Manifest, ObjectRef

T = TypeVar("T")


class KilledError(BaseException):
    """What a SIGKILL is for code in one process: nothing catches it."""


class Fault(Enum):
    """What happens at the write that is chosen."""

    KILLED_BEFORE = auto()
    KILLED_AFTER = auto()
    REFUSED = auto()
    ANSWER_LOST = auto()


class FlakyCluster:
    """Passes everything on to ``inner``; the write numbered ``at`` (from 1) meets a fault."""

    controllers_act = True
    name = "flaky"

    def __init__(self, inner: MemoryCluster, at: int = 0, fault: Fault = Fault.REFUSED) -> None:
        self.inner, self.at, self.fault, self.writes = inner, at, fault, 0

    def apart(self) -> None:
        return None

    def get(self, ref: ObjectRef) -> Manifest:
        return self.inner.get(ref)

    def list(self, api_version: str, kind: str, into: type[T], **options: Any) -> Iterator[T]:
        return self.inner.list(api_version, kind, into, **options)

    def logs(self, pod: ObjectRef, container: str, *, lines: int) -> str:
        return self.inner.logs(pod, container, lines=lines)

    def create(self, manifest: Manifest) -> Manifest:
        return self._write(lambda: self.inner.create(manifest))

    def patch(
        self, ref: ObjectRef, patch: JsonPatch | Manifest, *, subresource: str = ""
    ) -> Manifest:
        return self._write(lambda: self.inner.patch(ref, patch, subresource=subresource))

    def would_patch(self, ref: ObjectRef, patch: JsonPatch | Manifest) -> Manifest | None:
        return self.inner.would_patch(ref, patch)

    def would_create(self, manifest: Manifest) -> Manifest | None:
        return self.inner.would_create(manifest)

    def delete(self, ref: ObjectRef, *, uid: str, resource_version: str) -> None:
        self._write(lambda: self.inner.delete(ref, uid=uid, resource_version=resource_version))

    def _write(self, write: Callable[[], T]) -> T:
        self.writes += 1
        if self.writes != self.at:
            return write()
        if self.fault is Fault.KILLED_BEFORE:
            raise KilledError
        if self.fault is Fault.REFUSED:
            raise UnreachableError("connection refused")
        write()
        raise KilledError if self.fault is Fault.KILLED_AFTER else UnreachableError("reset")
