"""Planning the way back: from the record and the live cluster, not from the record alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import groupby
from types import MappingProxyType

import msgspec

from migrate.errors import BlockedError
from migrate.kserve import terms
from migrate.kserve.resolution import Resolution
from migrate.objects import Manifest, ObjectRef, parts_of
from migrate.operations.classify import Standing, classify, to_make
from migrate.operations.invert import invert
from migrate.operations.model import Delete, Direction, Operation, Patch, Wake, Wave
from migrate.planning.back.across import is_across
from migrate.planning.back.acrossback import across_findings, now_otherwise, pins_that_stay
from migrate.planning.back.checks_back import moved_since, refuse_lost, refuse_moved
from migrate.planning.back.checks_prepared import losing, lost_findings
from migrate.planning.back.copyback import changed_since, copies_in, copy_waves, without
from migrate.planning.back.keptcopies import kept_findings, staying
from migrate.planning.back.later import kept_anew, kept_fields, kept_whole
from migrate.planning.back.pinback import kept_copies, named_by, pin_waves, still_named
from migrate.planning.back.standing import standing_in
from migrate.planning.model import codes
from migrate.planning.model.desired import Activate
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding, Forecast, Plan, Stage
from migrate.planning.model.strategy import Scope, Strategy
from migrate.planning.world.activation import (
    AWAITED,
    WOKEN,
    Differing,
    conditions,
    restart_of,
    wakes,
)
from migrate.planning.world.closure import used
from migrate.planning.world.forecast import World, between, forecast
from migrate.planning.world.moves import Moves
from migrate.planning.world.restarts import with_restarts
from migrate.planning.world.seals import FIELD
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of


class Rollback(msgspec.Struct, frozen=True):
    """What a rollback will do, and where it leads: ``after_plan`` is the way it ends.

    ``to_do`` is what is still to be written of the waves' operations, ``stays`` what the run made
    and converted services need, and what cannot be written under the release that runs now.
    """

    waves: tuple[Wave, ...]
    to_do: tuple[Operation, ...]
    forecast: tuple[Forecast, ...]
    findings: tuple[Finding, ...]
    stays: frozenset[ObjectRef] = frozenset()


def plan_rollback(
    plan: Plan,
    snapshot: Snapshot,
    live: Mapping[ObjectRef, Manifest | None],
    later: Mapping[ObjectRef, str] = MappingProxyType({}),
) -> Rollback:
    """Resolve all services again: they may have come, gone, or been changed since the run.

    ``live`` has the objects of the plan as they are now, ``later`` the newest run that wrote each
    object since. Raise BlockedError where the release cannot be told, or where who leaves a runtime
    of a namespace would have none, or under the rules that the run was made for not what it had.
    """
    rules, snapshot = snapshot.rules, _with_copies(snapshot, live)
    if rules is None:
        raise BlockedError(
            f"KServe {snapshot.release or '(release unknown)'} runs now, and what it makes of the "
            f"services is not known; the run was made under {plan.release or '(release unknown)'}",
            "give --kserve-version X.Y.Z, or bring the former release back first",
        )
    now = world_of(snapshot, rules)
    across = is_across(plan, rules)
    changed_ones = changed_since(plan, live)
    is_pinned = plan.options.scope is Scope.SERVICE
    if is_pinned:
        named = still_named(plan, standing_in(snapshot, now, map(invert, plan.operations)))
        kept = (*kept_copies(named, changed_ones, live), *kept_fields(plan, live))
        changed_ones |= named.keys()
    else:
        stays = ", and so do its services"
        anew = changed_ones & {op.target for op in plan.operations if isinstance(op.change, Delete)}
        whole = (*kept_whole(changed_ones - anew, stays, live), *kept_anew(anew))
        kept = (*whole, *kept_fields(plan, live))
    plan = without(plan, changed_ones)
    needed = staying(plan, snapshot, now)
    kept = (*kept, *kept_findings(plan, now, needed))
    pins = pins_that_stay(plan, now) if across else frozenset()
    kept = (*kept, *across_findings(plan, snapshot, pins)) if across else kept
    needed |= pins
    plan = without(plan, needed)
    # A rollback that was stopped after its writes has to wait for the same as before.
    applied = standing_in(snapshot, now, plan.operations)
    back = standing_in(snapshot, now, map(invert, plan.operations))
    rows = forecast(now, back, back, snapshot.workloads)
    copies = copies_in(plan.operations) | named_by(plan.operations)
    leaving = [row for row in rows if used(applied, row.service) in copies]
    refuse_lost(plan, (applied, back), leaving)
    bad = moved_since(plan, snapshot, (applied, back), leaving)
    if not across:
        refuse_moved(bad, later, changed_ones)
    lost = losing(plan, now, rows) if across else {}
    others = [row for row in rows if row.service not in lost]
    told = (*_findings(plan, others, applied, back), *now_otherwise(plan, bad))
    findings = (*kept, *told, *lost_findings(plan, str(snapshot.release), lost, rows))
    differing = between(applied, back)
    if is_pinned:
        waves = pin_waves(plan, snapshot, back, rows, differing)
    elif plan.makes_runtimes:
        waves = copy_waves(plan, snapshot, (applied, back), rows, differing)
    else:
        waves = _waves(plan, snapshot, rows, _moved(plan, applied, back), differing)
    to_do = tuple(_to_do(plan, live))
    activations = [activation for wave in waves for activation in wave.activations]
    return Rollback(waves, to_do, with_restarts(rows, to_do, activations, now), findings, needed)


def _with_copies(snapshot: Snapshot, live: Mapping[ObjectRef, Manifest | None]) -> Snapshot:
    """Return the snapshot with the whole copies of the run.

    It was read with those that bear our label, which anybody can take off.
    """
    copies = {ref: one for ref, one in live.items() if one and ref.kind == terms.SERVING_RUNTIME}
    return replace(snapshot, originals={**snapshot.originals, **copies})


def _moved(plan: Plan, applied: World, back: World) -> frozenset[ObjectRef]:
    """Return whom the run moved, or may have: told by the plan, or there since.

    What stands already of a rollback that was stopped makes no difference.
    """
    undone = Moves(applied.resolved, back.resolved)
    told = (row.service for row in plan.forecast if row.outlook in WOKEN)
    return frozenset((*told, *filter(undone.moves, back.services)))


def _waves(
    plan: Plan,
    snapshot: Snapshot,
    rows: Sequence[Forecast],
    moved: AbstractSet[ObjectRef],
    differing: Differing,
) -> tuple[Wave, ...]:
    """Return the planned order, with the controller, the services and the waits of today."""
    waves = plan.waves(Direction.ROLLBACK)
    acts = [activation for wave in waves for activation in wave.activations]
    wakes_each = plan.options.activate is Activate.EACH or any(isinstance(a, Wake) for a in acts)
    if wakes_each or not acts:
        writes = tuple(Wave(wave.operations) for wave in waves if wave.operations)
        back = [row for row in rows if row.outlook in WOKEN or row.service in moved]
        stages = wakes(back, differing, plan.options) if wakes_each else ()
        return (*writes, *map(_wave, stages))
    restarts, rolled_out = restart_of(snapshot)
    awaited = conditions(
        (row for row in rows if row.outlook in AWAITED or row.service in moved), differing
    )
    return tuple(
        Wave(
            wave.operations,
            restarts if wave.activations else (),
            (*rolled_out, *awaited) if wave is waves[-1] else (),
        )
        for wave in waves
    )


def _wave(stage: Stage) -> Wave:
    return Wave((), stage.activations, stage.conditions, stage.pause)


def _findings(
    plan: Plan, rows: Sequence[Forecast], applied: World, back: World
) -> Iterator[Finding]:
    """Tell who does not return to where he was."""
    former = {row.service: row.now for row in plan.forecast}
    users = _users(plan, applied, back)
    new = [r for r in rows if r.service not in former and r.service in users]
    for image, services in _by(new, lambda row: row.after_plan or "no image"):
        text = f"created since the run; after the rollback they get {image}"
        fix = "their pin is spec.predictor.<framework>.runtimeVersion; set it where it is wrong"
        yield finding(codes.NEW_SERVICES, text, fix, services)
    told = [r for r in rows if former.get(r.service) and r.after_plan is not None]
    others = [row for row in told if former[row.service] != row.after_plan]
    for text, services in _by(
        others, lambda r: f"ran {former[r.service]}, will run {r.after_plan or 'no image'}"
    ):
        yield finding(codes.NOT_AS_BEFORE, text, objects=services)


def _by(
    rows: Sequence[Forecast], key: Callable[[Forecast], str]
) -> Iterator[tuple[str, list[ObjectRef]]]:
    for value, group in groupby(sorted(rows, key=key), key=key):
        yield value, [row.service for row in group]


def _to_do(plan: Plan, live: Mapping[ObjectRef, Manifest | None]) -> Iterator[Operation]:
    for wave in plan.waves(Direction.ROLLBACK):
        for operation in wave.operations:
            found, change = live.get(operation.target), operation.change
            edits = to_make(change, found) if found and isinstance(change, Patch) else ()
            if not isinstance(change, Patch) and classify(operation, found) is Standing.PENDING:
                yield operation
            elif edits:
                yield msgspec.structs.replace(operation, change=Patch(edits))


def _users(plan: Plan, applied: World, back: World) -> set[ObjectRef]:
    """Return the services that get their image from what the run changed, or made."""
    copies = copies_in(plan.operations)
    moved = {ref for ref in applied.services if copies and used(applied, ref) in copies}
    is_global = plan.options.strategy is Strategy.IN_PLACE
    formats = {image.format for image in plan.options.images if image.format and is_global}
    formats |= _reset(plan) or (_replaced(plan) and {key[0] for key in back.users}) or set()
    runtimes = {op.target for op in plan.operations if op.target.kind == terms.CLUSTER_RUNTIME}
    users = {ref for key, users in back.users.items() if key[0] in formats for ref in users}
    return moved | users | {ref for ref in back.services if _ref(back.shared(ref)) in runtimes}


def _reset(plan: Plan) -> set[str]:
    """Return the formats whose entry in `predictors` was set back."""
    patches = [op.change for op in plan.operations if isinstance(op.change, Patch)]
    within = [edit.within for patch in patches for edit in patch.edits if edit.within]
    return {parts_of(one)[0].lower() for one in within}


def _replaced(plan: Plan) -> bool:
    """Tell whether the whole text of `predictors` was replaced."""
    patches = [op.change for op in plan.operations if isinstance(op.change, Patch)]
    return any(edit.path == FIELD and not edit.within for one in patches for edit in one.edits)


def _ref(found: Resolution) -> ObjectRef | None:
    return found.runtime.ref if found.runtime is not None else None
