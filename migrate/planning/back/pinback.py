"""Taking pins back, and the copies that nobody names any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import UNSET

from migrate.kserve import terms
from migrate.kserve.admission import admitted
from migrate.kserve.config import Config
from migrate.kserve.pins import with_pin
from migrate.kserve.services import InferenceService
from migrate.objects import Json, ObjectRef
from migrate.operations.model import Create, Direction, Edit, Operation, Patch, Wave
from migrate.planning.back.later import Live, kept_whole
from migrate.planning.change.copystages import awaited_of
from migrate.planning.change.pinning import RUNTIME
from migrate.planning.change.pins import MODEL_PIN
from migrate.planning.change.pinstages import ready
from migrate.planning.change.pinwrites import pinned
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding, Forecast, Plan
from migrate.planning.world.activation import Differing
from migrate.planning.world.copies import copy_ref
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot

MODEL_PATHS = (RUNTIME, MODEL_PIN)


def written(service: InferenceService, change: Patch, config: Config) -> InferenceService:
    """Return a service in the model form as a write leaves it: of what others changed, all stays.

    Who has nothing pending is not written, and so stays as it is stored.
    """
    after = service
    for edit in change.edits:
        if _found(service, edit.path) == edit.before:
            after = _edited(after, edit)
    return service if after is service else admitted(after, config)


def _found(service: InferenceService, path: str) -> Json:
    model = service.spec.predictor.model
    fields = {RUNTIME: model and model.runtime, MODEL_PIN: model and model.runtime_version}
    value = fields.get(path)
    return UNSET if value is None else value


def _edited(service: InferenceService, edit: Edit) -> InferenceService:
    value = None if edit.after is UNSET else str(edit.after)
    return pinned(service, value) if edit.path == RUNTIME else with_pin(service, value)


def named_by(operations: Iterable[Operation]) -> frozenset[ObjectRef]:
    """Return the runtimes that pins of these operations name."""
    return frozenset(
        copy_ref(str(edit.after), operation.target.namespace)
        for operation in operations
        if isinstance(operation.change, Patch) and operation.target.kind == terms.INFERENCE_SERVICE
        for edit in operation.change.edits
        if edit.path == RUNTIME
    )


def still_named(plan: Plan, back: World) -> Mapping[ObjectRef, list[ObjectRef]]:
    """Return the copies of a run that somebody names when its pins are taken back, with whom."""
    made = {op.target for op in plan.operations if isinstance(op.change, Create)}
    places = {ref.namespace for ref in made}
    found: dict[ObjectRef, list[ObjectRef]] = {}
    for ref in back.services:
        model = back.shape(ref).spec.predictor.model if ref.namespace in places else None
        target = copy_ref(model.runtime, ref.namespace) if model and model.runtime else None
        if target in made:
            found.setdefault(target, []).append(ref)
    return found


def kept_copies(
    named: Mapping[ObjectRef, Collection[ObjectRef]], changed: Collection[ObjectRef], live: Live
) -> Iterator[Finding]:
    """Tell which copies stay: they are named, or somebody changed them."""
    for copy, services in named.items():
        text = f"{copy} stays: they name it, and not by this run"
        yield finding(codes.KEPT, text, "kubectl delete it when nobody does", services)
    others = [ref for ref in changed if ref not in named]
    yield from kept_whole(others, "; its services leave it", live)


def pin_waves(
    plan: Plan, snapshot: Snapshot, back: World, rows: Iterable[Forecast], differing: Differing
) -> tuple[Wave, ...]:
    """Return the planned order, with the waits of today: a pin that goes wakes its service."""
    by_service = {row.service: row for row in rows}
    return tuple(
        _wave(wave, snapshot, back, by_service, differing)
        for wave in plan.waves(Direction.ROLLBACK)
        if wave.operations
    )


def _wave(
    wave: Wave,
    snapshot: Snapshot,
    back: World,
    by_service: Mapping[ObjectRef, Forecast],
    differing: Differing,
) -> Wave:
    targets = (operation.target for operation in wave.operations)
    rows = [by_service[ref] for ref in targets if ref in by_service]
    awaited = (*awaited_of(back, snapshot, rows, differing), *ready(back, rows))
    return Wave(wave.operations, (), awaited, wave.pause)
