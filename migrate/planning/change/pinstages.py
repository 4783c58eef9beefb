"""In which order copies are made and services pinned to them: the stages of both directions.

A copy that nobody is selected for moves nobody: all copies come first. The write of a pin has its
service reconciled at once, so a wave is the writes of its pins, and the wait for its services.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from migrate.objects import ObjectRef
from migrate.operations.model import Condition, Holds, Operation, RolledOut, Wake
from migrate.planning.change.copystages import awaited_of
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import MOVING, Forecast, Stage
from migrate.planning.world.activation import AWAITED, READY, WAVE, Differing
from migrate.planning.world.course import Stages
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot


class Waves(msgspec.Struct, frozen=True):
    """What the stages are made of: ``canaries`` are pinned first and alone, ``others`` then.

    ``operations`` are the copies, then the pins.
    """

    snapshot: Snapshot
    planned: World
    operations: Sequence[Operation]
    canaries: Sequence[ObjectRef]
    others: Sequence[ObjectRef]
    differing: Differing
    options: Options


def pin_stages(waves: Waves, rows: Sequence[Forecast]) -> Stages:
    """Return the stages of both directions: on the way back pins go first, then the copies."""
    made = tuple(at for at, op in enumerate(waves.operations) if op.target not in _pinned(waves))
    first = (Stage(made),) if made else ()
    pins = tuple(_stages(waves, rows))
    writes = (stage for stage in pins if stage.operations)
    back = tuple(Stage(stage.operations, pause=stage.pause) for stage in writes)
    return {"apply": (*first, *pins), "rollback": (*back, *first)}


def _pinned(waves: Waves) -> set[ObjectRef]:
    return {*waves.canaries, *waves.others}


def size_of(options: Options, rows: Sequence[Forecast]) -> int:
    """Return how many services a wave has: no more than may be rolled out at one time."""
    size = options.wave_size or WAVE
    if options.max_unavailable is None or not any(row.outlook in AWAITED for row in rows):
        return size
    return min(size, options.max_unavailable)


def _stages(waves: Waves, rows: Sequence[Forecast]) -> Iterator[Stage]:
    by_service = {row.service: row for row in rows}
    numbers = {op.target: at for at, op in enumerate(waves.operations)}
    pause = 0.0
    for group in (waves.canaries, waves.others):
        found = [by_service[ref] for ref in group]
        acting = [row for row in found if row.service in numbers or row.outlook in MOVING]
        size = size_of(waves.options, acting)
        for start in range(0, len(acting), size):
            yield _stage(waves, numbers, acting[start : start + size], pause)
            pause = waves.options.pause


def _stage(
    waves: Waves, numbers: dict[ObjectRef, int], rows: Sequence[Forecast], pause: float
) -> Stage:
    """Return a wave; who names its copy already and does not run it is woken."""
    writes = tuple(numbers[row.service] for row in rows if row.service in numbers)
    wakes = tuple(Wake(row.service) for row in rows if row.service not in numbers)
    awaited = [*awaited_of(waves.planned, waves.snapshot, rows, waves.differing)]
    if waves.options.max_unavailable is not None:
        awaited.extend(one for one in _every_rollout(rows) if one not in awaited)
    return Stage(writes, wakes, (*awaited, *ready(waves.planned, rows)), pause)


def _every_rollout(rows: Sequence[Forecast]) -> Iterator[Condition]:
    """Yield the wait for all that restart: who was not ready before is rolled out, too."""
    for row in rows:
        if row.workload and row.rollout is not None:
            yield RolledOut(row.workload, row.service)


def ready(world: World, rows: Sequence[Forecast]) -> Iterator[Condition]:
    """Yield the wait for each service that is Ready to be so again."""
    for row in rows:
        if world.shape(row.service).status.is_ready:
            yield Holds(row.service, READY, "True", row.service)
