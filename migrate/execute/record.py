"""The record of a run, in ConfigMaps: what was planned, what was begun, what was done.

A run is ConfigMaps ``kmigrate-run-ID-N`` in KServe's namespace. Chunk 0 is the head and
holds the journal; chunks 1 to ``chunks`` hold the plan, gzipped. The head is written last:
a run exists when its head does. The journal remembers; where an operation stands is read
from the cluster.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from migrate.cluster.port import Cluster
from migrate.errors import BlockedError, InvalidError, LockedError
from migrate.execute import chunks
from migrate.execute.chunks import PART_LABEL
from migrate.execute.run import FORMAT, Entry, Head, Run
from migrate.objects import Manifest, ObjectRef, canonical

RUN_LABEL = "kmigrate.dev/run"
HEAD = "head"


def name_of(run_id: str, chunk: int | str) -> str:
    """Return the name of a run's ConfigMap."""
    return f"kmigrate-run-{run_id}-{chunk}"


def ref_of_head(run: Run) -> ObjectRef:
    """Return the reference of the ConfigMap that holds the journal."""
    return _ref(run.namespace, run.head.id, 0)


def _ref(namespace: str, run_id: str, chunk: int | str) -> ObjectRef:
    return chunks.ref_of(namespace, name_of(run_id, chunk))


def create(cluster: Cluster, namespace: str, head: Head, payload: bytes, first: Entry) -> Run:
    """Write the record of a new run, its head last. ``payload`` is the plan's bytes."""
    for number, part in enumerate(chunks.split(payload), start=1):
        body = chunks.binary("plan", part)
        chunks.create(cluster, _config_map(namespace, head.id, number, "plan", body))
    data = {"head": msgspec.json.encode(head).decode(), "journal": _line(first)}
    chunks.create(cluster, _config_map(namespace, head.id, 0, HEAD, {"data": data}))
    return _run(namespace, cluster.get(_ref(namespace, head.id, 0)))


def create_part(cluster: Cluster, run: Run, name: str, kind: str, packed: bytes) -> None:
    """Write one more ConfigMap of a run; ``kind`` is the key of its data, and its label."""
    body = chunks.binary(kind, packed)
    chunks.create(cluster, _config_map(run.namespace, run.head.id, name, kind, body))


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
    selector = chunks.selector(f"{PART_LABEL}={HEAD}")
    heads = cluster.list("v1", "ConfigMap", dict, namespace=namespace, selector=selector)
    return sorted((_run(namespace, head) for head in heads), key=lambda run: run.place)


def payload_of(cluster: Cluster, run: Run) -> bytes:
    """Return the plan's bytes. Raise BlockedError where a chunk is lost or was changed."""
    return unpacked(cluster, run, range(1, run.head.chunks + 1), run.head.digest)


def unpacked(cluster: Cluster, run: Run, names: Iterable[int | str], digest: str) -> bytes:
    """Return what these ConfigMaps of a run hold together, of that digest. Raise as payload_of."""
    what = f"run {run.head.id}: its record is damaged"
    refs = (_ref(run.namespace, run.head.id, name) for name in names)
    return chunks.unpacked((chunks.piece_in(cluster, ref, what) for ref in refs), digest, what)


def sweep(cluster: Cluster, namespace: str) -> None:
    """Delete chunks without a head: their run was stopped before it began.

    To be called by the holder of the Lease only.
    """
    chunks.delete(cluster, namespace, chunks.headless(cluster, namespace, RUN_LABEL, HEAD))


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
    labels = {RUN_LABEL: run_id, PART_LABEL: part}
    return chunks.config_map(namespace, name_of(run_id, chunk), labels, body)
