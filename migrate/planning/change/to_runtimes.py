"""The course that moves images into ServingRuntimes of the namespaces that need them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from itertools import chain

from migrate.errors import BlockedError, UsageError
from migrate.objects import ObjectRef
from migrate.operations.model import Edit, Operation, Patch
from migrate.planning.change.checks_conversion import conversion_findings
from migrate.planning.change.checks_copies import findings_of
from migrate.planning.change.checks_late import late_findings
from migrate.planning.change.conversion import Conversion, conversion_of
from migrate.planning.change.copystages import Moves, copy_stages, ordered
from migrate.planning.change.expand import Expansion, expand
from migrate.planning.change.pins import model_pins, repinned
from migrate.planning.change.to_own_runtimes import to_own_runtimes
from migrate.planning.model.desired import Activate, Options
from migrate.planning.model.exceptions import images_of
from migrate.planning.model.plan import Forecast
from migrate.planning.model.strategy import Scope
from migrate.planning.model.targets import targets_of
from migrate.planning.stock.reach import bare
from migrate.planning.world.course import Course
from migrate.planning.world.forecast import World, between, with_pins
from migrate.planning.world.snapshot import Snapshot


def to_runtimes(snapshot: Snapshot, now: World, options: Options) -> Course:
    """Return the course. Raise UsageError or BlockedError, also where there are no runtimes."""
    if not now.rules.knows_model:
        raise BlockedError(
            f"--to-runtimes: KServe {now.rules.name} has no ServingRuntimes",
            "--target 0.9.0 prepares them for an upgrade; without --to-runtimes the images in "
            "predictors change",
        )
    if options.scope is Scope.SERVICE:
        return to_own_runtimes(snapshot, now, options)
    conversion = conversion_of(snapshot, now, options)
    return moved(conversion, conversion.lacking, options)


def moved(
    conversion: Conversion,
    needing: Collection[ObjectRef],
    options: Options,
    content: Collection[ObjectRef] = (),
) -> Course:
    """Return the course that has these services converted, and moves those that use overrides.

    The services of ``needing`` get a copy of their runtime in any case, for those of ``content``
    none is made. Raise UsageError or BlockedError.
    """
    before, snapshot, now = conversion.before, conversion.snapshot, conversion.world
    targets = targets_of(options.for_runtimes, now.config)
    found = expand(snapshot, now, options, targets, needing, conversion.targets, content)
    found = replace(found, converted=conversion.services)
    images = images_of(found.carried)
    _refuse_held_back(found, now, options)
    over = model_pins(found.planned, images, chain.from_iterable(found.services.values()))
    pins = {ref: repinned(found.planned, ref, over[ref]) for ref in over} if options.repin else {}
    planned = with_pins(found.planned, {ref: _pin(edit) for ref, edit in pins.items()})
    operations, of = _operations(found, pins)
    order, stuck = ordered(found, now)
    moves = Moves(
        *(snapshot, now, found, operations, of, between(before, planned)),
        _asked(found, images),
        options,
        conversion,
    )
    told = (
        *conversion_findings(before, found.planned, conversion),
        *late_findings(
            *(snapshot, found.planned, conversion, images), is_former=bool(options.former)
        ),
        *findings_of(snapshot, now, found, options, stuck, over if not pins else {}),
    )
    sources = {copy.source for copy in found.copies.values() if copy.change is not None}
    return Course(
        operations,
        found.after,
        planned if pins else found.planned,
        lambda rows: copy_stages(moves, rows, order),
        {},
        targets,
        told,
        tuple(sorted(sources, key=lambda ref: ref.place)),
        frozenset(found.copies),
        carried=found.carried,
        stays=frozenset() if conversion.is_late else conversion.moved,
        back=conversion.world if conversion.is_late else None,
    )


def _refuse_held_back(found: Expansion, now: World, options: Options) -> None:
    """Raise UsageError where an edit acts at once, though nobody shall be woken.

    ``servingRuntimeFunc`` in ``controller.go`` from 0.16.0 on reconciles who reports a runtime that
    is edited. One that is made is reported by nobody yet.
    """
    edited = [ref for ref, copy in found.copies.items() if isinstance(copy.change, Patch)]
    if options.activate is Activate.NONE and edited and now.rules.reports_runtime:
        raise UsageError(
            f"--activate=none: KServe {now.rules.name} reconciles the services of {edited[0]} as "
            "soon as it is edited: the change cannot be held back",
            "--activate=each wakes those that are left, and waits for them",
        )


def _pin(edit: Edit) -> str | None:
    return edit.after if isinstance(edit.after, str) else None


def _operations(
    found: Expansion, pins: Mapping[ObjectRef, Edit]
) -> tuple[tuple[Operation, ...], Mapping[ObjectRef, ObjectRef]]:
    """Return what is written, the copies first, and the copy that each belongs to."""
    services = sorted(pins, key=lambda ref: ref.place)
    moved = [Operation(ref, Patch((pins[ref],)), "move its pin along") for ref in services]
    of = {ref: ref for ref in found.copies}
    for ref in services:
        runtime = found.planned.shared(ref).runtime
        assert runtime is not None
        of[ref] = runtime.ref
    return (*found.operations, *moved), of


def _asked(found: Expansion, images: Mapping[ObjectRef, str]) -> Callable[[Forecast], bool]:
    """Return what tells who lags behind what is wanted: without a wish, behind what is set."""

    def gets(row: Forecast) -> bool:
        image = images.get(row.runtime_after_plan) if row.runtime_after_plan else None
        return row.runtime_after_plan in found.copies and (
            image is None or bare(image) == bare(row.after_plan or "")
        )

    return gets
