"""What a checkpoint says of the images before an upgrade."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from migrate.cluster.memory import MemoryCluster
from migrate.commands.reading import read_snapshot
from migrate.errors import StaleError
from migrate.objects import Manifest
from migrate.planning.former.former import Former, Source
from migrate.planning.former.formersnapshot import from_snapshot
from migrate.planning.model.checkpoint import Checkpoint
from migrate.planning.world.snapshot import Snapshot


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
