"""Back to a checkpoint, after a failed upgrade was itself taken back: the plan.

The same release runs again. What sets the images is brought back to the checkpoint's bytes, the
controller is restarted, so that it looks at every service, and the former images are proven.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec
from msgspec import UNSET

from migrate.errors import BlockedError
from migrate.kserve.releases import Release, ReleaseFormatError, parse_release
from migrate.kserve.resolution import Verdict
from migrate.kserve.table import rules_for
from migrate.objects import Manifest, ObjectRef, pointer, value_at
from migrate.operations.model import Condition, Create, Delete, Holds, Operation, Patch
from migrate.operations.stale import leaves_of
from migrate.planning.former.checks_restore import restore_findings
from migrate.planning.former.restorestays import Restoration, image_then, restoration_of
from migrate.planning.former.restorewrites import DATA
from migrate.planning.hold.make import Making, make_plan
from migrate.planning.model.checkpoint import Checkpoint
from migrate.planning.model.desired import Options
from migrate.planning.model.findings import accept
from migrate.planning.model.plan import Forecast, Plan, Seal, Stage
from migrate.planning.world.activation import (
    AWAITED,
    CONTAINER_PATH,
    READY,
    Differing,
    conditions,
    restart_of,
)
from migrate.planning.world.changed import carried_out
from migrate.planning.world.course import Course, Stages
from migrate.planning.world.forecast import World, between
from migrate.planning.world.seals import digest_of
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of


def plan_restore(snapshot: Snapshot, checkpoint: Checkpoint, options: Options) -> Plan:
    """Plan the way back to a checkpoint. ``options.checkpoint`` is what a person calls it.

    The checkpoint is of this cluster. Raise BlockedError where it is of another release, or
    cannot be read.
    """
    refuse_unfit(snapshot, checkpoint, str(options.checkpoint))
    assert snapshot.rules is not None
    keeps = options.keep_runtimes is True
    found = restoration_of(snapshot, snapshot.rules, checkpoint, keeps=keeps)
    seen, trouble = _readable(snapshot, found.operations)
    made = make_plan(seen, options, _course_of(found))
    rows = tuple(_with_former(row, found) for row in made.forecast)
    told = restore_findings(snapshot, found, rows, str(options.checkpoint), trouble)
    return msgspec.structs.replace(
        made,
        forecast=rows,
        findings=(*made.findings, *accept(told, options.accept)),
        seals=_seals(snapshot, found, made) if made.has_work else (),
    )


def replanned(snapshot: Snapshot, plan: Plan) -> Plan:
    """Return the plan as its own operations make it of another snapshot: what holds now.

    The checkpoint itself is not needed for that, so any machine can go on with its plan. Raise
    BlockedError where the configuration cannot be read.
    """
    fresh = make_plan(_readable(snapshot, plan.operations)[0], plan.options, _again(plan))
    former = {row.service: row.former for row in plan.forecast}
    rows = (msgspec.structs.replace(r, former=former.get(r.service, UNSET)) for r in fresh.forecast)
    return msgspec.structs.replace(fresh, forecast=tuple(rows))


def _readable(snapshot: Snapshot, operations: Sequence[Operation]) -> tuple[Snapshot, str]:
    """Return the snapshot, and why its configuration cannot be read; empty where it can.

    One that cannot be read gives nobody anything: what is planned takes its place then.
    """
    try:
        if snapshot.rules is not None:
            world_of(snapshot, snapshot.rules)
    except BlockedError as error:
        return replace(snapshot, config=carried_out(snapshot, operations).config), error.message
    return snapshot, ""


def refuse_unfit(snapshot: Snapshot, checkpoint: Checkpoint, called: str) -> None:
    """Raise BlockedError where a checkpoint is not for the release that runs, or two run."""
    if len(snapshot.controllers) > 1:
        raise BlockedError(
            f"expected one running controller in {snapshot.namespace}, found "
            + ", ".join(map(str, snapshot.controllers)),
            f"scale the one that is not of KServe {checkpoint.release} to 0",
        )
    then, now = checkpoint.release, snapshot.release
    if now is None or not _is_same(then, now):
        raise BlockedError(
            f"checkpoint {called} was made under KServe {then}; "
            f"{now or 'a release that is not known'} runs now, and would make something else of it",
            f"kmigrate plan --from-checkpoint {called} brings its images back under this release; "
            f"or install KServe {then} again, then this",
        )


def _is_same(then: str, now: Release) -> bool:
    """Tell whether two releases do the same: patch releases of one minor release do."""
    try:
        former = parse_release(then)
    except ReleaseFormatError:
        return False
    return rules_for(now) is not None and (former.major, former.minor) == (now.major, now.minor)


def _course_of(found: Restoration) -> Making:
    def course(snapshot: Snapshot, now: World, _: Options) -> Course:
        operations = tuple(sorted(found.operations, key=_place))
        after = carried_out(snapshot, operations)
        planned = world_of(after, now.rules) if operations else now
        differing = between(now, planned)

        def stages(rows: Sequence[Forecast]) -> Stages:
            rows = [_with_former(row, found) for row in rows]
            return _stages(snapshot, planned, operations, rows, found, differing)

        return Course(operations, after, planned, stages, {}, ())

    return course


def _again(plan: Plan) -> Making:
    def course(snapshot: Snapshot, now: World, _: Options) -> Course:
        after = carried_out(snapshot, plan.operations)
        planned = world_of(after, now.rules) if plan.operations else now
        stages = {"apply": plan.apply, "rollback": plan.rollback}
        return Course(plan.operations, after, planned, lambda _: stages, {}, ())

    return course


def _with_former(row: Forecast, found: Restoration) -> Forecast:
    then = image_then(found.meanings.get(row.service))
    return row if then is None else msgspec.structs.replace(row, former=then)


def _place(operation: Operation) -> tuple[int, tuple[str, str, str]]:
    """Say when an operation comes, so that no reconcile in between gives anybody a third image.

    Nothing wakes but the edit of a runtime (0.16 on). Whoever is reconciled then, or falls from a
    copy to the runtime of the cluster, has to find all the rest in place: so copies go last. What
    came since goes before others are made: a webhook refuses two of one priority (0.11 on).
    """
    ref, change = operation.target, operation.change
    if ref.kind == "ConfigMap":
        return 0, ref.place
    if isinstance(change, Delete):
        return 4 if ref.namespace else 1, ref.place
    return 2 if isinstance(change, Create) else 3, ref.place


def _stages(
    snapshot: Snapshot,
    planned: World,
    operations: Sequence[Operation],
    rows: Sequence[Forecast],
    found: Restoration,
    differing: Differing,
) -> Stages:
    """Return the stages: none where nothing is written, and no restart brings an image back."""
    if not operations and not any(_comes_back(row, found) for row in rows):
        return {"apply": (), "rollback": ()}
    restarts, rolled_out = restart_of(snapshot)
    moving = [row for row in rows if row.outlook in AWAITED]
    awaited = (*conditions(moving, differing), *_former(planned, rows, found))
    order = tuple(range(len(operations)))
    return {
        "apply": (Stage(order, restarts, (*rolled_out, *awaited)),),
        "rollback": (Stage(_back(operations), restarts, rolled_out),),
    }


def _comes_back(row: Forecast, found: Restoration) -> bool:
    """Tell whether a service that ran its image then, and does not now, gets it at a reconcile."""
    meaning = found.meanings.get(row.service)
    ran = meaning.image if meaning is not None else None
    return ran is not None and row.now != ran == row.after_plan


def _back(operations: Sequence[Operation]) -> tuple[int, ...]:
    """Return the order of the way back: what was made goes first, what wakes comes last."""

    def when(at: int) -> int:
        if operations[at].target.kind == "ConfigMap":
            return 0
        return {Create: 1, Delete: 2, Patch: 3}[type(operations[at].change)]

    return tuple(sorted(range(len(operations)), key=when))


def _former(planned: World, rows: Sequence[Forecast], found: Restoration) -> Iterator[Condition]:
    """Yield what is awaited of who gets its former image: a workload that is gone, and Ready."""
    for row in rows:
        meaning = found.meanings.get(row.service)
        is_left_alone = planned.shared(row.service).verdict is Verdict.NOT_RECONCILED
        if meaning is None or is_left_alone or row.former != row.after_plan:
            continue
        if row.workload and row.now is None and meaning.image:
            image = f"{CONTAINER_PATH}/image"
            yield Holds(row.workload, image, row.after_plan, row.service)
        if meaning.ready:
            yield Holds(row.service, READY, "True", row.service)


def _seals(snapshot: Snapshot, found: Restoration, made: Plan) -> tuple[Seal, ...]:
    """Return the seals of the plan, and of all data of the ConfigMap: every byte is proven."""
    runtimes = (seal for seal in made.seals if seal.target != snapshot.config_ref)
    return (
        *_config_seals(snapshot.config, found.checkpoint.config, snapshot.config_ref),
        *runtimes,
    )


def _config_seals(live: Manifest, former: Manifest, ref: ObjectRef) -> Iterator[Seal]:
    for part in DATA:
        keys = {*(live.get(part) or {}), *(former.get(part) or {})}
        for path in (pointer(part, key) for key in sorted(keys)):
            before, after = value_at(live, path), value_at(former, path)
            yield Seal(ref, path, digest_of(before), digest_of(after), leaves_of(before))
