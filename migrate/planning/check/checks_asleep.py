"""Who is on a copy of a runtime after the plan, and is not woken by it."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.planning.change.copystages import reports
from migrate.planning.model import codes
from migrate.planning.model.desired import Options
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding
from migrate.planning.world.case import Case
from migrate.planning.world.restarts import has_restart


def still_asleep(case: Case, _options: Options) -> Iterator[Finding]:
    """Find who gets its copy at its next reconcile, whenever that is."""
    woken = {*(activation.target for activation in case.activations), *case.written}
    if not case.copies or has_restart(case.activations):
        return
    left = [
        row.service
        for row in case.rows
        if row.runtime_after_plan in case.copies
        and row.service not in woken
        and (row.runtime != row.runtime_after_plan or not reports(case.now, row))
    ]
    if left:
        text = "they are not woken, and get their copy at their next reconcile"
        yield finding(codes.STILL_ASLEEP, text, "kmigrate status tells who has it", left)
