"""Checkpoints in a cluster as the verbs know them: found by name, read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from migrate.cluster.port import Cluster
from migrate.commands.checkpointreading import Text, contents, refuse_newer, whole
from migrate.commands.installed import cluster_uid
from migrate.errors import BlockedError, StaleError, UsageError
from migrate.execute import checkpoints
from migrate.execute.checkpoints import CheckpointRow, names
from migrate.planning.model.checkpoint import Checkpoint, Contents
from migrate.planning.model.checkpointtext import CheckpointText
from migrate.planning.model.fields import nearest

__all__ = [
    "contents_of",
    "find",
    "names",
    "read",
    "refuse_other_cluster",
    "row_of",
    "text_of",
]

SHOWN = "its file has the same: kmigrate status {}"
"""What to type where a checkpoint of the cluster is damaged; ``{}`` is its file."""
_FILE = "kmigrate-checkpoint-{}.json.gz"


def read(cluster: Cluster, namespace: str, name: str, instead: str = SHOWN) -> Checkpoint:
    """Return a checkpoint. ``instead`` is what to type where it is damaged: see ``SHOWN``.

    Raise UsageError where there is none of that name, BlockedError where a chunk is lost or was
    changed, and where a newer kmigrate wrote it.
    """
    row = find(cluster, namespace, name, instead)
    return whole(text_of(cluster, namespace, row, instead), f"checkpoint {row.name}")


def contents_of(
    cluster: Cluster, namespace: str, row: CheckpointRow, instead: str = SHOWN
) -> Contents:
    """Return a checkpoint without its services. Raise as ``read``."""
    return contents(text_of(cluster, namespace, row, instead), f"checkpoint {row.name}")


def text_of(cluster: Cluster, namespace: str, row: CheckpointRow, instead: str = SHOWN) -> Text:
    """Return the text of a checkpoint. Raise BlockedError where it is damaged, now or later."""
    hint = instead.format(_FILE.format(row.name))
    with _hinting(hint):
        packed = checkpoints.packed_of(cluster, namespace, row)

    def lines() -> Iterator[bytes]:
        with _hinting(hint):
            yield from checkpoints.lines_of(packed, row)

    return lines


@contextmanager
def _hinting(hint: str) -> Iterator[None]:
    try:
        yield
    except BlockedError as error:
        error.hint = hint
        raise


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
    refuse_newer(row.format, row.version, f"checkpoint {name}")
    return row


def _others(known: Collection[str]) -> str:
    if known:
        return "kmigrate status lists them"
    return "kmigrate plan --from-history, where nobody made one"


def row_of(checkpoint: Contents, text: CheckpointText) -> CheckpointRow:
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
