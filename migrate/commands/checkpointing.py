"""Making a checkpoint: one reading of the cluster, packed as it comes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from migrate import __version__
from migrate.cluster.port import Cluster
from migrate.commands.carry import holder
from migrate.commands.checkpoints import row_of
from migrate.commands.longwork import long_work
from migrate.commands.making import uncollected
from migrate.commands.noting import Noting
from migrate.commands.reading import read_snapshot
from migrate.errors import BlockedError, UsageError
from migrate.execute.checkpoints import CheckpointRow, described
from migrate.execute.packing import Packed, Packer
from migrate.kserve.releases import Release
from migrate.planning.check.checks_installed import uncertain, unknown_release
from migrate.planning.model.checkpoint import Contents
from migrate.planning.model.checkpointtext import CheckpointText, kept
from migrate.planning.model.desired import Options
from migrate.planning.stock.imagesset import images_set
from migrate.planning.world.meanings import meanings
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_RUN = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")


@dataclass(frozen=True)
class Made:
    """A checkpoint that is nowhere yet. ``doubts`` are what to warn of."""

    row: CheckpointRow
    packed: Packed
    doubts: tuple[str, ...]


def refuse_name(name: str) -> None:
    """Raise UsageError where no checkpoint can have the name: it is a label, and no run's id."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"NAME {name!r}: expected 1 to 63 of a-z, 0-9 and -, with no - at either end",
            "kmigrate checkpoint before-upgrade",
        )
    if _RUN.fullmatch(name):
        raise UsageError(f"NAME {name!r}: it reads like the id of a run", "choose another name")


def make(cluster: Cluster, namespace: str, name: str, kserve_version: str, unfinished: str) -> Made:
    """Read the cluster. An empty ``name`` is made of the time and the release.

    Raise BlockedError where there is no configuration, where it cannot be read, and where the
    release is not known; and the ApiError classes.
    """
    packer, created = Packer(), datetime.now(UTC)
    text = CheckpointText(packer.add)
    noting = Noting(cluster, text.keep)
    with long_work("reading the cluster, and packing it"), uncollected():
        snapshot = read_snapshot(noting, namespace, kserve_version)
        noting.note_rest()
        if snapshot.rules is None or snapshot.release is None:
            told = unknown_release(snapshot, Options())
            raise BlockedError(told.text, told.fix)
        world = world_of(snapshot, snapshot.rules)
        rest = Contents(
            name=name or default_name(created, snapshot.release),
            created=f"{created:%Y-%m-%dT%H:%M:%SZ}",
            operator=holder(),
            version=__version__,
            cluster_uid=snapshot.cluster_uid,
            kserve_namespace=namespace,
            release=str(snapshot.release),
            config=kept(snapshot.config),
            images=images_set(snapshot, world, {}),
            unfinished=unfinished,
        )
        text.end(rest, meanings(snapshot, world))
    content = packer.end()
    return Made(described(row_of(rest, text), content), content, tuple(_doubts(snapshot)))


def default_name(created: datetime, release: Release) -> str:
    """Return a name that sorts by time and tells the release: 20261123-221704-0-9-0."""
    return f"{created:%Y%m%d-%H%M%S}-{str(release).replace('.', '-')}"


def _doubts(snapshot: Snapshot) -> Iterator[str]:
    if found := uncertain(snapshot):
        yield found.text
    if not snapshot.cluster_uid:
        yield "no uid of namespace kube-system: nobody can tell of which cluster this is"
