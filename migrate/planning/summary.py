"""A plan in numbers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from migrate.operations.model import Restart, Wake
from migrate.planning.plan import MOVING, Forecast, Outlook, Plan, Severity


class Summary(msgspec.Struct, frozen=True, rename="camel"):
    """How much a plan does, and what was found.

    ``services`` are all InferenceServices, ``restarts`` those that get new pods, ``anyway``
    those of them that would at their next reconcile without the plan, and ``namespaces`` is in
    how many namespaces they are. Accepted findings are counted, too.
    """

    writes: int
    controller_restarts: int
    wakes: int
    services: int
    restarts: int
    anyway: int
    namespaces: int
    errors: int
    warnings: int
    infos: int
    is_blocked: bool


def summarised(plan: Plan) -> Summary:
    """Return the numbers of a plan."""
    acts = [activation for stage in plan.apply for activation in stage.activations]
    found = [finding.severity for finding in plan.findings]
    moving = restarting(plan.forecast)
    return Summary(
        writes=len(plan.operations),
        controller_restarts=sum(isinstance(act, Restart) for act in acts),
        wakes=sum(isinstance(act, Wake) for act in acts),
        services=len(plan.forecast),
        restarts=len(moving),
        anyway=sum(row.outlook is Outlook.CHANGES_ANYWAY for row in moving),
        namespaces=len({row.service.namespace for row in moving}),
        errors=found.count(Severity.ERROR),
        warnings=found.count(Severity.WARNING),
        infos=found.count(Severity.INFO),
        is_blocked=bool(plan.blocking),
    )


def restarting(forecast: Sequence[Forecast]) -> list[Forecast]:
    """Return the services that get another image, and so new pods."""
    return [row for row in forecast if row.outlook in MOVING]
