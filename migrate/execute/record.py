"""The record of a run, in ConfigMaps: what was planned, what was begun, what was done.

A run is ConfigMaps ``kmigrate-run-ID-N`` in KServe's namespace. Chunk 0 is the head and
holds the journal; chunks 1 to ``chunks`` hold the plan, gzipped. The head is written last:
a run exists when its head does. The journal remembers; where an operation stands is read
from the cluster.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable
from contextlib import suppress

import msgspec

from migrate.cluster.port import Cluster
from migrate.errors import (
    BlockedError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    LockedError,
    NotFoundError,
)
from migrate.execute.run import FORMAT, Entry, Head, Run
from migrate.objects import Manifest, ObjectRef, canonical, sha256

RUN_LABEL = "kmigrate.dev/run"
PART_LABEL = "kmigrate.dev/part"
OWNER_LABEL = "app.kubernetes.io/managed-by"
CHUNK_BYTES = 256 * 1024
"""Raw bytes a chunk holds: base64 adds a third, and the API server's limit is 1 MiB."""


class ChunkMeta(msgspec.Struct, frozen=True, rename="camel"):
    """What is read of a chunk's metadata to find those that nobody needs."""

    name: str
    uid: str
    resource_version: str
    labels: dict[str, str]

    @property
    def run(self) -> str:
        """The id of the run that the chunk belongs to."""
        return self.labels.get(RUN_LABEL, "")


class Chunk(msgspec.Struct, frozen=True):
    """A ConfigMap of a record, without its content."""

    metadata: ChunkMeta


def name_of(run_id: str, chunk: int | str) -> str:
    """Return the name of a run's ConfigMap."""
    return f"kmigrate-run-{run_id}-{chunk}"


def ref_of_head(run: Run) -> ObjectRef:
    """Return the reference of the ConfigMap that holds the journal."""
    return _ref(run.namespace, run.head.id, 0)


def _ref(namespace: str, run_id: str, chunk: int | str) -> ObjectRef:
    return ObjectRef("v1", "ConfigMap", name_of(run_id, chunk), namespace)


def create(cluster: Cluster, namespace: str, head: Head, payload: bytes, first: Entry) -> Run:
    """Write the record of a new run, its head last. ``payload`` is the plan's bytes."""
    for number, part in enumerate(split(payload), start=1):
        body = {"binaryData": {"plan": base64.b64encode(part).decode()}}
        _create(cluster, _config_map(namespace, head.id, number, "plan", body))
    data = {"head": msgspec.json.encode(head).decode(), "journal": _line(first)}
    _create(cluster, _config_map(namespace, head.id, 0, "head", {"data": data}))
    return _run(namespace, cluster.get(_ref(namespace, head.id, 0)))


def create_part(cluster: Cluster, run: Run, name: str, kind: str, packed: bytes) -> None:
    """Write one more ConfigMap of a run; ``kind`` is the key of its data, and its label."""
    body = {"binaryData": {kind: base64.b64encode(packed).decode()}}
    _create(cluster, _config_map(run.namespace, run.head.id, name, kind, body))


def split(payload: bytes) -> list[bytes]:
    """Return the gzipped payload in pieces; equal payloads give equal pieces."""
    packed = gzip.compress(payload, mtime=0)
    return [packed[i : i + CHUNK_BYTES] for i in range(0, len(packed), CHUNK_BYTES)]


def append(cluster: Cluster, run: Run, *entries: Entry) -> Run:
    """Add lines to the journal by one request. Raise LockedError where another wrote to it."""
    ref = _ref(run.namespace, run.head.id, 0)
    before = "".join(_line(e) for e in run.journal)
    after = before + "".join(_line(e) for e in entries)
    test = {"op": "test", "path": "/data/journal", "value": before}
    try:
        cluster.patch(ref, [test, {"op": "replace", "path": "/data/journal", "value": after}])
    except InvalidError as error:
        if cluster.get(ref)["data"]["journal"] != after:  # else its answer got lost, not the write
            raise LockedError(f"{ref}: somebody else wrote to the journal") from error
    return msgspec.structs.replace(run, journal=(*run.journal, *entries))


def runs(cluster: Cluster, namespace: str) -> list[Run]:
    """Return the runs recorded in the namespace, the oldest first.

    Raise BlockedError where a head cannot be read, or is of a newer format.
    """
    heads = cluster.list(
        "v1", "ConfigMap", dict, namespace=namespace, selector=_selector(f"{PART_LABEL}=head")
    )
    return sorted((_run(namespace, head) for head in heads), key=lambda run: run.place)


def payload_of(cluster: Cluster, run: Run) -> bytes:
    """Return the plan's bytes. Raise BlockedError where a chunk is lost or was changed."""
    return unpacked(cluster, run, range(1, run.head.chunks + 1), run.head.digest)


def unpacked(cluster: Cluster, run: Run, names: Iterable[int | str], digest: str) -> bytes:
    """Return what these ConfigMaps of a run hold together, of that digest. Raise as payload_of."""
    packed = b"".join(_part(cluster, run, name) for name in names)
    try:
        payload = gzip.decompress(packed)
    except (OSError, EOFError) as error:
        raise _damaged(run, f"it cannot be unpacked ({error})") from error
    if sha256(payload) != digest:
        raise _damaged(run, f"its digest is {sha256(payload)}, expected {digest}")
    return payload


def orphans(cluster: Cluster, namespace: str) -> list[ChunkMeta]:
    """Return chunks without a head: their run was stopped before it began."""
    chunks = list(cluster.list("v1", "ConfigMap", Chunk, namespace=namespace, selector=_selector()))
    headed = {c.metadata.run for c in chunks if c.metadata.labels.get(PART_LABEL) == "head"}
    return [c.metadata for c in chunks if c.metadata.run not in headed]


def sweep(cluster: Cluster, namespace: str) -> None:
    """Delete the orphans. To be called by the holder of the Lease only.

    Who may not delete leaves them: they are in nobody's way.
    """
    for meta in orphans(cluster, namespace):
        ref = ObjectRef("v1", "ConfigMap", meta.name, namespace)
        with suppress(ForbiddenError):
            cluster.delete(ref, uid=meta.uid, resource_version=meta.resource_version)


def _part(cluster: Cluster, run: Run, name: int | str) -> bytes:
    ref = _ref(run.namespace, run.head.id, name)
    try:
        [packed] = cluster.get(ref)["binaryData"].values()
        return base64.b64decode(packed)
    except (NotFoundError, KeyError, ValueError) as error:
        raise _damaged(run, f"{ref} is missing or not readable") from error


def _damaged(run: Run, why: str) -> BlockedError:
    return BlockedError(f"run {run.head.id}: its record is damaged: {why}")


def _selector(*more: str) -> str:
    return ",".join((f"{OWNER_LABEL}=kmigrate", *more))


def _run(namespace: str, manifest: Manifest) -> Run:
    name = manifest["metadata"]["name"]
    try:
        data = manifest["data"]
        _refuse_newer(msgspec.json.decode(data["head"], type=_Marked), namespace, name)
        head = msgspec.json.decode(data["head"], type=Head)
        lines = data["journal"].splitlines()
        journal = tuple(msgspec.json.decode(line, type=Entry) for line in lines)
    except (KeyError, msgspec.MsgspecError) as error:
        raise BlockedError(
            f"ConfigMap {namespace}/{name}: expected the record of a run, found: {error}",
            f"if it cannot be mended: kubectl delete configmap -n {namespace} {name}",
        ) from error
    if not journal:
        raise BlockedError(
            f"ConfigMap {namespace}/{name}: expected the journal of a run, found no entry",
            f"if it cannot be mended: kubectl delete configmap -n {namespace} {name}",
        )
    return Run(namespace, head, journal, manifest["metadata"].get("creationTimestamp", ""))


class _Marked(msgspec.Struct, frozen=True):
    """What a head of any format says of itself."""

    format: str = FORMAT
    version: str = "(unknown)"


def _refuse_newer(head: _Marked, namespace: str, name: str) -> None:
    if head.format != FORMAT:
        raise BlockedError(
            f"ConfigMap {namespace}/{name}: expected a record of format {FORMAT}, found "
            f"{head.format}, written by kmigrate {head.version}",
            "use the kmigrate that wrote it, or a later one",
        )


def _line(entry: Entry) -> str:
    return canonical(entry).decode() + "\n"


def _config_map(
    namespace: str, run_id: str, chunk: int | str, part: str, body: Manifest
) -> Manifest:
    labels = {OWNER_LABEL: "kmigrate", RUN_LABEL: run_id, PART_LABEL: part}
    meta = {"name": name_of(run_id, chunk), "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, **body}


def _create(cluster: Cluster, manifest: Manifest) -> None:
    """Create a chunk; the id is ours alone, so one that is there was written by ourselves."""
    try:
        cluster.create(manifest)
    except ConflictError:
        return
