"""What differs now from what a checkpoint holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from migrate.errors import BlockedError
from migrate.kserve import terms
from migrate.objects import Json, Manifest, ObjectRef, canonical, ref_of, sha256
from migrate.planning.model.checkpoint import Contents, Meaning
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of


class Moved(msgspec.Struct, frozen=True, rename="camel"):
    """A service that runs another image than it did; ``now`` is None where none is seen."""

    service: str
    then: str
    now: str | None


class Since(msgspec.Struct, frozen=True, rename="camel"):
    """What differs; ``config`` are keys of the ConfigMap's data, all others objects by name."""

    config: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    runtimes_changed: tuple[str, ...] = ()
    runtimes_gone: tuple[str, ...] = ()
    runtimes_new: tuple[str, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether all is as it was."""
        return self == Since()


def digest_of(runtime: Manifest) -> str:
    """Return a digest of what KServe reads of a runtime: its spec, labels and annotations."""
    meta = runtime["metadata"]
    notes = {k: v for k, v in (meta.get("annotations") or {}).items() if k != terms.LAST_APPLIED}
    return sha256(canonical([runtime.get("spec"), meta.get("labels") or {}, notes]))


def since(
    then: Contents,
    snapshot: Snapshot,
    runtimes: Mapping[ObjectRef, str],
    images: Mapping[ObjectRef, str],
) -> Since:
    """Return what differs.

    ``runtimes`` are those of now, with their digests; ``images`` are what the workloads ``unseen``
    run now.
    """
    before = {ref_of(one): digest_of(one) for one in then.runtimes}
    known = {one.service for one in then.meanings}
    return Since(
        config=tuple(_keys(then.config, snapshot.config)),
        moved=tuple(_moved(then, snapshot, images)),
        gone=_names(known - set(snapshot.services)),
        new=_names(set(snapshot.services) - known),
        runtimes_changed=_names(
            ref for ref, found in before.items() if runtimes.get(ref, found) != found
        ),
        runtimes_gone=_names(before.keys() - runtimes.keys()),
        runtimes_new=_names(runtimes.keys() - before.keys()),
    )


def _names(refs: Iterable[ObjectRef]) -> tuple[str, ...]:
    return tuple(map(str, sorted(refs, key=lambda ref: ref.place)))


def _keys(then: Manifest, now: Manifest) -> Iterator[str]:
    before, after = _data(then), _data(now)
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            yield key


def _data(config: Manifest) -> dict[str, Json]:
    return config.get("data") or {}


def unseen(then: Contents, snapshot: Snapshot) -> set[ObjectRef]:
    """Return workloads of then that are not in the snapshot: of another mode they are not read."""
    staying = (one for one in then.meanings if one.workload and one.service in snapshot.services)
    return {one.workload for one in staying if one.workload} - snapshot.workloads.keys()


def _moved(then: Contents, snapshot: Snapshot, images: Mapping[ObjectRef, str]) -> Iterator[Moved]:
    """Yield who is there and was seen to run an image, and runs another."""
    world = _world(snapshot)
    for one in then.meanings:
        if one.image is None or one.service not in snapshot.services:
            continue
        now = _image(one, world, snapshot)
        now = images.get(one.workload) if now is None and one.workload else now
        if now != one.image:
            yield Moved(str(one.service), one.image, now)


def _image(one: Meaning, world: World | None, snapshot: Snapshot) -> str | None:
    """Return what it runs now: another release may call its workload otherwise."""
    found = world.workload(one.service, snapshot.workloads) if world else one.workload
    running = snapshot.workloads.get(found) if found else None
    return running.image if running else None


def _world(snapshot: Snapshot) -> World | None:
    try:
        return world_of(snapshot, snapshot.rules) if snapshot.rules else None
    except BlockedError:
        return None
