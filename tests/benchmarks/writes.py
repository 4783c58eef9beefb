"""Writes to the stand-in, judged by the rules that the contract tests hold to a real API server."""

from __future__ import annotations

import itertools
from threading import Lock

import msgspec

from migrate.cluster import rules
from migrate.cluster.resources import Resource
from migrate.errors import ConflictError, NotFoundError
from migrate.objects import Json, Manifest, canonical
from tests.benchmarks.store import Store

APPLY = "application/apply-patch+yaml"
_NOW = "2025-01-01T00:00:00Z"
_FIRST_VERSION = 900_000_001


class Writes:
    """What creates and patches objects of a store, one at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._numbers = itertools.count(_FIRST_VERSION)

    def create(self, resource: Resource, manifest: Manifest) -> bytes:
        """Create and return an object. Raise ConflictError where it is there."""
        new = rules.created(resource, manifest)
        meta = new["metadata"]
        with self._lock:
            if self._store.one(resource, meta.get("namespace", ""), meta["name"]) is not None:
                raise ConflictError(f"{resource.full_name} {meta['name']!r} already exists")
            number = next(self._numbers)
            meta |= {"uid": f"00000000-0000-4000-8000-{number:012d}", "creationTimestamp": _NOW}
            return self._put(new, number)

    def patch(
        self, resource: Resource, namespace: str, name: str, body: Json, body_type: str
    ) -> bytes:
        """Patch and return an object; a server-side apply creates one that is not there."""
        item, _, subresource = name.partition("/")
        found = self._store.one(resource, namespace, item)
        if found is None and body_type == APPLY:
            return self.create(resource, body)
        with self._lock:
            found = self._store.one(resource, namespace, item)
            if found is None:
                raise NotFoundError(f"{resource.full_name} {item!r} not found")
            old = msgspec.json.decode(found)
            return self._put(rules.patched(resource, old, body, subresource), next(self._numbers))

    def _put(self, manifest: Manifest, number: int) -> bytes:
        meta = {**manifest["metadata"], "resourceVersion": str(number)}
        stored = {**manifest, "metadata": meta}
        self._store.put(stored)
        return canonical(stored)
