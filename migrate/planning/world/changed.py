"""A snapshot as operations leave it, before anybody has carried them out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.operations.model import Create, Delete, Edit, Operation, Patch
from migrate.operations.patching import apply_edits
from migrate.planning.world.copies import runtime_of
from migrate.planning.world.snapshot import Snapshot

Edits = Mapping[ObjectRef, tuple[Edit, ...]]
"""The edits of each object."""


def changed(snapshot: Snapshot, edits: Edits) -> Snapshot:
    """Return the snapshot with the ConfigMap and the runtimes edited; others are passed over."""
    config = apply_edits(edits.get(snapshot.config_ref, ()), snapshot.config)
    originals = dict(snapshot.originals)
    for ref in originals.keys() & edits.keys():
        originals[ref] = apply_edits(edits[ref], originals[ref])
    moved = [originals[ref] for ref in originals.keys() & edits.keys()]
    runtimes = with_runtimes(snapshot.runtimes, moved) if moved else snapshot.runtimes
    return replace(snapshot, config=config, originals=originals, runtimes=runtimes)


def with_runtimes(runtimes: Runtimes, manifests: Iterable[Manifest]) -> Runtimes:
    """Return the runtimes with these in the place of those of the same name."""
    moved = [msgspec.convert(manifest, Runtime) for manifest in manifests]
    names = {runtime.ref for runtime in moved}
    return Runtimes([*(r for r in runtimes.everywhere if r.ref not in names), *moved])


def carried_out(snapshot: Snapshot, operations: Iterable[Operation]) -> Snapshot:
    """Return the snapshot as these operations leave its ConfigMap and its runtimes.

    A runtime that is created comes after all that are there: see ``copies.NEWEST``.
    """
    edits, made, gone = {}, [], set()
    for operation in operations:
        match operation.change:
            case Patch(found):
                edits[operation.target] = found
            case Create(manifest):
                made.append(manifest)
            case Delete():
                gone.add(operation.target)
    after = changed(snapshot, edits) if edits else snapshot
    if not made and not gone:
        return after
    kept = (one for one in after.runtimes.everywhere if one.ref not in gone)
    originals = {ref: one for ref, one in after.originals.items() if ref not in gone}
    originals |= {ref_of(manifest): manifest for manifest in made}
    runtimes = Runtimes([*kept, *map(runtime_of, made)])
    return replace(after, runtimes=runtimes, originals=originals)
