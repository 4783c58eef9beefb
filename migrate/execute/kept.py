"""What a forced rollback writes over, kept in the record of its run.

It lies in ConfigMaps ``kmigrate-run-ID-overwritten-DIGEST-N`` beside the run's own, gzipped as the
plan is: what has the same name is the same. They are written before the line of the journal that
names them, and that before the first write of the rollback.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from migrate.cluster.port import Cluster
from migrate.errors import BlockedError
from migrate.execute import chunks, record
from migrate.execute.run import Entry, Parts, Run
from migrate.objects import canonical, sha256
from migrate.operations.overwritten import Overwritten

PART = "overwritten"


def keep(cluster: Cluster, run: Run, found: Sequence[Overwritten]) -> Parts | None:
    """Write the values to the record; return where they are, None where there are none."""
    if not found:
        return None
    payload = canonical(found)
    packed = chunks.split(payload)
    parts = Parts(sha256(payload), len(packed))
    for name, part in zip(_names(parts), packed, strict=True):
        record.create_part(cluster, run, name, PART, part)
    return parts


def kept_in(cluster: Cluster, run: Run, lines: Iterable[Entry]) -> tuple[Overwritten, ...]:
    """Return what is written over by these lines of a run's journal, each value once.

    Raise BlockedError where a ConfigMap of it is lost, or was changed.
    """
    noted = dict.fromkeys(entry.overwritten for entry in lines if entry.overwritten)
    return tuple(one for parts in noted for one in _decoded(cluster, run, parts))


def _decoded(cluster: Cluster, run: Run, parts: Parts) -> tuple[Overwritten, ...]:
    payload = record.unpacked(cluster, run, _names(parts), parts.digest)
    try:
        return msgspec.json.decode(payload, type=tuple[Overwritten, ...])
    except msgspec.MsgspecError as error:
        raise BlockedError(
            f"run {run.head.id}: expected the values that it overwrote, found: {error}",
            "use the kmigrate that wrote it",
        ) from error


def _names(parts: Parts) -> list[str]:
    short = parts.digest.removeprefix("sha256:")[:12]
    return [f"{PART}-{short}-{number + 1}" for number in range(parts.number)]
