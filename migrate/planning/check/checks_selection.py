"""Checks of a selection: whom a plan reaches beside those who were meant."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.planning.model import codes
from migrate.planning.model.desired import Activate, Options, Selection
from migrate.planning.model.fields import did_you_mean
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding, Outlook
from migrate.planning.model.selection import is_excluded
from migrate.planning.model.strategy import Strategy
from migrate.planning.world.case import Case
from migrate.planning.world.restarts import has_restart


def outside(case: Case, options: Options) -> Iterator[Finding]:
    """Find who would move though not selected: by the plan, or since it is reconciled by it."""
    found = [row for row in case.rows if row.outside and row.restarts]
    by_restart = has_restart(case.activations)
    when = "at the restart of the controller" if by_restart else "as KServe reconciles them"
    is_global = options.strategy is Strategy.IN_PLACE
    why = "the change is global" if is_global else "the runtime is for their whole namespace"
    each = f"--activate={Activate.EACH} wakes only those that the plan moves"
    for outlook, text, fix in (
        (
            Outlook.CHANGES,
            f"they are not selected, and move all the same: {why}",
            "give them a runtime or an image of their own; or --accept KM215 moves them, too",
        ),
        (
            Outlook.CHANGES_ANYWAY,
            f"they are not selected, and move {when}",
            each if by_restart else "have them reconciled before, one by one",
        ),
    ):
        rows = [row.service for row in found if row.outlook is outlook]
        if rows:
            yield finding(codes.OUTSIDE, text, fix, rows)


def nobody(case: Case, options: Options) -> Iterator[Finding]:
    """Find parts of a selection that fit no service."""
    selection, rows = options.selection, case.rows
    places = {row.service.namespace for row in rows}
    formats = {case.format_of(row.service) for row in rows} if selection.formats else set()
    runtimes = {row.runtime.name for row in rows if row.runtime}
    for flag, asked, known in (
        ("-n", selection.namespaces, places),
        ("--format", selection.formats, formats),
        ("--runtime", selection.runtimes, runtimes),
    ):
        for name in (name for name in asked if name not in known):
            text = f"{flag} {name}: no InferenceService fits it{did_you_mean(name, known)}"
            yield finding(codes.NOBODY, text)
    for pattern in selection.exclude:
        if not any(is_excluded(row.service, pattern) for row in rows):
            yield finding(codes.NOBODY, f"--exclude {pattern}: no InferenceService fits it")
    if selection != Selection() and all(row.outside for row in rows):
        yield finding(codes.NOBODY, "no InferenceService is selected", "leave a part of it out")
