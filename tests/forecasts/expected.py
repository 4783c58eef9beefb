"""What a plan promises of each service, in terms of what can be seen of its workload."""

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.objects import ObjectRef
from migrate.operations.model import Direction, Restart
from migrate.planning.model.plan import Forecast, Outlook, Plan
from migrate.planning.world.activation import WOKEN

UNTOLD = (Outlook.CANNOT_TELL, Outlook.BROKEN)
"""Of these the plan promises nothing."""


@dataclass(frozen=True)
class Promise:
    """The image that the workload ends with, and whether it gets there by a new ReplicaSet.

    ``runtime`` is the one that the status must tell in the end, None where it may tell any.
    """

    row: Forecast
    moves: bool
    image: str | None
    runtime: ObjectRef | None = None


def promises(plan: Plan, direction: Direction) -> Iterator[Promise]:
    """Yield the promise for each service that the plan tells something of."""
    is_told = (row for row in plan.forecast if row.outlook not in UNTOLD)
    if direction is Direction.ROLLBACK:
        yield from (_back(row, plan) for row in is_told)
    else:
        yield from (_there(row, plan) for row in is_told)


def _there(row: Forecast, plan: Plan) -> Promise:
    runtime = row.runtime_after_plan if _is_reconciled(row, plan) else None
    return Promise(row, row.restarts, row.after_plan if row.restarts else row.now, runtime)


def _back(row: Forecast, plan: Plan) -> Promise:
    """Back to what the next reconcile gives: also those that ran the plan's image before it."""
    runtime = row.runtime if _is_reconciled(row, plan) else None
    if row.outlook not in WOKEN:
        return Promise(row, moves=False, image=_there(row, plan).image, runtime=runtime)
    return Promise(row, moves=True, image=row.after_rollback, runtime=runtime)


def _is_reconciled(row: Forecast, plan: Plan) -> bool:
    acts = [activation for stage in plan.apply for activation in stage.activations]
    is_woken = any(activation.target == row.service for activation in acts)
    return row.restarts or restarts(plan) or row.outlook in WOKEN or is_woken


def restarts(plan: Plan) -> bool:
    """Whether the plan has everybody reconciled."""
    acts = (activation for stage in plan.apply for activation in stage.activations)
    return any(isinstance(activation, Restart) for activation in acts)


def name_of(row: Forecast) -> str:
    """The service of a row, as namespace/name."""
    return f"{row.service.namespace}/{row.service.name}"
