"""What a plan promises of each service, in terms of what can be seen of its workload."""

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.operations.model import Direction, Restart
from migrate.planning.activation import WOKEN
from migrate.planning.plan import Forecast, Outlook, Plan

UNTOLD = (Outlook.CANNOT_TELL, Outlook.BROKEN)
"""Of these the plan promises nothing."""


@dataclass(frozen=True)
class Promise:
    """The image that the workload ends with, and whether it gets there by a new ReplicaSet.

    ``runtime`` is the name that the status must have in the end, None where it may have any.
    """

    row: Forecast
    moves: bool
    image: str | None
    runtime: str | None = None


def promises(plan: Plan, direction: Direction) -> Iterator[Promise]:
    """Yield the promise for each service that the plan tells something of."""
    is_told = (row for row in plan.forecast if row.outlook not in UNTOLD)
    if direction is Direction.ROLLBACK:
        yield from (_back(row, plan) for row in is_told)
    else:
        yield from (_there(row, plan) for row in is_told)


def _there(row: Forecast, plan: Plan) -> Promise:
    reconciled = row.restarts or restarts(plan) or row.outlook in WOKEN
    runtime = row.runtime_after_plan.name if reconciled and row.runtime_after_plan else None
    return Promise(row, row.restarts, row.after_plan if row.restarts else row.now, runtime)


def _back(row: Forecast, plan: Plan) -> Promise:
    """Back to what the next reconcile gives: also those that ran the plan's image before it."""
    there = _there(row, plan)
    if row.outlook not in WOKEN:
        return Promise(row, moves=False, image=there.image, runtime=there.runtime)
    runtime = row.runtime.name if row.runtime else None
    return Promise(row, moves=True, image=row.after_rollback, runtime=runtime)


def restarts(plan: Plan) -> bool:
    """Whether the plan has everybody reconciled."""
    acts = (activation for stage in plan.apply for activation in stage.activations)
    return any(isinstance(activation, Restart) for activation in acts)


def name_of(row: Forecast) -> str:
    """The service of a row, as namespace/name."""
    return f"{row.service.namespace}/{row.service.name}"
