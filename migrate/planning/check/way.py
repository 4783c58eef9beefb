"""What an upgrade does to the serving images of each service, step by step.

The model: a step is the released manifests of one release applied over what is there
(``planning/stock/upgraded.py``), and every service reconciled by that release once. Services stay
as they are stored, since KServe converts at writes alone; their status gets what the release
writes there of the mode. What a step leaves is what the next one begins with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from migrate.kserve import terms
from migrate.kserve.modes import mode_of
from migrate.kserve.releases import Release
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.resolver import is_stopped
from migrate.kserve.services import InferenceService
from migrate.objects import ObjectRef
from migrate.planning.check.waychanges import Change, Side, Why, why_of
from migrate.planning.stock.overridden import Overridden, overridden, taken_over
from migrate.planning.stock.stops import stops_of
from migrate.planning.stock.upgraded import upgraded
from migrate.planning.world.forecast import World
from migrate.planning.world.moves import Moves
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of

Held = Mapping[ObjectRef, str | None]
"""The images of services that KServe leaves alone: they stay as they were."""


class Row(Change, frozen=True, rename="camel", kw_only=True):
    """What a step does to one service."""

    service: ObjectRef


@dataclass(frozen=True)
class Step:
    """One step of the way.

    ``snapshots`` and ``worlds`` are those before it and after it. ``changes`` has the services
    by what becomes of them, all that are alike together, in the order in which they were read.
    """

    origin: Release
    target: Release
    snapshots: tuple[Snapshot, Snapshot]
    worlds: tuple[World, World]
    changes: Mapping[Change, Sequence[ObjectRef]]

    @property
    def name(self) -> str:
        """The step as people call it."""
        return f"{self.origin} to {self.target}"

    def rows(self, namespace: str = "") -> Iterator[Row]:
        """Yield a row for each service, of one namespace or of all (""); made when asked for."""
        for change, refs in self.within(namespace).items():
            told = msgspec.structs.asdict(change)
            yield from (Row(**told, service=ref) for ref in refs)

    def within(self, namespace: str) -> Mapping[Change, Sequence[ObjectRef]]:
        """Return the changes of the services of one namespace, or of all ("")."""
        if not namespace:
            return self.changes
        kept = {
            change: [ref for ref in refs if ref.namespace == namespace]
            for change, refs in self.changes.items()
        }
        return {change: refs for change, refs in kept.items() if refs}


def steps(
    snapshot: Snapshot,
    now: World,
    target: Release,
    via: Sequence[Release] = (),
    *,
    direct: bool = False,
) -> tuple[Step, ...]:
    """Return the steps from what runs to the target, by the stops of ``stops_of``.

    ``now`` are the services of the snapshot, whose release is known, under its configuration.
    Raise UsageError for a way that there is not, BlockedError where the ConfigMap cannot be read.
    """
    assert snapshot.release is not None
    made: list[Step] = []
    lost, held = overridden(snapshot, now), _held_now(snapshot, now)
    for stop in stops_of(snapshot.release, target, via, direct=direct):
        step = _step(snapshot, now, stop, lost, held)
        made.append(step)
        snapshot, now = step.snapshots[1], step.worlds[1]
        lost, held = Overridden(), _held_after(step)
    return tuple(made)


def _step(snapshot: Snapshot, now: World, stop: Release, lost: Overridden, held: Held) -> Step:
    assert snapshot.release is not None
    later = upgraded(_recorded(snapshot, now), stop)
    assert later.rules is not None
    after = world_of(later, later.rules)
    mine = lost.runtimes | taken_over(snapshot, stop)
    changes = _Changes(now, after, Overridden(lost.entries, mine), held)
    groups: dict[Change, list[ObjectRef]] = {}
    for ref in now.services:
        groups.setdefault(changes.of(ref), []).append(ref)
    return Step(snapshot.release, stop, (snapshot, later), (now, after), groups)


class _Changes:
    """The changes of a step: one for all services that are alike."""

    def __init__(self, now: World, after: World, lost: Overridden, held: Held) -> None:
        self._now, self._after, self._lost, self._held = now, after, lost, held
        self._moves = Moves(now.resolved, after.resolved)
        # Both worlds keep what they resolved: no other object gets the same id meanwhile.
        self._known: dict[tuple[int, int], Change] = {}

    def of(self, ref: ObjectRef) -> Change:
        """Return what becomes of a service."""
        found, later = self._now.shared(ref), self._after.shared(ref)
        pair = self._moves.pair(ref)
        if ref in self._held or pair.moves is None or pair.told is None:
            return self._made(ref, found, later)
        key = (id(found), id(later))
        if key not in self._known:
            self._known[key] = self._made(ref, found, later)
        return self._known[key]

    def _made(self, ref: ObjectRef, found: Resolution, later: Resolution) -> Change:
        before, after = self._sides(ref, found, later)
        settings = tuple(one.what for one in self._moves.differences(ref))
        images = (self._held.get(ref, found.image), later.image)
        if later.verdict is Verdict.NOT_RECONCILED and not is_stopped(after.service):
            images = (images[0], images[0])
        return Change(
            verdict=later.verdict,
            why=why_of(before, after, lost=self._taken(ref, found), settings=bool(settings)),
            reason=later.reason,
            image_before=images[0],
            image_after=images[1],
            runtime_before=found.runtime.ref if found.runtime else None,
            runtime_after=later.runtime.ref if later.runtime else None,
            protocol_before=before.protocol,
            protocol_after=after.protocol,
            settings=settings,
            other_pods=later.image is not None and self._moves.moves(ref),
        )

    def _sides(self, ref: ObjectRef, found: Resolution, later: Resolution) -> tuple[Side, Side]:
        return (
            Side(self._now.shape(ref), found, self._now.rules),
            Side(self._after.shape(ref), later, self._after.rules),
        )

    def _taken(self, ref: ObjectRef, found: Resolution) -> Why:
        if self._lost.has_entry(self._now.key(ref)):
            return Why.LOST_OVERRIDE
        return Why.LOST_EDIT if self._lost.has_runtime(found.runtime) else Why.NOTHING


def _held_now(snapshot: Snapshot, now: World) -> dict[ObjectRef, str | None]:
    workloads = snapshot.workloads
    running = ((ref, workloads.get(now.workload(ref, workloads))) for ref in _left(now))
    return {ref: found.image for ref, found in running if found is not None}


def _held_after(step: Step) -> dict[ObjectRef, str | None]:
    left = set(_left(step.worlds[1]))
    pairs = ((change, ref) for change, refs in step.changes.items() for ref in refs)
    return {ref: change.image_after for change, ref in pairs if ref in left}


def _left(world: World) -> Iterator[ObjectRef]:
    """Yield the services that KServe leaves alone: what they run stays."""
    for ref in world.services:
        is_left = world.shared(ref).verdict is Verdict.NOT_RECONCILED
        if is_left and not is_stopped(world.shape(ref)):
            yield ref


def _recorded(snapshot: Snapshot, now: World) -> Snapshot:
    """Return the snapshot with the mode in the status of services, as the release writes it.

    0.15 writes ``RawDeployment``, and 0.16 to 0.18 take that for Knative (``GetDeploymentMode`` in
    ``utils.go``). Nothing else that releases write into a status decides about an image.
    """
    if not now.rules.mode_in_status or now.rules.standard_words:
        return snapshot
    raw = [ref for ref in now.services if _is_unrecorded(now, ref)]
    if not raw:
        return snapshot
    services = snapshot.services.changed(_with_mode(snapshot.services[ref]) for ref in raw)
    return replace(snapshot, services=services)


def _is_unrecorded(now: World, ref: ObjectRef) -> bool:
    service = now.shape(ref)
    is_raw = mode_of(service, now.config.mode, now.rules) == terms.STANDARD
    return is_raw and not service.status.deployment_mode


def _with_mode(service: InferenceService) -> InferenceService:
    status = msgspec.structs.replace(service.status, deployment_mode=terms.RAW_DEPLOYMENT)
    return msgspec.structs.replace(service, status=status)
