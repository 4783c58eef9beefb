"""Reading what was before an upgrade: a checkpoint, a file, or what the cluster still knows."""

from __future__ import annotations

from pathlib import Path

import msgspec

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import Cluster
from migrate.commands.formercheckpoint import of_checkpoint
from migrate.commands.reading import read_snapshot
from migrate.errors import BlockedError
from migrate.kserve import terms
from migrate.objects import Manifest
from migrate.planning.former.former import Former, Source
from migrate.planning.former.formersnapshot import from_snapshot
from migrate.planning.model.formerof import FILE, HISTORY, FormerOf
from migrate.planning.stock.reach import nearest_reader
from migrate.planning.world.snapshot import Snapshot

DAMAGED = (
    "its file has the same: kmigrate plan --from-checkpoint {}; without it: kmigrate plan "
    "--from-history"
)


def read_former(cluster: Cluster, asked: FormerOf, now: Snapshot) -> Former:
    """Return what was. ``now`` is the cluster of now.

    Raise UsageError for a file that is neither a checkpoint nor a backup, BlockedError where the
    source is damaged, newer, or does not tell its release, StaleError for another cluster's
    checkpoint, and the ApiError classes.
    """
    kind, _, name = asked.source.partition(" ")
    if kind == HISTORY:
        from migrate.commands.history import read_history  # noqa: PLC0415 -- seldom needed

        return read_history(cluster, asked, now)
    if kind == FILE:
        return _of_file(Path(name), asked, now)
    from migrate.commands import checkpoints  # noqa: PLC0415 -- seldom needed

    return of_checkpoint(checkpoints.read(cluster, now.namespace, name, DAMAGED), now)


def _of_file(path: Path, asked: FormerOf, now: Snapshot) -> Former:
    from migrate.commands import checkpointfiles  # noqa: PLC0415 -- seldom needed

    if checkpointfiles.is_checkpoint(path):
        return of_checkpoint(checkpointfiles.load(path), now)
    from migrate.cluster.snapshot import load  # noqa: PLC0415 -- YAML is slow to import

    return _of_backup(load(path), path, asked, now.namespace)


def _of_backup(backup: MemoryCluster, path: Path, asked: FormerOf, namespace: str) -> Former:
    found = read_snapshot(backup, namespace, asked.release)
    text = (found.config.get("data") or {}).get(terms.PREDICTORS_KEY)
    gaps: tuple[str, ...] = ()
    if not asked.release and (found.release is None or found.doubts):
        likely = nearest_reader(text)
        guess = str(likely or found.release or "")
        found = read_snapshot(backup, namespace, guess)
        by = "its predictors are nearest to that" if likely else "; ".join(found.doubts)
        gaps = (f"{path} does not tell its release, KServe {guess} is assumed: {by}",)
    if found.rules is None:
        raise BlockedError(
            f"{path}: expected a backup that tells its KServe release, found none that is known",
            "--former-release X.Y.Z says which KServe ran then",
        )
    source = Source(_newest(found.config), f"backup {path} of KServe {found.release}")
    told = from_snapshot(found, source)
    return msgspec.structs.replace(told, gaps=(*told.gaps, *gaps))


def _newest(config: Manifest) -> str:
    """Return when the ConfigMap was last written; the backup itself has no date."""
    meta = config["metadata"]
    times = [str(one.get("time") or "") for one in meta.get("managedFields") or ()]
    return max([*times, meta.get("creationTimestamp") or ""])
