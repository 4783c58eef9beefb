"""A rollback to a checkpoint, for a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec
from msgspec import UNSET

from migrate.planning.model.checkpoint import Contents
from migrate.planning.model.plan import Forecast, Plan
from migrate.report.findinglines import finding_lines
from migrate.report.lines import PIPE, WIDTH, Screen, Tone, Toned, wrapped
from migrate.report.text import (
    forecast_lines,
    heading_lines,
    summary_lines,
    work_lines,
)

MOMENTS = ("now", "next reconcile", "after the rollback", "at the checkpoint")


def restore_lines(
    plan: Plan, checkpoint: Contents, cluster: str, screen: Screen = PIPE
) -> Iterator[str]:
    """Yield what comes back, what of it restarts, and what does not come back; in 80 columns."""
    narrow = replace(screen, width=WIDTH)
    yield Toned(f"Rollback to checkpoint {plan.options.checkpoint}", Tone.HEADING)
    made = f"made {checkpoint.created} by {checkpoint.operator} under KServe {checkpoint.release}"
    yield from wrapped(f"  {made}")
    yield from heading_lines(plan, cluster)
    yield from work_lines(plan, narrow)
    yield from forecast_lines([_then(row) for row in plan.forecast], MOMENTS, narrow)
    yield from finding_lines(plan.findings, narrow)
    yield from summary_lines(plan)


def _then(row: Forecast) -> Forecast:
    """Return the row with the image of the checkpoint as its last moment."""
    former = None if row.former is UNSET else row.former
    return msgspec.structs.replace(row, after_rollback=former)
