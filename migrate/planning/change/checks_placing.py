"""What keeps copies of runtimes from being made, or from serving whom they are for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from migrate.kserve.runtimerefusals import refused_runtime
from migrate.objects import Manifest, ObjectRef
from migrate.planning.change.expand import Copy, Expansion
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding
from migrate.planning.stock.owners import owner_of
from migrate.planning.world.closure import Taken, unsettled
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot


def placing_findings(
    snapshot: Snapshot, found: Expansion, stuck: Collection[ObjectRef]
) -> Iterator[Finding]:
    """Yield what keeps the copies from being made, or from serving whom they are for."""
    yield from _not_ours(snapshot, found)
    yield from _taken(found.taken)
    yield from _unsettled(found)
    yield from _stuck(stuck)
    yield from refused_runtimes(snapshot, found.planned, found.copies.values(), _FIX)


def _not_ours(snapshot: Snapshot, found: Expansion) -> Iterator[Finding]:
    groups: dict[str, list[ObjectRef]] = {}
    for target in found.foreign:
        runtime = snapshot.runtimes.of(target.namespace)[target.name]
        meta = msgspec.to_builtins(runtime.metadata)
        manifest: Manifest = {
            "apiVersion": target.api_version,
            "kind": target.kind,
            "metadata": {key: value for key, value in meta.items() if value is not None},
        }
        owner = owner_of(manifest)
        whose = f"it belongs to {owner} ({owner.evidence})" if owner else "made by somebody else"
        groups.setdefault(whose, []).append(target)
    for whose, targets in groups.items():
        text = f"a ServingRuntime of that name is there, {whose}: its namespace is left alone"
        fix = "set the image in it where it comes from, or leave out its namespace: --exclude"
        yield finding(codes.NOT_OURS, text, fix, targets)


def _taken(found: Sequence[Taken]) -> Iterator[Finding]:
    groups: dict[str, list[ObjectRef]] = {}
    for one in found:
        text = f"they use {one.before or 'no runtime that can be told'} and would get "
        groups.setdefault(f"{text}{one.after or 'none'}", []).append(one.service)
    fix = "name the runtime in each: spec.predictor.model.runtime; or leave out their namespace"
    for text, services in groups.items():
        yield finding(codes.TAKEN, f"{text}, though nobody asked", fix, services)


def _unsettled(found: Expansion) -> Iterator[Finding]:
    bad: list[ObjectRef] = []
    for namespace, services in found.services.items():
        bad.extend(unsettled(found.planned, services, found.in_namespace[namespace]))
    if bad:
        text = "which copy they get depends on the second in which each is made: the newest wins"
        fix = "name the runtime in each: spec.predictor.model.runtime"
        yield finding(codes.TAKEN, text, fix, bad)


def _stuck(stuck: Collection[ObjectRef]) -> Iterator[Finding]:
    if stuck:
        text = (
            "each takes services of another one until that is there, too: a service that is "
            "reconciled between two creates gets the wrong one"
        )
        fix = "name the runtime in their services: spec.predictor.model.runtime"
        yield finding(codes.TAKEN, text, fix, stuck)


_FIX = "give one of them another priority, or leave out its namespace: --exclude"


def refused_runtimes(
    snapshot: Snapshot, planned: World, copies: Iterable[Copy], fix: str
) -> Iterator[Finding]:
    """Find which copies KServe's webhook would refuse, beside the runtimes that are there then."""
    groups: dict[str, list[ObjectRef]] = {}
    for copy in copies:
        every = planned.config.runtimes.of(copy.target.namespace)
        made = every[copy.target.name]
        reason = refused_runtime(made, every.values(), planned.rules) if copy.change else ""
        if reason:
            groups.setdefault(reason, []).append(copy.target)
    for reason, targets in groups.items():
        text = f"KServe {snapshot.release} refuses it: {reason}"
        yield finding(codes.REFUSED_RUNTIME, text, fix, targets)
