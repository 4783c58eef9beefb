"""The wait of a rollback for pods that the run itself took away. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from migrate.objects import ObjectRef
from migrate.operations.model import Condition, Holds, RolledOut, Wave
from migrate.planning.model.plan import Plan


def recovering(plan: Plan, waves: Iterable[Wave]) -> tuple[Wave, ...]:
    """Return the waves of a rollback, with the wait for what was ready before the run.

    A rollback waits for the pods of workloads that are ready when it is planned. A rollout that
    failed takes old pods away, as many as maxUnavailable says, and a Knative Service is not
    Ready until its newest Revision is: those count as ready, too. Not those that the run awaited
    though they were not ready before it: they may never be. Nobody pauses on the way out of a
    run that failed.
    """
    every = (condition for stage in plan.apply for condition in stage.conditions)
    broken = {row.workload for row in plan.forecast if row.rollout and not row.rollout.ready}
    were_ready = {c.target: c for c in every if isinstance(c, RolledOut) and c.target not in broken}
    return tuple(
        Wave(wave.operations, wave.activations, tuple(_with(wave.conditions, were_ready)))
        for wave in waves
    )


def _with(
    conditions: tuple[Condition, ...], were_ready: Mapping[ObjectRef, RolledOut]
) -> Iterator[Condition]:
    """Put each wait for pods behind the last field of the same workload."""
    awaited = {c.target for c in conditions if isinstance(c, RolledOut)}
    last = {c.target: c for c in conditions if isinstance(c, Holds)}
    for condition in conditions:
        yield condition
        target = condition.target
        if condition is last.get(target) and target in were_ready.keys() - awaited:
            yield were_ready[target]
