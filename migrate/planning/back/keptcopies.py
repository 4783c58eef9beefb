"""Copies of runtimes that stay after a rollback: converted services get their images from them.

No write takes a conversion back: KServe 0.8 and 0.9 convert at each. So these services stay on
runtimes, and a copy without which one of them would get other pods must not go. Nor must a copy
that keeps others where they are, beside one that stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from migrate.kserve import terms
from migrate.objects import ObjectRef
from migrate.operations.classify import to_make
from migrate.operations.invert import invert
from migrate.operations.model import Convert, Operation, Patch
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding, Plan
from migrate.planning.world.changed import carried_out
from migrate.planning.world.closure import used
from migrate.planning.world.forecast import World
from migrate.planning.world.moves import Moves
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of


def staying(plan: Plan, snapshot: Snapshot, now: World) -> frozenset[ObjectRef]:
    """Return the copies of a run that a rollback leaves, by what the cluster holds now."""
    # Other images than those of before were wanted: they are what is to be taken back.
    converted = frozenset() if plan.options.images else converted_by(plan)
    touched = {operation.target.namespace for operation in plan.operations}
    services = [ref for ref in now.services if ref.namespace in touched]
    back = [found for op in plan.operations if (found := _taken_back(op, snapshot)) is not None]
    stays = frozenset[ObjectRef]()
    while converted:
        gone = carried_out(snapshot, [op for op in back if op.target not in stays])
        more = frozenset(_missed(now, world_of(gone, now.rules), services, converted))
        if more <= stays:
            break
        stays |= more
    return stays


def converted_by(plan: Plan) -> frozenset[ObjectRef]:
    """Return the services that a plan converts."""
    return frozenset(act.target for act in plan.activations if isinstance(act, Convert))


def kept_findings(plan: Plan, now: World, needed: Collection[ObjectRef]) -> Iterator[Finding]:
    """Tell who was converted, and which copies stay because of that."""
    converted = [ref for ref in converted_by(plan) if _is_converted(now, ref)]
    if converted:
        text = "converted by the run: no write takes that back, they stay in the model form"
        yield finding(codes.CONVERTED_STAYS, text, objects=converted)
    if needed:
        text = "it stays: converted services would get another image or other pods without it"
        fix = "kmigrate explain NAMESPACE/NAME tells what each uses"
        yield finding(codes.CONVERTED_STAYS, text, fix, needed)


def kept_for(plan: Plan, service: ObjectRef) -> ObjectRef | None:
    """Return the copy that a rollback of the plan leaves, for a service that it converts."""
    rows = (row for row in plan.forecast if row.service == service)
    used_then = next((row.runtime_after_plan for row in rows), None)
    return used_then if service in converted_by(plan) else None


def _is_converted(now: World, ref: ObjectRef) -> bool:
    """Tell whether a service is there, and converted: the run may have stopped before it."""
    return ref in now.services and now.shape(ref).spec.predictor.model is not None


def _taken_back(operation: Operation, snapshot: Snapshot) -> Operation | None:
    """Return what of an operation on a copy is there to be taken back; None for nothing."""
    live, back = snapshot.originals.get(operation.target), invert(operation)
    if live is None or operation.target.kind != terms.SERVING_RUNTIME:
        return None
    if not isinstance(back.change, Patch):
        return back
    edits = to_make(back.change, live)
    return Operation(back.target, Patch(edits), back.reason) if edits else None


def _missed(
    now: World, world: World, services: Collection[ObjectRef], converted: Collection[ObjectRef]
) -> Iterator[ObjectRef]:
    """Yield the runtimes without which a service gets other pods, or another runtime."""
    moves = Moves(now.resolved, world.resolved).moves
    for ref in services:
        runtime, other = used(now, ref), used(world, ref)
        if runtime is None:
            continue
        is_other = other is None or other.name != runtime.name
        if is_other or (ref in converted and moves(ref)):
            yield runtime
