"""A cluster that counts its requests, and lets a test hold some of them back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any, TypeVar

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import JsonPatch
from migrate.objects import Manifest, ObjectRef, ref_of

T = TypeVar("T")


class CountingCluster:
    """Passes everything on to ``inner``, and counts it by verb and kind.

    ``held`` is called with verb and object before a request is passed on: where it waits the
    request is under way, where it raises the request fails.
    """

    controllers_act = True
    name = "counting"

    def __init__(
        self, inner: MemoryCluster, held: Callable[[str, ObjectRef], None] = lambda *_: None
    ) -> None:
        self.inner, self.held = inner, held
        self.asked: Counter[tuple[str, str]] = Counter()
        self.log: list[tuple[str, ObjectRef]] = []
        self._lock = Lock()

    def apart(self) -> None:
        """In memory there are no connections."""

    def get(self, ref: ObjectRef) -> Manifest:
        self._ask("get", ref)
        return self.inner.get(ref)

    def list(self, api_version: str, kind: str, into: type[T], **options: Any) -> Iterator[T]:
        self._ask("list", ObjectRef(api_version, kind, "", options.get("namespace", "")))
        return self.inner.list(api_version, kind, into, **options)

    def create(self, manifest: Manifest) -> Manifest:
        meta = manifest.get("metadata", {})
        place = meta.get("name", ""), meta.get("namespace", "")
        self._ask("create", ObjectRef(manifest["apiVersion"], manifest["kind"], *place))
        return self.inner.create(manifest)

    def patch(
        self, ref: ObjectRef, patch: JsonPatch | Manifest, *, subresource: str = ""
    ) -> Manifest:
        self._ask("patch", ref)
        return self.inner.patch(ref, patch, subresource=subresource)

    def logs(self, pod: ObjectRef, container: str, *, lines: int) -> str:
        self._ask("logs", pod)
        return self.inner.logs(pod, container, lines=lines)

    def would_patch(self, ref: ObjectRef, patch: JsonPatch | Manifest) -> Manifest | None:
        self._ask("would_patch", ref)
        return self.inner.would_patch(ref, patch)

    def would_create(self, manifest: Manifest) -> Manifest | None:
        self._ask("would_create", ref_of(manifest))
        return self.inner.would_create(manifest)

    def delete(self, ref: ObjectRef, *, uid: str, resource_version: str) -> None:
        self._ask("delete", ref)
        self.inner.delete(ref, uid=uid, resource_version=resource_version)

    def _ask(self, verb: str, ref: ObjectRef) -> None:
        with self._lock:
            self.asked[verb, ref.kind] += 1
            self.log.append((verb, ref))
        self.held(verb, ref)
