"""Taking copies of runtimes away again: which may go, who is woken after that, who would move.

A copy is nobody's to delete once somebody else has changed it: it stays, and so do its services.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from migrate.errors import UsageError
from migrate.kserve import terms
from migrate.objects import Json, Manifest, ObjectRef
from migrate.operations.classify import contains
from migrate.operations.model import Create, Delete, Direction, Operation, Wake, Wave
from migrate.planning.change.copystages import awaited_of
from migrate.planning.model.desired import Activate
from migrate.planning.model.plan import Forecast, Plan, Stage
from migrate.planning.world.activation import WAVE, Differing, restart_of, waves_of, with_pauses
from migrate.planning.world.closure import used
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot

SHOWN = 10
"""How many services an error names."""


def is_as_made(live: Manifest, made: Manifest) -> bool:
    """Tell whether nobody changed what was created, but for what the API server itself fills in."""
    return contains(live, made) and not _has_more(live.get("spec"), made.get("spec"))


def _has_more(found: Json, made: Json) -> bool:
    """Tell whether somebody added a field.

    The CRDs of the runtimes have defaults for empty texts, false, and TCP
    (``config/crd/full/serving.kserve.io_servingruntimes.yaml`` of 0.20.0).
    """
    if isinstance(found, dict) and isinstance(made, dict):
        added = (value for key, value in found.items() if key not in made)
        inner = (_has_more(value, made[key]) for key, value in found.items() if key in made)
        return any(value and value != "TCP" for value in added) or any(inner)
    if isinstance(found, list) and isinstance(made, list):
        return any(_has_more(a, b) for a, b in zip(found, made, strict=False))
    return False


def changed_since(plan: Plan, live: Mapping[ObjectRef, Manifest | None]) -> frozenset[ObjectRef]:
    """Return the objects that the run created or deleted, and that others changed or made since."""
    return frozenset(
        operation.target
        for operation in plan.operations
        if isinstance(operation.change, Create | Delete)
        and (found := live.get(operation.target)) is not None
        and not is_as_made(found, operation.change.manifest)
    )


def without(plan: Plan, left_out: Collection[ObjectRef]) -> Plan:
    """Return the plan without the operations of these objects."""
    kept = [at for at, op in enumerate(plan.operations) if op.target not in left_out]
    return msgspec.structs.replace(
        plan,
        operations=tuple(plan.operations[at] for at in kept),
        apply=_renumbered(plan.apply, kept),
        rollback=_renumbered(plan.rollback, kept),
    )


def _renumbered(stages: Iterable[Stage], kept: Sequence[int]) -> tuple[Stage, ...]:
    new = {old: at for at, old in enumerate(kept)}
    return tuple(
        msgspec.structs.replace(
            stage, operations=tuple(new[at] for at in stage.operations if at in new)
        )
        for stage in stages
    )


def of_namespaces(plan: Plan, namespaces: Collection[str], run: str) -> Plan:
    """Return what the plan does in these namespaces. Raise UsageError where that is no part of it.

    What is set for the whole cluster cannot be taken back for some namespaces.
    """
    wide = [op.target for op in plan.operations if _is_wide(op.target, plan)]
    if wide:
        raise UsageError(
            f"-n: run {run} changed {wide[0]}, which is for the whole cluster",
            f"kmigrate rollback {run}",
        )
    places = {op.target.namespace for op in plan.operations}
    if missing := sorted(set(namespaces) - places):
        raise UsageError(
            f"-n {missing[0]}: run {run} changed nothing there; "
            f"it changed {', '.join(sorted(places)[:SHOWN])}",
            f"kmigrate status {run}",
        )
    found = without(
        plan, [o.target for o in plan.operations if o.target.namespace not in namespaces]
    )
    rows = tuple(row for row in plan.forecast if row.service.namespace in namespaces)
    return msgspec.structs.replace(
        found,
        apply=_acting_on(found.apply, namespaces),
        rollback=_acting_on(found.rollback, namespaces),
        forecast=rows,
    )


def _acting_on(stages: Iterable[Stage], namespaces: Collection[str]) -> tuple[Stage, ...]:
    """Return the stages without what they do to services of other namespaces."""
    return tuple(
        msgspec.structs.replace(
            stage,
            activations=tuple(
                act
                for act in stage.activations
                if act.target.kind != terms.INFERENCE_SERVICE or act.target.namespace in namespaces
            ),
        )
        for stage in stages
    )


def _is_wide(ref: ObjectRef, plan: Plan) -> bool:
    return not ref.namespace or (ref.kind, ref.namespace) == ("ConfigMap", plan.kserve_namespace)


def copies_in(operations: Iterable[Operation]) -> frozenset[ObjectRef]:
    """Return the runtimes of namespaces that these operations are about."""
    return frozenset(op.target for op in operations if op.target.kind == terms.SERVING_RUNTIME)


def copy_waves(
    plan: Plan,
    snapshot: Snapshot,
    worlds: tuple[World, World],
    rows: Sequence[Forecast],
    differing: Differing,
) -> tuple[Wave, ...]:
    """Return the planned order, with the services and the waits of today.

    ``worlds`` are the one in which the copies are there, and the one in which they have gone. Who
    used a copy is woken after it has gone: with it, where the plan says so, else at the end.
    """
    applied, back = worlds
    by_copy: dict[ObjectRef, list[Forecast]] = {}
    for row in rows:
        runtime = used(applied, row.service)
        if runtime is not None and row.runtime_after_plan is not None:
            by_copy.setdefault(runtime, []).append(row)
    waves, left, how = [], list[Forecast](), plan.options.activate or Activate.EACH
    for wave in plan.waves(Direction.ROLLBACK):
        if not wave.operations:
            continue
        users = [row for ref in copies_in(wave.operations) for row in by_copy.get(ref, ())]
        if wave.activations and how is Activate.EACH:
            waves.append(_waking(wave, back, snapshot, users, differing))
        else:
            waves.append(Wave(wave.operations))
            left.extend(users)
    waves.extend(_at_the_end(plan, snapshot, back, left, differing))
    return tuple(with_pauses(waves, plan.options.pause))


def _at_the_end(
    plan: Plan, snapshot: Snapshot, back: World, users: Sequence[Forecast], differing: Differing
) -> Iterator[Wave]:
    how, size = plan.options.activate or Activate.EACH, plan.options.wave_size or WAVE
    if how is Activate.RESTART:
        restarts, rolled_out = restart_of(snapshot)
        awaited = awaited_of(back, snapshot, users, differing)
        yield Wave((), restarts, (*rolled_out, *awaited))
    elif how is Activate.EACH:
        ordered = sorted(users, key=lambda row: row.service.place)
        for rows in waves_of(ordered, size):
            yield _waking(Wave(), back, snapshot, rows, differing)


def _waking(
    wave: Wave, back: World, snapshot: Snapshot, rows: Sequence[Forecast], differing: Differing
) -> Wave:
    wakes = tuple(Wake(row.service) for row in rows)
    awaited = tuple(awaited_of(back, snapshot, rows, differing))
    return Wave(wave.operations, wakes, awaited)
