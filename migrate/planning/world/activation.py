"""What makes the writes of a plan act, and what is awaited: the stages of both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from migrate.errors import UsageError
from migrate.kserve import terms
from migrate.kserve.rules import Rules, Wakes
from migrate.objects import ObjectRef
from migrate.operations.model import (
    Activation,
    Condition,
    Holds,
    Operation,
    Restart,
    RolledOut,
    Wake,
    Wave,
)
from migrate.planning.model.desired import Activate, Options
from migrate.planning.model.plan import MOVING, Forecast, Outlook, Stage
from migrate.planning.world.differences import Difference
from migrate.planning.world.snapshot import Snapshot

CONTAINER_PATH = "/spec/template/spec/containers/name=kserve-container"
READY = "/status/conditions/type=Ready/status"
Waking = TypeVar("Waking", Stage, Wave)
Differing = Callable[[ObjectRef], Sequence[Difference]]
WAVE = 10
"""How many services are woken at once, with `--activate=each`."""
WOKEN = (Outlook.CHANGES, Outlook.RUNS_ALREADY)
"""Who is woken: a reconcile under way may still give the latter what is no longer wanted."""
AWAITED = (*MOVING, Outlook.RUNS_ALREADY)


def stages(
    snapshot: Snapshot,
    operations: Sequence[Operation],
    rows: Sequence[Forecast],
    differing: Differing,
    asked: Callable[[Forecast], bool],
    options: Options,
) -> dict[str, tuple[Stage, ...]]:
    """Return the stages of both directions: all writes, what makes them act, the wait.

    ``differing`` tells what the plan changes of a service beside its image, ``asked`` who
    gets what is wanted.
    Raise UsageError where the release does not let the writes wait, or nothing pauses, as asked.
    """
    moving = [row for row in rows if row.outlook in AWAITED]
    if not options.asks or not (operations or moving):
        return {"apply": (), "rollback": ()}
    assert snapshot.rules is not None
    how = (
        _as_few_as_move(options, rows)
        if options.resets
        else activation(options, operations, snapshot.rules)
    )
    flag = "--pause" if options.pause else "--wave-size" if options.wave_size else ""
    if flag and how is not Activate.EACH and not options.resets:
        raise UsageError(
            f"{flag}: with --activate={how.value} there are no waves",
            "--activate=each wakes wave by wave",
        )
    order = tuple(range(len(operations)))
    if how is Activate.EACH:
        moving = [row for row in moving if _is_woken(row, asked)]
    apply = tuple(_stages(snapshot, order, how, moving, differing, options))
    return {"apply": apply, "rollback": tuple(_without_waits(stage) for stage in apply)}


def activation(options: Options, operations: Iterable[Operation], rules: Rules) -> Activate:
    """Return how the writes are made to act: as asked, else in the way that reaches no others.

    Where KServe itself has services reconciled that use an edited runtime (0.16 on), a restart
    adds nothing for a plan that edits no more than runtimes.
    """
    targets = [operation.target for operation in operations]
    at_once = acts_at_once(targets, rules)
    if at_once and options.activate is Activate.NONE:
        raise UsageError(
            f"--activate=none: KServe {rules.name} reconciles {rules.edit_wakes.value} as soon as "
            "a ClusterServingRuntime is edited: the change cannot be held back",
            "--activate=each wakes those that are left, and waits for them",
        )
    if options.activate is not None:
        return options.activate
    only_runtimes = all(ref.kind == terms.CLUSTER_RUNTIME for ref in targets)
    return Activate.EACH if at_once and only_runtimes else Activate.RESTART


def _as_few_as_move(options: Options, rows: Iterable[Forecast]) -> Activate:
    """Return how a reset of the global setting is made to act: nobody is to notice it.

    Who moves all the same was accepted, and is woken.
    """
    moves = any(row.outlook is Outlook.CHANGES for row in rows)
    return options.activate or (Activate.EACH if moves else Activate.NONE)


def acts_at_once(written: Iterable[ObjectRef], rules: Rules) -> bool:
    """Tell whether KServe itself reconciles services for what is written."""
    edits_runtimes = any(ref.kind == terms.CLUSTER_RUNTIME for ref in written)
    return edits_runtimes and rules.edit_wakes is not Wakes.NOBODY


def _stages(
    snapshot: Snapshot,
    order: tuple[int, ...],
    how: Activate,
    moving: Sequence[Forecast],
    differing: Differing,
    options: Options,
) -> Iterator[Stage]:
    if how is Activate.NONE:
        yield Stage(order)
    elif how is Activate.RESTART:
        restarts, rolled_out = restart_of(snapshot)
        yield Stage(order, restarts, (*rolled_out, *conditions(moving, differing)))
    else:
        yield Stage(order)
        yield from wakes(moving, differing, options)


def wakes(rows: Sequence[Forecast], differing: Differing, options: Options) -> Iterator[Stage]:
    """Yield a stage for each wave of these services: they are woken, and waited for.

    Between two of them lies the pause.
    """
    for at, wave in enumerate(waves_of(rows, options.wave_size or WAVE)):
        awaited = tuple(conditions(wave, differing))
        pause = options.pause if at else 0.0
        yield Stage((), tuple(Wake(row.service) for row in wave), awaited, pause)


def with_pauses(waves: Iterable[Waking], pause: float) -> Iterator[Waking]:
    """Put the pause before each wave that wakes somebody, but the first of them."""
    begun = False
    for wave in waves:
        yield msgspec.structs.replace(wave, pause=pause) if wave.activations and begun else wave
        begun = begun or bool(wave.activations)


def _is_woken(row: Forecast, asked: Callable[[Forecast], bool]) -> bool:
    """Tell whom the plan moves, and who lags behind though what is wanted is set already."""
    lags = row.outlook is Outlook.CHANGES_ANYWAY and not row.outside
    return row.outlook in WOKEN or (lags and asked(row))


def waves_of(rows: Sequence[Forecast], size: int) -> Iterator[Sequence[Forecast]]:
    """Yield the services that are woken at one time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _without_waits(stage: Stage) -> Stage:
    """Leave the waits out: a rollback finds out anew whom to await."""
    kept = tuple(c for c in stage.conditions if isinstance(c, RolledOut) and not c.owner)
    return Stage(stage.operations, stage.activations, kept)


def restart_of(snapshot: Snapshot) -> tuple[tuple[Activation, ...], tuple[RolledOut, ...]]:
    """Return the restart of the controller, and the wait for it."""
    restarts = tuple(Restart(ref) for ref in snapshot.controllers)
    return restarts, tuple(RolledOut(ref) for ref in snapshot.controllers)


def conditions(rows: Iterable[Forecast], differing: Differing) -> list[Condition]:
    """Return the wait for each workload of these services that is there now.

    It is over when the workload has what its template is to have: the image, and a field of
    each variable and of the flags that change; for a ready one when it is ready again.
    """
    return [condition for row in rows for condition in _awaited(row, differing(row.service))]


def _awaited(row: Forecast, found: Sequence[Difference]) -> Iterator[Condition]:
    if not (row.workload and row.now and row.after_plan):
        return
    if row.now != row.after_plan or not found:
        yield Holds(row.workload, f"{CONTAINER_PATH}/image", row.after_plan, row.service)
    for one in found:
        yield Holds(row.workload, CONTAINER_PATH + one.path, one.value, row.service)
    if row.rollout is not None and row.rollout.ready:
        yield RolledOut(row.workload, row.service)
