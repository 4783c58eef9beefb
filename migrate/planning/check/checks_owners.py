"""Checks of the objects that a plan writes: whose they are."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from migrate.objects import Manifest, ObjectRef
from migrate.planning.model import codes
from migrate.planning.model.desired import Options
from migrate.planning.model.findings import as_warning, finding
from migrate.planning.model.plan import Finding
from migrate.planning.stock.owners import owner_of
from migrate.planning.stock.ownership import Owner
from migrate.planning.world.case import Case


def owned(case: Case, options: Options) -> Iterator[Finding]:
    """Find what is written although somebody takes it back: an error until it is wanted so."""
    found: dict[Owner, list[ObjectRef]] = {}
    for ref in case.written:
        whole = _whole(case, ref)
        owner = owner_of(whole) if whole else None
        if owner is not None and owner.will_revert:
            found.setdefault(owner, []).append(ref)
    for owner, refs in found.items():
        text = f"{owner} owns it ({owner.evidence}) and takes an edit back {owner.reverts}"
        told = finding(codes.OWNED, text, f"{owner.remedy}, or --take-ownership", refs)
        yield as_warning(told) if options.take_ownership else told


def _whole(case: Case, ref: ObjectRef) -> Manifest | None:
    """Return the object; of a service what was read: its field managers are not.

    None for one that the plan makes.
    """
    snapshot = case.snapshot
    if ref == snapshot.config_ref:
        return snapshot.config
    if ref in snapshot.originals:
        return snapshot.originals[ref]
    if ref not in case.now.services:
        return None
    meta = msgspec.to_builtins(case.now.services[ref].metadata)
    return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": meta}
