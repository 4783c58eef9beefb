"""A plan for an upgrade, before it or after it, in the words in which it differs from others."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from migrate.objects import count
from migrate.planning.model.plan import Forecast, Outlook, Plan

PLAIN = ("now", "next reconcile", "after the plan", "after rollback")
MOMENTS = ("now", "after the upgrade", "once written", "written without these")
"""The four images of a service: see ``planning.plan.Forecast``."""
TO_DO = "To do, in this order:"
MOVED = "with other pods by the upgrade or once written"
"""Who has outlook CHANGES in such a plan, and does not restart by carrying it out."""


def moments(plan: Plan) -> tuple[str, ...]:
    """Return the names of the images of a service, in their order."""
    if plan.held_for:
        return (*PLAIN, f"after the upgrade to {plan.held_for}")
    return MOMENTS if plan.target else PLAIN


def images_of(row: Forecast) -> tuple[str | None, ...]:
    """Return the images of a service at its moments."""
    four = (row.now, row.after_reconcile, row.after_plan, row.after_rollback)
    return four if row.after_upgrade is UNSET else (*four, row.after_upgrade)


def heading(plan: Plan) -> Iterator[str]:
    """Yield what the plan is for, where it is not for the release that runs."""
    if plan.target:
        yield f"For after the upgrade to KServe {plan.target}"
    if plan.held_for:
        yield f"To be done before the upgrade to KServe {plan.held_for}"


def strategy_of(plan: Plan) -> str:
    """Return what kind of plan it is, for the question before it."""
    if plan.held_for:
        return f"before the upgrade to KServe {plan.held_for}"
    return plan.strategy.replace("-", " ")


def to_do(plan: Plan) -> str:
    """Return what stands above the writes of a plan."""
    target = plan.target
    if plan.held_for:
        return f"To do before the upgrade to {plan.held_for}, in this order:"
    return f"To do after the upgrade to {target}, in this order:" if target else TO_DO


def summary(plan: Plan) -> str:
    """Return the plan in numbers: what is made then, and whose pods become others."""
    made = count(len(plan.operations), "ServingRuntime")
    places = count(len({op.target.namespace for op in plan.operations}), "namespace")
    where = f" in {places}" if plan.operations else ""
    moved = sum(row.outlook is Outlook.CHANGES for row in plan.forecast)
    services = f"{moved:,} of {count(len(plan.forecast), 'InferenceService')}"
    return f"Plan for KServe {plan.target}: {made}{where}; {services} {MOVED}"


def after_holding(release: str, *, is_part: bool) -> str:
    """Say what comes after images are held across an upgrade.

    It reaches all services: where only some were selected, the others come before it.
    """
    if is_part:
        return f"kmigrate plan --target {release}, for all others"
    return f"upgrade KServe to {release}, then kmigrate check"
