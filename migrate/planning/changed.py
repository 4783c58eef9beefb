"""A snapshot as operations leave it, before anybody has carried them out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Edit
from migrate.operations.patching import apply_edits
from migrate.planning.snapshot import Snapshot

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
