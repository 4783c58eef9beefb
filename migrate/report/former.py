"""Former images, in the texts of a plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import UNSET

from migrate.objects import count
from migrate.planning.model.plan import Forecast, Plan

FORMERLY = "formerly"
"""The moment before the others, of who is to get a former image back."""


def summary(plan: Plan) -> Iterator[str]:
    """Yield in numbers who runs its former image after the plan, where that is asked for."""
    if plan.options.former:
        rows = [row for row in plan.forecast if row.former is not UNSET]
        if not rows:
            yield "Former images: of no InferenceService is known that it ran one that was set."
            return
        back = [row for row in rows if row.former == row.after_plan]
        never = sum(row.former == row.after_reconcile for row in back)
        kept = f", {never:,} of them without it" if never else ""
        services = count(len(rows), "InferenceService")
        yield f"Former images: {len(back):,} of {services} run theirs after this{kept}."


def has_former(forecast: Sequence[Forecast]) -> bool:
    """Tell whether anybody is to get a former image back."""
    return any(row.former is not UNSET for row in forecast)


def former_of(row: Forecast) -> str:
    """Return the former image of a service; empty where it is to get none back."""
    return row.former or ""
