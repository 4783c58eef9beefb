"""A cluster as one process sees it that is killed at one of its writes.

The real moments are those of ``tests.testbed.kills``: what is counted, and when one dies, is
the same whether a process is killed by the proxy or its code by this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any, TypeVar

from migrate.cluster.port import Cluster, JsonPatch
from migrate.objects import Manifest, ObjectRef
from tests.testbed.kills import Moment

T = TypeVar("T")
NEVER = 0


class KilledError(BaseException):
    """What a SIGKILL is for code in one process: nothing catches it, and nothing follows it."""


class Mortal:
    """Passes everything on to ``inner``, until its process is dead: then nothing.

    ``at`` numbers the write, from 1, at which it dies (NEVER: at none). ``writes`` says what was
    counted: neither dry runs and access reviews nor renewals of a Lease. Safe for several threads.
    """

    def __init__(self, inner: Cluster, at: int = NEVER, moment: Moment = Moment.DONE) -> None:
        self.inner, self.at, self.moment = inner, at, moment
        self.controllers_act, self.name = inner.controllers_act, inner.name
        self.writes: list[str] = []
        self.is_dead = False
        self._lock = Lock()

    def apart(self) -> Cluster | None:
        return self._alive(self.inner.apart)

    def get(self, ref: ObjectRef) -> Manifest:
        return self._alive(lambda: self.inner.get(ref))

    def list(self, api_version: str, kind: str, into: type[T], **options: Any) -> Iterator[T]:
        return self._alive(lambda: self.inner.list(api_version, kind, into, **options))

    def logs(self, pod: ObjectRef, container: str, *, lines: int) -> str:
        return self._alive(lambda: self.inner.logs(pod, container, lines=lines))

    def would_patch(self, ref: ObjectRef, patch: JsonPatch | Manifest) -> Manifest | None:
        return self._alive(lambda: self.inner.would_patch(ref, patch))

    def would_create(self, manifest: Manifest) -> Manifest | None:
        return self._alive(lambda: self.inner.would_create(manifest))

    def create(self, manifest: Manifest) -> Manifest:
        if "metadata" not in manifest:  # an access review
            return self._alive(lambda: self.inner.create(manifest))
        said = f"create {manifest['kind']} {manifest['metadata']['name']}"
        return self._write(said, lambda: self.inner.create(manifest))

    def patch(
        self, ref: ObjectRef, patch: JsonPatch | Manifest, *, subresource: str = ""
    ) -> Manifest:
        def write() -> Manifest:
            return self.inner.patch(ref, patch, subresource=subresource)

        if ref.kind == "Lease" and "holderIdentity" not in str(patch):
            return self._alive(write)
        return self._write(f"patch {ref}", write)

    def delete(self, ref: ObjectRef, *, uid: str, resource_version: str) -> None:
        def write() -> None:
            self.inner.delete(ref, uid=uid, resource_version=resource_version)

        self._write(f"delete {ref}", write)

    def _write(self, said: str, write: Callable[[], T]) -> T:
        with self._lock:
            self._alive(lambda: self.writes.append(said))
            is_last = len(self.writes) == self.at
            self.is_dead = is_last
        if is_last and self.moment is Moment.BEFORE:
            raise KilledError
        answer = write()
        if is_last and self.moment is Moment.DONE:
            raise KilledError
        return answer

    def _alive(self, request: Callable[[], T]) -> T:
        if self.is_dead:
            raise KilledError
        return request()
