"""Which runtimes that came since a checkpoint go, and which stay as somebody needs them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from migrate.catalog.runtimes import releases, stock
from migrate.kserve.resolution import Verdict
from migrate.kserve.rules import Rules
from migrate.kserve.shapes import Services
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Operation
from migrate.planning.former.restorewrites import deletes_of, former_runtimes, is_own, writes_of
from migrate.planning.model.checkpoint import Checkpoint, Meaning
from migrate.planning.stock.shipped import containers_of
from migrate.planning.world.changed import carried_out
from migrate.planning.world.closure import settled, used
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of


@dataclass(frozen=True)
class Restoration:
    """What is written to come back to a checkpoint, and what is left as it is.

    ``meanings`` are those of services that are there still, ``needed`` the runtimes that stay, each
    with who would lose its image without it, ``foreign`` ClusterServingRuntimes that no release of
    KServe ships, ``wished`` ServingRuntimes that are to stay.
    """

    checkpoint: Checkpoint
    operations: tuple[Operation, ...]
    meanings: Mapping[ObjectRef, Meaning]
    needed: Mapping[ObjectRef, tuple[ObjectRef, ...]] = field(default_factory=dict)
    foreign: frozenset[ObjectRef] = frozenset()
    wished: frozenset[ObjectRef] = frozenset()

    @property
    def kept(self) -> frozenset[ObjectRef]:
        """The runtimes that came since, and stay."""
        return frozenset((*self.needed, *self.foreign, *self.wished))


def restoration_of(
    snapshot: Snapshot, rules: Rules, checkpoint: Checkpoint, *, keeps: bool
) -> Restoration:
    """Return it. With ``keeps`` no ServingRuntime goes that kmigrate made.

    Raise BlockedError where the configuration of the checkpoint cannot be read.
    """
    if not rules.knows_model:
        # 0.7 reads no runtimes, so they are not in the snapshot: what is there stays as it is.
        checkpoint = msgspec.structs.replace(checkpoint, runtimes=())
    writes = writes_of(snapshot, checkpoint)
    meanings = meanings_of(snapshot, checkpoint)
    came = snapshot.originals.keys() - former_runtimes(checkpoint).keys()
    own = frozenset(ref for ref in came if ref.namespace and is_own(snapshot.originals[ref]))
    foreign = frozenset(
        ref for ref in came if not ref.namespace and not _is_shipped(snapshot.originals[ref])
    )
    going = frozenset(came - foreign - (own if keeps else set()))
    needed = _needed(carried_out(snapshot, writes), rules, going, meanings)
    gone = deletes_of(snapshot.originals, going - needed.keys())
    return Restoration(
        checkpoint, (*writes, *gone), meanings, needed, foreign, own if keeps else frozenset()
    )


def meanings_of(snapshot: Snapshot, checkpoint: Checkpoint) -> dict[ObjectRef, Meaning]:
    """Return what a checkpoint says of the services that are there still: those of the same uid."""
    return {
        one.service: one
        for one in checkpoint.meanings
        if (uid := uid_of(snapshot.services, one.service)) is not None and one.uid in ("", uid)
    }


def uid_of(services: Services, ref: ObjectRef) -> str | None:
    """Return the uid of a service; None where there is none of that name."""
    return services.uid(ref) if ref in services else None


def image_then(meaning: Meaning | None) -> str | None:
    """Return the image that a service had at the checkpoint; None where that is not told."""
    return (meaning.image or meaning.resolved or None) if meaning is not None else None


def _is_shipped(manifest: Manifest) -> bool:
    """Tell whether a release of KServe ships that ClusterServingRuntime: its name, and its server.

    A distribution may take the image from elsewhere: what its repository is called stays.
    """
    name = manifest["metadata"]["name"]
    every = (one for release in releases() for one in stock(release) if one.name == name)
    shipped = {image for one in every for each in one.origins for image in each.images.values()}
    found = [each.get("image", "") for _, each in containers_of(manifest)]
    return bool(shipped) and set(map(_server, found)) <= set(map(_server, shipped))


def _server(image: str) -> str:
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0]


def _needed(
    snapshot: Snapshot,
    rules: Rules,
    going: frozenset[ObjectRef],
    meanings: Mapping[ObjectRef, Meaning],
) -> dict[ObjectRef, tuple[ObjectRef, ...]]:
    """Return those of the runtimes that are going which somebody needs, with who that is.

    Without one of them another may take its services, or lose its own: so it is asked again until
    nobody is left.
    """
    if not going:
        return {}
    whole = world_of(snapshot, rules)
    found: dict[ObjectRef, tuple[ObjectRef, ...]] = {}
    while True:
        left = deletes_of(snapshot.originals, going - found.keys())
        world = world_of(carried_out(snapshot, left), rules)
        more: defaultdict[ObjectRef, list[ObjectRef]] = defaultdict(list)
        for ref in _losing(whole, world, meanings):
            runtime = used(whole, ref)
            if runtime in going and runtime not in found and runtime is not None:
                more[runtime].append(ref)
        if not more:
            return found
        found |= {ref: tuple(services) for ref, services in more.items()}


def _losing(
    whole: World, world: World, meanings: Mapping[ObjectRef, Meaning]
) -> Iterator[ObjectRef]:
    """Yield who has its former image with all runtimes, or any at all, and not with these."""
    for ref in whole.services:
        then = image_then(meanings.get(ref))
        before, after = _image(whole, ref), _image(world, ref)
        if before and before != after and (not after or before == then):
            yield ref


def _image(world: World, ref: ObjectRef) -> str:
    found = settled(world, ref)
    return "" if found.verdict is Verdict.BROKEN else found.image or ""
