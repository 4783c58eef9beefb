"""A cluster in memory that answers as the API server does, alone or over another cluster."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from heapq import merge
from threading import Lock
from typing import TypeVar

import msgspec

from migrate.cluster import rules
from migrate.cluster.decoding import decoded
from migrate.cluster.port import Cluster, JsonPatch
from migrate.cluster.resources import Resource, is_name, resource_of
from migrate.errors import ConflictError, InvalidError, NotFoundError
from migrate.objects import Manifest, ObjectRef, canonical

T = TypeVar("T")

_UIDS = uuid.UUID("7f0c6a52-9a4e-4c6f-8d0b-6b6d69677261")


class MemoryCluster:
    """Objects in memory, with uid, resourceVersion, generation and the API server's refusals.

    ``objects`` are taken as they are: a missing uid is derived from the name, a missing
    resourceVersion counted up, a missing generation is 1. What is stored shares nothing with
    what goes in or comes out. Safe for several threads.

    Over a ``base`` reads go there, until an object is written: then it is copied. The base is
    never written, and its lists pass through without being kept.

    Unlike an API server it knows no schemas, no defaults and no webhooks, serves all kinds of
    ``resources``, needs no Namespace for what is in it, and keeps no managedFields.
    """

    def __init__(
        self,
        objects: Iterable[Manifest] = (),
        *,
        base: Cluster | None = None,
        name: str = "memory",
    ) -> None:
        self._base = base
        self._name = name
        # By kind and key, as JSON; None where an object of the base is deleted.
        self._stored: dict[Resource, dict[str, bytes | None]] = {}
        self._version = 0
        self._lock = Lock()
        self._load(objects)

    @property
    def controllers_act(self) -> bool:
        """Nobody acts on what is written here."""
        return False

    @property
    def name(self) -> str:
        """What a person calls this cluster."""
        return self._name

    def apart(self) -> Cluster | None:
        """Return the base's, as long as nothing is written; see the port."""
        return None if self._base is None or self._stored else self._base.apart()

    def get(self, ref: ObjectRef) -> Manifest:
        """Return the object as it is; see the port."""
        return self._live(ref, self._below(ref))

    def list(
        self, api_version: str, kind: str, into: type[T], *, namespace: str = "", selector: str = ""
    ) -> Iterator[T]:
        """Yield the objects of a kind as they are when the list begins; see the port."""
        resource = resource_of(api_version, kind)
        selects, inside = rules.selects(selector), f"{namespace}/" if resource.namespaced else ""
        with self._lock:
            stored = dict(self._stored.get(resource, {}))
        if self._base is not None and not stored:
            return self._base.list(api_version, kind, into, namespace=namespace, selector=selector)
        own = ((key, raw) for key, raw in sorted(stored.items()) if raw and selects(raw))
        mine = (pair for pair in own if not namespace or pair[0].startswith(inside))
        others = self._others(resource, stored, namespace, selector)
        return (decoded(raw, kind, into) for _, raw in merge(mine, others))

    def create(self, manifest: Manifest) -> Manifest:
        """Create and return the object; see the port."""
        resource = resource_of(manifest["apiVersion"], manifest["kind"])
        if not resource.stored:
            return self._answer(manifest)
        ref = ref_in(resource, manifest)
        below = self._below(ref)
        with self._lock:
            if self._raw(ref, below) is not None:
                raise ConflictError(f"{ref} already exists")
            new = rules.created(resource, manifest)
            new["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": _now()}
            return self._store(ref, new)

    def patch(
        self, ref: ObjectRef, patch: JsonPatch | Manifest, *, subresource: str = ""
    ) -> Manifest:
        """Patch and return the object; see the port. A patch without effect writes nothing."""
        resource, below = resource_of(ref.api_version, ref.kind), self._below(ref)
        with self._lock:
            old = self._live(ref, below)
            new = rules.patched(resource, old, patch, subresource)
            return old if canonical(new) == canonical(old) else self._store(ref, new)

    def logs(self, pod: ObjectRef, container: str, *, lines: int) -> str:
        """Return what the base has; see the port."""
        if self._base is None:
            raise NotFoundError(f"{pod}: no container runs in {self._name}")
        return self._base.logs(pod, container, lines=lines)

    def would_patch(self, ref: ObjectRef, patch: JsonPatch | Manifest) -> Manifest | None:
        """Return what the server below would store, which knows nothing of what is written here."""
        return self._base.would_patch(ref, patch) if self._base is not None else None

    def would_create(self, manifest: Manifest) -> Manifest | None:
        """Return what the server below would store, which knows nothing of what is written here."""
        return self._base.would_create(manifest) if self._base is not None else None

    def delete(self, ref: ObjectRef, *, uid: str, resource_version: str) -> None:
        """Delete that very object; see the port. With finalizers it stays, as terminating."""
        below = self._below(ref)
        with self._lock:
            old = self._live(ref, below)
            rules.check_preconditions(old, uid, resource_version)
            if not old["metadata"].get("finalizers"):
                self._put(ref, None)
            elif "deletionTimestamp" not in old["metadata"]:
                self._store(ref, rules.terminating(old, _now()))

    def _holds(self, ref: ObjectRef) -> bool:
        # Whether it was written here, so that the base's object counts no longer.
        resource, key = _place(ref)
        return key in self._stored.get(resource, {})

    def _below(self, ref: ObjectRef) -> bytes | None:
        # May be a request over the network: never made while the lock is held.
        if self._base is None or self._holds(ref):
            return None
        try:
            return canonical(self._base.get(ref))
        except NotFoundError:
            return None

    def _raw(self, ref: ObjectRef, below: bytes | None) -> bytes | None:
        resource, key = _place(ref)
        return self._stored.get(resource, {}).get(key, below)

    def _live(self, ref: ObjectRef, below: bytes | None) -> Manifest:
        raw = self._raw(ref, below)
        if raw is None:
            raise NotFoundError(f"{ref} does not exist ({self._name})")
        manifest: Manifest = msgspec.json.decode(raw)
        return manifest

    def _others(
        self, resource: Resource, stored: dict[str, bytes | None], namespace: str, selector: str
    ) -> Iterator[tuple[str, bytes]]:
        if self._base is None:
            return
        listed = self._base.list(
            resource.api_version, resource.kind, dict, namespace=namespace, selector=selector
        )
        for manifest in listed:
            key = rules.key_of(resource, manifest)
            if key not in stored:
                yield key, canonical(manifest)

    def _answer(self, question: Manifest) -> Manifest:
        if self._base is not None:
            return self._base.create(question)
        return {**question, "status": {"allowed": True}}

    def _store(self, ref: ObjectRef, manifest: Manifest) -> Manifest:
        meta = manifest["metadata"]
        if "deletionTimestamp" in meta and not meta.get("finalizers"):
            self._put(ref, None)
            return manifest
        self._version = max(self._version, _number(meta)) + 1
        raw = canonical({**manifest, "metadata": {**meta, "resourceVersion": str(self._version)}})
        self._put(ref, raw)
        stored: Manifest = msgspec.json.decode(raw)
        return stored

    def _put(self, ref: ObjectRef, raw: bytes | None) -> None:
        resource, key = _place(ref)
        objects = self._stored.setdefault(resource, {})
        objects[key] = raw
        if raw is None and self._base is None:
            del objects[key]

    def _load(self, objects: Iterable[Manifest]) -> None:
        unversioned = []
        for manifest in objects:
            resource = resource_of(manifest["apiVersion"], manifest["kind"])
            ref = ref_in(resource, manifest)
            if not manifest["metadata"].get("resourceVersion"):
                unversioned.append(ref)
            self._version = max(self._version, _number(manifest["metadata"]))
            self._put(ref, canonical(_identified(resource, ref, manifest)))
        for ref in unversioned:
            self._store(ref, self._live(ref, None))


def _identified(resource: Resource, ref: ObjectRef, manifest: Manifest) -> Manifest:
    # Derived, so that two loads of one file give one cluster.
    uid = str(uuid.uuid5(_UIDS, f"{ref.api_version} {ref}"))
    counted = {"generation": 1} if resource.generation else {}
    return {**manifest, "metadata": {"uid": uid, **counted, **manifest["metadata"]}}


def ref_in(resource: Resource, manifest: Manifest) -> ObjectRef:
    """Return the reference of a manifest of this kind. Raise InvalidError without a good name."""
    meta = manifest.get("metadata", {})
    namespace = meta.get("namespace", "") if resource.namespaced else ""
    if not is_name(meta.get("name", "")):
        raise InvalidError(f"{resource.kind}: no object can have the name {meta.get('name')!r}")
    return ObjectRef(resource.api_version, resource.kind, meta["name"], namespace)


def _place(ref: ObjectRef) -> tuple[Resource, str]:
    resource = resource_of(ref.api_version, ref.kind)
    resource.check(ref)
    return resource, f"{ref.namespace}/{ref.name}" if resource.namespaced else ref.name


def _number(meta: Manifest) -> int:
    version = meta.get("resourceVersion") or ""
    return int(version) if version.isdecimal() else 0


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
