"""What makes the writes of a plan act, and what is awaited: the stages of both directions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from migrate.errors import UsageError
from migrate.kserve import terms
from migrate.kserve.rules import Rules, Wakes
from migrate.operations.model import (
    Activation,
    Condition,
    Holds,
    Operation,
    Restart,
    RolledOut,
    Wake,
)
from migrate.planning.desired import Activate, Options
from migrate.planning.plan import MOVING, Forecast, Outlook, Stage
from migrate.planning.snapshot import Snapshot

IMAGE_PATH = "/spec/template/spec/containers/name=kserve-container/image"
WAVE = 10
"""How many services are woken at once, with `--activate=each`."""
WOKEN = (Outlook.CHANGES, Outlook.RUNS_ALREADY)
"""Who is woken: a reconcile under way may still give the latter what is no longer wanted."""
AWAITED = (*MOVING, Outlook.RUNS_ALREADY)


def stages(
    snapshot: Snapshot, operations: Sequence[Operation], rows: Sequence[Forecast], options: Options
) -> dict[str, tuple[Stage, ...]]:
    """Return the stages of both directions: all writes, what makes them act, the wait.

    Raise UsageError where the release does not let the writes wait, as asked.
    """
    moving = [row for row in rows if row.outlook in AWAITED]
    if not options.images or not (operations or moving):
        return {"apply": (), "rollback": ()}
    assert snapshot.rules is not None
    how = activation(options, operations, snapshot.rules)
    order = tuple(range(len(operations)))
    apply = tuple(_stages(snapshot, order, how, moving))
    return {"apply": apply, "rollback": tuple(_without_waits(stage) for stage in apply)}


def activation(options: Options, operations: Iterable[Operation], rules: Rules) -> Activate:
    """Return how the writes are made to act: as asked, else in the way that reaches no others.

    Where KServe itself has services reconciled that use an edited runtime (0.16 on), a restart
    adds nothing for a plan that edits no more than runtimes.
    """
    edits_runtimes = any(op.target.kind == terms.CLUSTER_RUNTIME for op in operations)
    acts_at_once = edits_runtimes and rules.edit_wakes is not Wakes.NOBODY
    if acts_at_once and options.activate is Activate.NONE:
        raise UsageError(
            f"--activate=none: KServe {rules.name} reconciles {rules.edit_wakes.value} as soon as "
            "a ClusterServingRuntime is edited: the change cannot be held back",
            "--activate=each wakes those that are left, and waits for them",
        )
    if options.activate is not None:
        return options.activate
    only_runtimes = all(op.target.kind == terms.CLUSTER_RUNTIME for op in operations)
    return Activate.EACH if acts_at_once and only_runtimes else Activate.RESTART


def _stages(
    snapshot: Snapshot,
    order: tuple[int, ...],
    how: Activate,
    moving: Sequence[Forecast],
) -> Iterator[Stage]:
    if how is Activate.NONE:
        yield Stage(order)
    elif how is Activate.RESTART:
        restarts, rolled_out = restart_of(snapshot)
        yield Stage(order, restarts, (*rolled_out, *conditions(moving)))
    else:
        yield Stage(order)
        yield from wakes(moving)


def wakes(rows: Iterable[Forecast]) -> Iterator[Stage]:
    """Yield a stage for each wave of services: those that a plan moves, and no others."""
    every = [row for row in rows if row.outlook in WOKEN]
    for start in range(0, len(every), WAVE):
        wave = every[start : start + WAVE]
        yield Stage((), tuple(Wake(row.service) for row in wave), tuple(conditions(wave)))


def _without_waits(stage: Stage) -> Stage:
    """Leave the waits out: a rollback finds out anew whom to await."""
    kept = tuple(c for c in stage.conditions if isinstance(c, RolledOut) and not c.owner)
    return Stage(stage.operations, stage.activations, kept)


def restart_of(snapshot: Snapshot) -> tuple[tuple[Activation, ...], tuple[RolledOut, ...]]:
    """Return the restart of the controller, and the wait for it."""
    restarts = tuple(Restart(ref) for ref in snapshot.controllers)
    return restarts, tuple(RolledOut(ref) for ref in snapshot.controllers)


def conditions(rows: Iterable[Forecast]) -> list[Condition]:
    """Return the wait for each workload that gets new pods; for ready ones, where it was."""
    return [condition for row in rows for condition in _awaited(row)]


def _awaited(row: Forecast) -> Iterator[Condition]:
    if row.outlook not in AWAITED or not (row.workload and row.now and row.after_plan):
        return
    yield Holds(row.workload, IMAGE_PATH, row.after_plan, row.service)
    if row.rollout is not None and row.rollout.ready:
        yield RolledOut(row.workload, row.service)
