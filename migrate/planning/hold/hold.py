"""The course that holds what runs now across an upgrade: what its manifests take away comes first.

KServe 0.7 has no ServingRuntimes: there an image is written into the services themselves. From 0.8
on runtimes decide, and the released manifests put the ClusterServingRuntimes back: copies in the
namespaces stay. Services in the framework form have no image from 0.10 on: 0.8 and 0.9 convert
them, each at a write of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
from msgspec import UNSET

from migrate.errors import UsageError
from migrate.kserve.admission import admitted
from migrate.kserve.releases import Release, parse_release
from migrate.kserve.resolution import Verdict
from migrate.objects import ObjectRef
from migrate.operations.model import Edit, Operation, Patch
from migrate.planning.change.conversion import Conversion, conversion_for, keeps_image
from migrate.planning.change.to_runtimes import moved
from migrate.planning.hold.checks_hold import hold_findings, left_out
from migrate.planning.hold.takenlater import taken_later
from migrate.planning.hold.upheld import Holding
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import MOVING, Forecast, Stage
from migrate.planning.model.selection import meant
from migrate.planning.model.strategy import TARGET, Strategy
from migrate.planning.stock.depending import dependents
from migrate.planning.stock.editedruntimes import other_image_alone, overridden
from migrate.planning.stock.passing import Stop, is_framework, kin, passing
from migrate.planning.stock.stops import stops_of
from migrate.planning.world import held
from migrate.planning.world.activation import WAVE, Differing, conditions
from migrate.planning.world.closure import used
from migrate.planning.world.course import Course, Stages
from migrate.planning.world.forecast import World, between
from migrate.planning.world.snapshot import Snapshot


@dataclass(frozen=True)
class _Before:
    """What is held: the selected ``services``, and of them those that depend on an override.

    ``stops`` are those of the upgrade without any plan.
    """

    snapshot: Snapshot
    now: World
    options: Options
    way: tuple[Release, ...]
    stops: tuple[Stop, ...]
    services: Sequence[ObjectRef]
    depending: frozenset[ObjectRef]


def hold(snapshot: Snapshot, now: World, options: Options) -> Course:
    """Return the course. Raise UsageError or BlockedError where there is none."""
    _refuse(options)
    assert snapshot.release is not None
    way = stops_of(snapshot.release, parse_release(options.target or ""))
    is_meant = meant(options.selection, now.services.__getitem__)
    services = [ref for ref in now.services if is_meant(ref, used(now, ref))]
    depending = frozenset(dependents(snapshot, now)) if now.rules.predictors_read else frozenset()
    without = tuple(passing(snapshot, way))
    before = _Before(snapshot, now, options, way, without, services, depending)
    course, refused = (_in_runtimes if now.rules.knows_model else _in_fields)(before)
    after = tuple(passing(course.after, way))
    edited = overridden(snapshot, now)
    found = Holding(now, course.planned, without, after, services, depending, course.copies, edited)
    told = (*left_out(course.findings, str(way[-1])), *hold_findings(found, refused))
    return replace(course, findings=told, upgraded=after[-1].after)


def _refuse(options: Options) -> None:
    """Raise UsageError for flags that do not go with it."""
    if options.images or options.repin:
        what = "--repin" if options.repin else "other images"
        raise UsageError(
            f"{TARGET} does not go with {what}: it holds the images of now across the upgrade",
            "change the images first, or after the upgrade, by a plan of their own",
        )
    if options.activate is not None:
        raise UsageError(
            f"--activate={options.activate.value} does not go with {TARGET}: each service is "
            "written or woken by itself",
            "leave it out; --wave-size says how many at one time",
        )


def _in_fields(before: _Before) -> tuple[Course, Mapping[ObjectRef, str]]:
    """Return the course that writes images into services, and who refuses the write."""
    now, rules = before.now, before.now.rules
    edits, refused = dict[ObjectRef, tuple[Edit, ...]](), dict[ObjectRef, str]()
    for ref in sorted(_chosen(before, _is_moved_off), key=lambda ref: ref.place):
        service, image = now.services[ref], now.shared(ref).image
        found = held.edits_for(service, image) if image else ()
        if found and (reason := held.refused(service, found, rules)):
            refused[ref] = reason
        elif found:
            edits[ref] = found
    planned = held_in(now, edits)
    what = f"hold its image across the upgrade to {before.options.target}"
    operations = tuple(Operation(ref, Patch(found), what) for ref, found in edits.items())
    differing = between(now, planned)
    course = Course(
        operations,
        replace(before.snapshot, services=planned.services),
        planned,
        lambda rows: _stages(operations, rows, differing, before.options),
        {},
        (),
    )
    return course, refused


def _chosen(before: _Before, fits: Callable[[_Before, ObjectRef], bool]) -> list[ObjectRef]:
    """Return the services that fit; those that are alike do alike."""
    known: dict[object, bool] = {}
    found = []
    for ref in before.services:
        alike = (kin(before.now, ref), ref in before.depending)
        if alike not in known:
            known[alike] = fits(before, ref)
        found += [ref] if known[alike] else []
    return found


def held_in(now: World, edits: Mapping[ObjectRef, tuple[Edit, ...]]) -> World:
    """Return the world with these edits of services written."""
    written = (
        admitted(held.held(now.services[ref], found), now.config) for ref, found in edits.items()
    )
    return replace(now, services=now.services.changed(written)) if edits else now


def _is_moved_off(before: _Before, ref: ObjectRef) -> bool:
    """Tell whether the upgrade, or its first write after it, moves a service off its own image.

    Where `predictors` are not read any more no field helps, and nobody is written for it.
    """
    now = before.now.shared(ref)
    if not is_framework(before.now, ref) or now.verdict is Verdict.BROKEN:
        return False
    is_own = ref in before.depending or now.verdict is Verdict.EXPLICIT
    return any(
        stop.after.shared(ref).verdict is Verdict.BROKEN
        or (is_own and not _keeps(stop, ref, now.image))
        for stop in before.stops
        if stop.after.rules.predictors_read
    )


def _keeps(stop: Stop, ref: ObjectRef, image: str | None) -> bool:
    """Tell whether a service has the image at a stop, as it is stored and once it is written."""
    found = (stop.after.shared(ref), stop.once_written(ref))
    return all(held.same(one.image, image) for one in found)


def _stages(
    operations: Sequence[Operation],
    rows: Sequence[Forecast],
    differing: Differing,
    options: Options,
) -> Stages:
    """Return the stages: the write of a service has it reconciled, so nobody is woken."""
    by_service = {row.service: row for row in rows if row.outlook in MOVING}
    size = options.wave_size or (WAVE if options.pause else max(len(operations), 1))
    apply, back = [], []
    for start in range(0, len(operations), size):
        order = tuple(range(start, min(start + size, len(operations))))
        targets = (operations[at].target for at in order)
        moving = [by_service[ref] for ref in targets if ref in by_service]
        pause = options.pause if start else 0.0
        apply.append(Stage(order, (), tuple(conditions(moving, differing)), pause))
        back.append(Stage(order, pause=pause))
    return {"apply": tuple(apply), "rollback": tuple(back)}


def _in_runtimes(before: _Before) -> tuple[Course, Mapping[ObjectRef, str]]:
    """Return the course that converts services, and copies the runtimes that are edited."""
    chosen = frozenset(_chosen(before, _is_lost))
    while True:
        course = _copied(before, _conversion(before, chosen))
        more = frozenset(taken_later(course, before.services, before.way))
        if more <= chosen:
            return course, {}
        chosen |= more


def _copied(before: _Before, conversion: Conversion) -> Course:
    reads = before.now.rules.predictors_read
    inner = msgspec.structs.replace(
        before.options, strategy=Strategy.TO_RUNTIMES, target=UNSET, convert=reads
    )
    needing = frozenset(
        ref
        for ref in conversion.services - conversion.regained
        if ref in before.depending
        or ref in conversion.foreseen
        or not keeps_image(conversion.before, conversion.world, ref)
    )
    return moved(conversion, needing, inner, frozenset(_content(conversion)))


def _content(conversion: Conversion) -> Iterator[ObjectRef]:
    """Return those with an image of their own on runtimes of which the image alone is edited."""
    world = conversion.world
    edited = other_image_alone(conversion.snapshot, world)
    for ref in world.services:
        model = world.shape(ref).spec.predictor.model
        if model is not None and model.image and used(world, ref) in edited:
            yield ref


def _conversion(before: _Before, chosen: Collection[ObjectRef]) -> Conversion:
    """Return who is converted: all of the chosen whose image a conversion would not mangle."""
    now, snapshot = before.now, before.snapshot
    if not chosen:
        return Conversion(frozenset(), now, snapshot, now)
    found = conversion_for(snapshot, now, chosen)
    # Their own image would get the tag of their pin, and no copy of a runtime helps.
    mangled = {
        ref
        for ref in chosen
        if now.shared(ref).verdict is Verdict.EXPLICIT
        and not held.same(now.shared(ref).image, found.world.shared(ref).image)
    }
    kept = [ref for ref in chosen if ref not in mangled]
    return conversion_for(snapshot, now, kept) if mangled else found


_CONVERTIBLE = (Verdict.RESOLVED, Verdict.EXPLICIT, Verdict.BROKEN)


def _is_lost(before: _Before, ref: ObjectRef) -> bool:
    now = before.now.shared(ref)
    if not is_framework(before.now, ref) or now.verdict not in _CONVERTIBLE:
        return False
    return any(
        not stop.after.rules.predictors_read
        or stop.after.shared(ref).verdict is Verdict.BROKEN
        or (ref in before.depending and not _keeps(stop, ref, now.image))
        for stop in before.stops
    )
