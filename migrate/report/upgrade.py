"""A plan for the time after an upgrade, in the words in which it differs from others."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.objects import count
from migrate.planning.plan import Outlook, Plan

MOMENTS = ("now", "after the upgrade", "once written", "written without these")
"""The four images of a service: see ``planning.plan.Forecast``."""
TO_DO = "To do, in this order:"
MOVED = "with other pods by the upgrade or once written"
"""Who has outlook CHANGES in such a plan, and does not restart by carrying it out."""


def heading(plan: Plan) -> Iterator[str]:
    """Yield what the plan is for, where it is not for the release that runs."""
    if plan.target:
        yield f"For after the upgrade to KServe {plan.target}"


def to_do(plan: Plan) -> str:
    """Return what stands above the writes of a plan."""
    target = plan.target
    return f"To do after the upgrade to {target}, in this order:" if target else TO_DO


def summary(plan: Plan) -> str:
    """Return the plan in numbers: what is made then, and whose pods become others."""
    made = count(len(plan.operations), "ServingRuntime")
    places = count(len({op.target.namespace for op in plan.operations}), "namespace")
    where = f" in {places}" if plan.operations else ""
    moved = sum(row.outlook is Outlook.CHANGES for row in plan.forecast)
    services = f"{moved:,} of {count(len(plan.forecast), 'InferenceService')}"
    return f"Plan for KServe {plan.target}: {made}{where}; {services} {MOVED}"
