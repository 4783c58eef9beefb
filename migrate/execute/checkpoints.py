"""Checkpoints in ConfigMaps: where they lie, which are there, and what is left of torn ones.

A checkpoint is ConfigMaps in KServe's namespace with the label ``kmigrate.dev/checkpoint=NAME``.
``kmigrate-checkpoint-NAME-0`` is the head and describes it; ``kmigrate-checkpoint-NAME-DIGEST-N``
hold its gzipped content, N from 1. The head is written last: a checkpoint exists when its head
does. The digest in the names is that of the content, so that two writers of one name, or one
that was killed and begins again, never mix their chunks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import msgspec

from migrate.cluster.patience import patiently
from migrate.cluster.port import Cluster
from migrate.errors import BlockedError, ConflictError
from migrate.execute import chunks
from migrate.execute.chunks import PART_LABEL
from migrate.execute.packing import Packed, lines_in
from migrate.objects import Manifest, ObjectRef, canonical, sha256

LABEL = "kmigrate.dev/checkpoint"
HEAD, CONTENT = "checkpoint", "content"
IN_WORK = timedelta(minutes=10)
"""Chunks without a head that are younger may be those of a checkpoint that is being written."""


class CheckpointRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the head of a checkpoint says of it.

    ``created`` is RFC 3339 in UTC, by the clock of who made it. ``services`` and ``runtimes`` are
    counted; ``unresolved`` are the services whose next image could not be told. ``size`` is in
    bytes, packed; ``pieces`` are the digests of the chunks, ``digest`` that of the content.
    ``trouble`` says why it cannot be read; then all that is known beside its name may be empty.
    """

    name: str
    created: str = ""
    release: str = ""
    services: int = 0
    runtimes: int = 0
    unresolved: int = 0
    operator: str = ""
    version: str = ""
    cluster_uid: str = ""
    size: int = 0
    digest: str = ""
    pieces: tuple[str, ...] = ()
    format: int = 0
    trouble: str = ""


def ref_of_head(namespace: str, name: str) -> ObjectRef:
    """Return the reference of the ConfigMap that describes a checkpoint."""
    return chunks.ref_of(namespace, f"kmigrate-checkpoint-{name}-0")


def names(cluster: Cluster, namespace: str) -> list[CheckpointRow]:
    """Return the checkpoints in the namespace, the oldest first by the API server's clock."""
    selector = chunks.selector(LABEL, f"{PART_LABEL}={HEAD}")
    heads = list(cluster.list("v1", "ConfigMap", dict, namespace=namespace, selector=selector))
    return [_row(head) for head in sorted(heads, key=_place)]


def described(row: CheckpointRow, packed: Packed) -> CheckpointRow:
    """Return the row with what it says of its content."""
    digests = tuple(map(sha256, packed.pieces))
    return msgspec.structs.replace(
        row, size=packed.size, digest=packed.digest, pieces=digests, trouble=""
    )


def store(cluster: Cluster, namespace: str, row: CheckpointRow, packed: Packed) -> datetime | None:
    """Write a checkpoint; return when, by the API server's clock, None where it has none.

    Raise BlockedError where one of that name is there.
    """
    row = described(row, packed)
    for number, piece in enumerate(packed.pieces, start=1):
        made = _config_map(namespace, _chunk(row, number), row.name, CONTENT)
        # What has the name has the content: unlike other writes this one can be repeated.
        patiently(partial(_add, cluster, made, piece))
    head = _config_map(namespace, ref_of_head(namespace, row.name).name, row.name, HEAD)
    return _time(patiently(partial(_begin, cluster, head, row))["metadata"])


def packed_of(cluster: Cluster, namespace: str, row: CheckpointRow) -> bytes:
    """Return the packed content. Raise BlockedError that names a chunk lost or changed."""
    what = _damaged(row)
    pieces = []
    for number, digest in enumerate(row.pieces, start=1):
        ref = chunks.ref_of(namespace, _chunk(row, number))
        piece = chunks.piece_in(cluster, ref, what)
        if sha256(piece) != digest:
            raise BlockedError(f"{what}: {ref} was changed: its digest is not {digest}")
        pieces.append(piece)
    return b"".join(pieces)


def lines_of(packed: bytes, row: CheckpointRow) -> Iterator[bytes]:
    """Yield the lines of the content. Raise BlockedError, at the end if not before, if damaged."""
    return lines_in(packed, row.digest, _damaged(row))


def _damaged(row: CheckpointRow) -> str:
    return f"checkpoint {row.name}: it is damaged"


def sweep(cluster: Cluster, namespace: str, now: datetime) -> None:
    """Delete what is left of checkpoints that were stopped before their head.

    ``now`` is by the API server's clock; what is younger than ``IN_WORK`` stays.
    """
    left = chunks.headless(cluster, namespace, LABEL, HEAD)
    old = [meta for meta in left if _is_old(meta.creation_timestamp, now)]
    chunks.delete(cluster, namespace, old)


def _is_old(created: str, now: datetime) -> bool:
    return bool(created) and now - datetime.fromisoformat(created) > IN_WORK


def _chunk(row: CheckpointRow, number: int) -> str:
    short = row.digest.removeprefix("sha256:")[:12]
    return f"kmigrate-checkpoint-{row.name}-{short}-{number}"


def _config_map(namespace: str, name: str, checkpoint: str, part: str) -> Manifest:
    labels = {LABEL: checkpoint, PART_LABEL: part}
    return chunks.config_map(namespace, name, labels, {})


def _add(cluster: Cluster, made: Manifest, piece: bytes) -> None:
    chunks.create(cluster, {**made, **chunks.binary(CONTENT, piece)})


def _begin(cluster: Cluster, head: Manifest, row: CheckpointRow) -> Manifest:
    """Write the head; one with the same content is ours, and its answer got lost."""
    try:
        return cluster.create({**head, "data": {HEAD: canonical(row).decode()}})
    except ConflictError as error:
        found = cluster.get(chunks.ref_of(head["metadata"]["namespace"], head["metadata"]["name"]))
        if _row(found) == row:
            return found
        raise taken(row.name) from error


def taken(name: str) -> BlockedError:
    """Return the error of a name that a checkpoint has already."""
    return BlockedError(
        f"checkpoint {name}: there is one of this name already",
        f"choose another name; kmigrate status {name} shows that one",
    )


def _row(head: Manifest) -> CheckpointRow:
    name = head["metadata"]["labels"][LABEL]
    try:
        return msgspec.json.decode(head["data"][HEAD], type=CheckpointRow)
    except (KeyError, msgspec.MsgspecError) as error:
        created = head["metadata"].get("creationTimestamp", "")
        what = "none" if isinstance(error, KeyError) else f"what cannot be read: {error}"
        found = f"ConfigMap {head['metadata']['name']}: expected its description, found {what}"
        return CheckpointRow(name=name, created=created, trouble=found)


def _place(head: Manifest) -> tuple[str, str]:
    meta = head["metadata"]
    return (meta.get("creationTimestamp", ""), meta["name"])


def _time(meta: Manifest) -> datetime | None:
    created = meta.get("creationTimestamp")
    return datetime.fromisoformat(created) if created else None
