"""In which order copies of runtimes are made, and who is woken after which: the stages.

Without other images or pods nothing can go wrong between a copy and its wakes: all copies come
first, then the wakes, wave by wave. With them each reconcile moves a service as soon as its copy is
there: then a copy comes with the wakes of its services, and is awaited before the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from migrate.kserve.runtimes import Runtime
from migrate.objects import ObjectRef
from migrate.operations.model import Condition, Convert, Holds, Operation, RolledOut, Wake
from migrate.planning.change.conversion import Conversion
from migrate.planning.change.expand import Expansion
from migrate.planning.model.desired import Activate, Options
from migrate.planning.model.plan import MOVING, Forecast, Stage
from migrate.planning.world.activation import (
    AWAITED,
    WAVE,
    WOKEN,
    Differing,
    conditions,
    restart_of,
    waves_of,
    with_pauses,
)
from migrate.planning.world.closure import Layers, layers
from migrate.planning.world.course import Stages
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot

REPORTED = "/status/servingRuntimeName"
REPORTED_OF_CLUSTER = "/status/clusterServingRuntimeName"
"""Which runtime a service uses: ``ModelStatus`` in ``inference_service_status.go`` from 0.16.0."""


@dataclass(frozen=True)
class Moves:
    """What the stages are made of.

    ``operations`` are all that the plan does, and ``of`` names the copy that each belongs to.
    ``differing`` tells what the plan changes of a service beside its image, ``asked`` who gets
    what is wanted. ``conversion`` tells who is converted in place of being woken.
    """

    snapshot: Snapshot
    now: World
    expansion: Expansion
    operations: Sequence[Operation]
    of: Mapping[ObjectRef, ObjectRef]
    differing: Differing
    asked: Callable[[Forecast], bool]
    options: Options
    conversion: Conversion

    def is_woken(self, row: Forecast) -> bool:
        """Tell whether a service is woken: it is on a copy, and is not yet, or not as it will be.

        One that is not selected is left asleep, unless the plan gives it other pods.
        """
        if row.service in self.conversion.services:
            return True
        if row.runtime_after_plan not in self.expansion.copies:
            return False
        if row.outlook in WOKEN:
            return True
        lags = row.outlook in MOVING and self.asked(row)
        return not row.outside and (lags or self.is_asleep(row))

    def is_asleep(self, row: Forecast) -> bool:
        """Tell whether its runtime is a copy, and KServe has not seen that yet."""
        return row.runtime != row.runtime_after_plan or not reports(self.now, row)


def reports(world: World, row: Forecast) -> bool:
    """Tell whether a service says that it uses the runtime; of old releases none does."""
    if not world.rules.reports_runtime or row.runtime_after_plan is None:
        return True
    name = world.shape(row.service).status.serving_runtime_name
    return name == row.runtime_after_plan.name


def ordered(expansion: Expansion, now: World) -> tuple[Layers, frozenset[ObjectRef]]:
    """Return when each copy may be made, over all namespaces, and those without such an order."""
    found: list[set[ObjectRef]] = []
    stuck: set[ObjectRef] = set()
    for namespace, services in expansion.services.items():
        made = _made(expansion, namespace)
        of_namespace, bad = layers(now, services, made)
        stuck |= bad
        for at, layer in enumerate(of_namespace):
            found.extend([set()] * (at >= len(found)))
            found[at] = found[at] | layer
    return tuple(map(frozenset, found)), frozenset(stuck)


def _made(expansion: Expansion, namespace: str) -> dict[ObjectRef, Runtime]:
    """Return the runtimes of a namespace that are written: those that are edited count, too."""
    planned = expansion.planned.config.runtimes.of(namespace)
    return {
        ref: planned[ref.name]
        for ref in expansion.in_namespace[namespace]
        if expansion.copies[ref].change is not None
    }


def copy_stages(moves: Moves, rows: Sequence[Forecast], order: Layers) -> Stages:
    """Return the stages of both directions.

    On the way back copies go in the opposite order, and who used them is woken after that.
    """
    stages, pause = tuple(_stages(moves, rows, order)), moves.options.pause
    writing = [stage for stage in stages if stage.operations]
    waking = [stage for stage in stages if not stage.operations]
    back = map(_without_waits, (*reversed(writing), *waking))
    both = {"apply": stages, "rollback": back}
    return {way: tuple(with_pauses(found, pause)) for way, found in both.items()}


def _without_waits(stage: Stage) -> Stage:
    """Leave the waits for services out: a rollback finds out anew whom to await."""
    kept = tuple(c for c in stage.conditions if isinstance(c, RolledOut) and not c.owner)
    acts = (Wake(act.target) if isinstance(act, Convert) else act for act in stage.activations)
    return Stage(stage.operations, tuple(acts), kept)


def _stages(moves: Moves, rows: Sequence[Forecast], order: Layers) -> Iterator[Stage]:
    woken = [row for row in rows if moves.is_woken(row)]
    how = moves.options.activate or Activate.EACH
    changing = {row.runtime_after_plan for row in woken if row.outlook in WOKEN}
    units = {
        ref: [r for r in woken if r.runtime_after_plan == ref]
        for ref in frozenset().union(*order) & changing
    }
    if how is not Activate.EACH:
        units = {}
    for layer in order:
        plain = _indices(moves, layer - units.keys())
        if plain:
            yield Stage(plain)
        yield from _units(moves, {ref: units[ref] for ref in layer & units.keys()})
    if how is Activate.RESTART and (moves.operations or woken):
        restarts, rolled_out = restart_of(moves.snapshot)
        followed = [row for row in rows if row.outlook in AWAITED or moves.is_woken(row)]
        awaited = awaited_of(moves.expansion.planned, moves.snapshot, followed, moves.differing)
        yield Stage((), restarts, (*rolled_out, *awaited))
    elif how is Activate.EACH:
        in_units = {row.service for row in chain.from_iterable(units.values())}
        yield from wakes_in_waves(moves, [row for row in woken if row.service not in in_units])


def _indices(moves: Moves, copies: Iterable[ObjectRef]) -> tuple[int, ...]:
    chosen = set(copies)
    numbered = enumerate(moves.operations)
    return tuple(at for at, op in numbered if moves.of[op.target] in chosen)


def _units(moves: Moves, units: Mapping[ObjectRef, Sequence[Forecast]]) -> Iterator[Stage]:
    """Yield a stage for each copy, or for as many as fit the size of a wave that was given."""
    wave: list[ObjectRef] = []
    for ref in sorted(units, key=lambda ref: ref.place):
        size = sum(len(units[each]) for each in (*wave, ref))
        if wave and size > (moves.options.wave_size or 0):
            yield _unit(moves, wave, units)
            wave = []
        wave.append(ref)
    if wave:
        yield _unit(moves, wave, units)


def _unit(
    moves: Moves, copies: Sequence[ObjectRef], units: Mapping[ObjectRef, Sequence[Forecast]]
) -> Stage:
    rows = [row for ref in copies for row in units[ref]]
    return _waking(moves, _indices(moves, copies), rows)


def wakes_in_waves(moves: Moves, rows: Sequence[Forecast]) -> Iterator[Stage]:
    """Yield a stage for each wave of these services."""
    for wave in waves_of(rows, moves.options.wave_size or WAVE):
        yield _waking(moves, (), wave)


def _waking(moves: Moves, operations: tuple[int, ...], rows: Sequence[Forecast]) -> Stage:
    awaited = awaited_of(moves.expansion.planned, moves.snapshot, rows, moves.differing)
    converted = moves.conversion.awaited(rows, moves.expansion.planned)
    acts = (moves.conversion.activation(row.service) or Wake(row.service) for row in rows)
    return Stage(operations, tuple(acts), (*converted, *awaited))


def awaited_of(
    planned: World, snapshot: Snapshot, rows: Iterable[Forecast], differing: Differing
) -> Iterator[Condition]:
    """Yield what is awaited of these services: the runtime that they report, and their pods."""
    for row in rows:
        yield from _reported(planned, row)
        found = conditions([row], differing)
        yield from found
        running = snapshot.workloads.get(row.workload) if row.workload else None
        is_ready = running is not None and running.rollout is not None and running.rollout.ready
        if row.workload and is_ready and row.rollout is None:
            yield RolledOut(row.workload, row.service)


def _reported(planned: World, row: Forecast) -> Iterator[Condition]:
    runtime = planned.shared(row.service).reported
    if runtime is None:
        return
    is_cluster = runtime.is_cluster
    names = (REPORTED_OF_CLUSTER, REPORTED) if is_cluster else (REPORTED, REPORTED_OF_CLUSTER)
    yield Holds(row.service, names[0], runtime.name, row.service)
    yield Holds(row.service, names[1], None, row.service)
