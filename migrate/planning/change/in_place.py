"""Images changed where they are set: in `predictors` and in ClusterServingRuntimes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from migrate.objects import ObjectRef
from migrate.operations.model import Edit, Operation, Patch
from migrate.planning.change.pins import repins
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Forecast
from migrate.planning.model.targets import Target, edits_of, targets_of
from migrate.planning.model.wanted import Key, Wanted, edits_for, understand
from migrate.planning.stock.reach import bare
from migrate.planning.world.activation import stages
from migrate.planning.world.changed import Edits, changed
from migrate.planning.world.course import Course
from migrate.planning.world.forecast import World, between, with_pins
from migrate.planning.world.seals import FIELD
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import text_of, world_of


def in_place(snapshot: Snapshot, now: World, options: Options) -> Course:
    """Return the course that edits what sets the images. Raise UsageError or BlockedError."""
    wanted = understand(options.images, now.rules)
    targets = targets_of(options.for_runtimes, now.config)
    edits = edits_with(snapshot, now, edits_of(targets, snapshot.originals), wanted)
    return course_of(snapshot, now, options, edits, wanted, targets)


def edits_with(snapshot: Snapshot, now: World, edits: Edits, wanted: Mapping[Key, Wanted]) -> Edits:
    """Return these edits with that of `predictors` for what is wanted there."""
    if not wanted:
        return edits
    found = edits_for(FIELD, text_of(snapshot.config), now.predictors, wanted)
    return {**edits, snapshot.config_ref: found} if found else edits


def course_of(
    snapshot: Snapshot,
    now: World,
    options: Options,
    edits: Edits,
    wanted: Mapping[Key, Wanted] | None = None,
    targets: Sequence[Target] = (),
) -> Course:
    """Return the course of these edits, and of the pins that move with what is wanted."""
    wanted = wanted or {}
    after = changed(snapshot, edits)
    planned = world_of(after, now.rules) if edits else now
    pins = repins(planned, wanted) if options.repin else {}
    if pins:
        planned = with_pins(planned, {ref: str(edit.after) for ref, edit in pins.items()})
    operations = _operations(snapshot, edits, pins, options)
    asked = _asked(planned, wanted, targets)
    differing = between(now, planned)
    return Course(
        operations,
        after,
        planned,
        lambda rows: stages(snapshot, operations, rows, differing, asked, options),
        wanted,
        targets,
    )


def _asked(
    planned: World, wanted: Mapping[Key, Wanted], targets: Sequence[Target]
) -> Callable[[Forecast], bool]:
    """Return what tells who gets what is wanted: by `predictors`, or by its runtime."""
    by_key: dict[Key | None, str] = {key: str(one.image) for key, one in wanted.items()}
    by_runtime: dict[ObjectRef | None, str] = {
        target.runtime: target.desired.image for target in targets
    }

    def gets(row: Forecast) -> bool:
        images = (by_key.get(planned.key(row.service)), by_runtime.get(row.runtime_after_plan))
        found = bare(row.after_plan or "")
        return any(image is not None and found == bare(image or found) for image in images)

    return gets


def _operations(
    snapshot: Snapshot,
    edits: Edits,
    pins: Mapping[ObjectRef, Edit],
    options: Options,
) -> tuple[Operation, ...]:
    """Return the global ones first: a service that is written to wakes, and must find it done."""
    order = sorted(edits, key=lambda ref: (ref != snapshot.config_ref, ref.place))
    written = [
        Operation(ref, Patch(edits[ref]), _reason(snapshot, _about(snapshot, options, ref)))
        for ref in order
    ]
    services = sorted(pins, key=lambda ref: ref.place)
    moved = [Operation(ref, Patch((pins[ref],)), "move its pin along") for ref in services]
    return (*written, *moved)


def _about(snapshot: Snapshot, options: Options, ref: ObjectRef) -> Options:
    """Return the options without wishes for other runtimes than the one that is written."""
    names = ("",) if ref == snapshot.config_ref else ("", ref.name)
    images = tuple(one for one in options.images if one.runtime in names)
    return msgspec.structs.replace(options, images=images)


def _reason(snapshot: Snapshot, options: Options) -> str:
    settings = [f for f in ("image", "env", "args") if any(getattr(i, f) for i in options.images)]
    listed = " and ".join(filter(None, (", ".join(settings[:-1]), *settings[-1:])))
    given = f"set the {listed} of {', '.join(map(str, options.images))}" if settings else ""
    stock = f"as KServe {snapshot.release} ships it" if options.resets else ""
    return "; ".join(filter(None, (stock, given)))
