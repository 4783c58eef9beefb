"""What each service means now: which image it runs, what decides, whether it is Ready."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.kserve.services import InferenceService
from migrate.objects import ObjectRef
from migrate.planning.model.checkpoint import Meaning
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot


def meanings(snapshot: Snapshot, world: World) -> Iterator[Meaning]:
    """Yield what each service means, in the order of their names."""
    for ref in sorted(world.services, key=lambda ref: ref.place):
        yield _meaning(snapshot, world, ref)


def _meaning(snapshot: Snapshot, world: World, ref: ObjectRef) -> Meaning:
    found, workload = world.shared(ref), world.workload(ref, snapshot.workloads)
    running = snapshot.workloads.get(workload)
    return Meaning(
        service=ref,
        uid=world.services.uid(ref),
        form=world.form(ref),
        image=(running.image or None) if running else None,
        resolved=found.image,
        runtime=found.runtime.ref if found.runtime else None,
        entry=_entry(world, ref),
        workload=workload if running else None,
        ready=_ready(world.shape(ref)),
    )


def _entry(world: World, ref: ObjectRef) -> str:
    """Return the entry of `predictors` that decides, as in `--set`; empty where none does."""
    key, entry = world.key(ref), world.shared(ref).entry
    if key is None:
        return ""
    return f"{entry}/gpu" if key[2] else str(entry)


def _ready(service: InferenceService) -> bool | None:
    told = (one.status for one in service.status.conditions or () if one.type == "Ready")
    found = next(told, None)
    return None if found is None else found == "True"
