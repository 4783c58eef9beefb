"""Reading what was before an upgrade: a checkpoint, a file, or what the cluster still knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import Cluster
from migrate.commands.reading import read_snapshot
from migrate.errors import BlockedError, StaleError
from migrate.kserve import terms
from migrate.objects import Manifest
from migrate.planning.former.former import Former, Source
from migrate.planning.former.formersnapshot import from_snapshot
from migrate.planning.model.checkpoint import Checkpoint
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


def of_checkpoint(found: Checkpoint, now: Snapshot) -> Former:
    """Return what a checkpoint tells. Raise StaleError where it is of another cluster."""
    if found.cluster_uid and now.cluster_uid and found.cluster_uid != now.cluster_uid:
        raise StaleError(
            f"checkpoint {found.name} is of another cluster, uid {found.cluster_uid}; this one has "
            f"uid {now.cluster_uid}",
            "choose the right --context, or another checkpoint: kmigrate status",
        )
    source = Source(found.created, f"checkpoint {found.name} of KServe {found.release}")
    objects = [found.config, *found.runtimes, *_system(found.cluster_uid)]
    installed = snapshot_of(objects, found.kserve_namespace, found.release, source.text)
    snapshot = replace(installed, services=found.services)
    images = ((one.service, one.image or one.resolved) for one in found.meanings)
    return from_snapshot(snapshot, source, {ref: image for ref, image in images if image})


def _system(uid: str) -> Iterator[Manifest]:
    if uid:
        meta = {"name": "kube-system", "uid": uid}
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def snapshot_of(objects: list[Manifest], namespace: str, release: str, name: str) -> Snapshot:
    """Return the cluster that these objects are. Raise BlockedError as ``read_snapshot`` does."""
    return read_snapshot(MemoryCluster(objects, name=name), namespace, release)


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
