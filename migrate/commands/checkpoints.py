"""Checkpoints as the verbs know them: written to a cluster, found in it by name, read."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

import msgspec

from migrate.cluster.port import Cluster
from migrate.commands.installed import cluster_uid
from migrate.errors import BlockedError, StaleError, UsageError
from migrate.execute import checkpoints
from migrate.execute.checkpoints import CheckpointRow, names
from migrate.execute.packing import Packed, Packer
from migrate.planning.checkpoint import FORMAT, Checkpoint, Contents
from migrate.planning.checkpointtext import CheckpointText
from migrate.planning.fields import nearest

__all__ = [
    "content_of",
    "decode",
    "find",
    "names",
    "packed",
    "read",
    "refuse_other_cluster",
    "row_of",
    "write",
]

T = TypeVar("T")
SHOWN = "its file has the same: kmigrate status {}"
"""What to type where a checkpoint of the cluster is damaged; ``{}`` is its file."""
_FILE = "kmigrate-checkpoint-{}.json.gz"
OTHERS = "take another copy, or one in the cluster: kmigrate status lists them"
"""What there is beside a file that is no checkpoint."""


def write(cluster: Cluster, checkpoint: Checkpoint) -> None:
    """Save a checkpoint in KServe's namespace. Raise BlockedError where its name is taken."""
    row, content = packed(checkpoint)
    checkpoints.store(cluster, checkpoint.kserve_namespace, row, content)


def read(cluster: Cluster, namespace: str, name: str, instead: str = SHOWN) -> Checkpoint:
    """Return a checkpoint, whole. ``instead`` is what to type where it is damaged: see ``SHOWN``.

    Raise UsageError where there is none of that name, BlockedError where a chunk is lost or was
    changed, and where a newer kmigrate wrote it.
    """
    row = find(cluster, namespace, name, instead)
    return content_of(cluster, namespace, row, Checkpoint, instead)


def content_of(
    cluster: Cluster, namespace: str, row: CheckpointRow, into: type[T], instead: str = SHOWN
) -> T:
    """Return as much of a checkpoint as ``into`` has fields for. Raise as ``read``."""
    try:
        payload = checkpoints.payload_of(cluster, namespace, row)
    except BlockedError as error:
        error.hint = instead.format(_FILE.format(row.name))
        raise
    return decode(payload, f"checkpoint {row.name}", into)


def find(cluster: Cluster, namespace: str, name: str, instead: str = SHOWN) -> CheckpointRow:
    """Return what the head of a checkpoint says. Raise as ``read``."""
    known = {row.name: row for row in names(cluster, namespace)}
    if name not in known:
        near = nearest(name, known)
        meant = f"did you mean {near}?" if near else f"there are: {', '.join(known) or 'none'}"
        raise UsageError(f"no checkpoint {name}; {meant}", _others(known))
    row = known[name]
    if row.trouble:
        hint = instead.format(_FILE.format(name))
        raise BlockedError(f"checkpoint {name}: it is damaged: {row.trouble}", hint)
    _refuse_newer(row.format, row.version, f"checkpoint {name}")
    return row


def _others(known: Collection[str]) -> str:
    if known:
        return "kmigrate status lists them"
    return "kmigrate plan --from-history, where nobody made one"


def packed(checkpoint: Checkpoint) -> tuple[CheckpointRow, Packed]:
    """Return a checkpoint as it is stored, with what its head says."""
    packer = Packer()
    text = CheckpointText(packer.add)
    for manifest in (*checkpoint.services, *checkpoint.runtimes):
        text.keep(manifest)
    text.end(checkpoint, checkpoint.meanings)
    content = packer.end()
    return checkpoints.described(row_of(checkpoint, text), content), content


def row_of(checkpoint: Checkpoint, text: CheckpointText) -> CheckpointRow:
    """Return what the head of a checkpoint says, but for its content."""
    return CheckpointRow(
        name=checkpoint.name,
        created=checkpoint.created,
        release=checkpoint.release,
        services=text.services,
        runtimes=text.runtimes,
        unresolved=text.unresolved,
        operator=checkpoint.operator,
        version=checkpoint.version,
        cluster_uid=checkpoint.cluster_uid,
        format=checkpoint.format,
    )


class _Form(msgspec.Struct):
    """What tells whether the rest can be read."""

    kind: str
    format: int = 0
    version: str = "(unknown)"


def decode(payload: bytes, what: str, into: type[T]) -> T:
    """Return a checkpoint, or as much of it as ``into`` has fields for.

    ``what`` is what a person calls it. Raise BlockedError where it is none, or a newer kmigrate
    wrote it.
    """
    try:
        form = msgspec.json.decode(payload, type=_Form)
        if form.kind != "Checkpoint":
            raise BlockedError(f"{what}: expected a Checkpoint, found a {form.kind}", OTHERS)
        _refuse_newer(form.format, form.version, what)
        return msgspec.json.decode(payload, type=into)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BlockedError(f"{what}: expected a checkpoint, found: {error}", OTHERS) from error


def _refuse_newer(found: int, version: str, what: str) -> None:
    if found > FORMAT:
        raise BlockedError(
            f"{what}: expected a checkpoint of format {FORMAT}, found format {found}, "
            f"written by kmigrate {version}",
            f"use kmigrate {version} or a newer one",
        )


def refuse_other_cluster(checkpoint: Contents, cluster: Cluster) -> None:
    """Raise StaleError where the checkpoint was made of another cluster."""
    found = cluster_uid(cluster)
    if checkpoint.cluster_uid != found:
        raise StaleError(
            f"checkpoint {checkpoint.name} is of another cluster, "
            f"uid {checkpoint.cluster_uid or '(none)'}; this is {cluster.name}, "
            f"uid {found or '(none)'}",
            "choose the right --context; kmigrate status lists the checkpoints of a cluster",
        )
