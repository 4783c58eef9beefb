"""A plan with one line for each service, as `kubectl get -o wide` has them: never cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import UNSET

from migrate.objects import ObjectRef
from migrate.planning.model.plan import Forecast, ImageRow, Outlook, Plan
from migrate.report.findinglines import finding_lines
from migrate.report.former import former_of, has_former
from migrate.report.lines import PIPE, Screen, Tone, Toned, toned
from migrate.report.text import heading_lines, summary_lines, work_lines

NONE = "<none>"
"""What kubectl prints for what is not there."""
UNASKED = "-"
"""Whom a stock image reaches is not looked up: that is not to say nobody."""
GAP = "   "
SERVICES = (
    *("NAMESPACE", "NAME", "FORM", "RUNTIME", "RESTARTS", "PODS", "CHANGES"),
    *("IMAGE NOW", "IMAGE AFTER"),
)
FORMERLY = "IMAGE FORMERLY"
IMAGES = ("ENTRY", "VERDICT", "SERVICES", "MISSED", "IMAGE", "WANTED", "STOCK")
RESTARTS = {
    Outlook.CHANGES: "yes",
    Outlook.CHANGES_ANYWAY: "later",
    Outlook.RUNS_ALREADY: "no",
    Outlook.UNCHANGED: "no",
    Outlook.NOT_AFFECTED: "no",
    Outlook.CANNOT_TELL: "unknown",
    Outlook.BROKEN: "broken",
}
TONES = {Outlook.CHANGES: Tone.WARNING, Outlook.CHANGES_ANYWAY: Tone.WARNING}


def wide_lines(plan: Plan, cluster: str, screen: Screen = PIPE) -> Iterator[str]:
    """Yield the whole plan: rows as long as they must be, texts as wide as the screen."""
    whole = Screen(screen.width, has_colour=screen.has_colour)
    yield from heading_lines(plan, cluster)
    if plan.images:
        yield ""
        yield from columns(IMAGES, [_image(row) for row in plan.images])
    yield from work_lines(plan, whole, is_whole=True)
    if plan.forecast:
        yield ""
        yield from _services(plan.forecast)
    yield from finding_lines(plan.findings, whole)
    yield from summary_lines(plan, screen.width)


def _services(forecast: Sequence[Forecast]) -> Iterator[str]:
    later = [] if forecast[0].after_upgrade is UNSET else ["IMAGE AFTER UPGRADE"]
    more = (FORMERLY,) if has_former(forecast) else ()
    rows = [_service(row) for row in forecast]
    if more:
        rows = [(*cells, former_of(r) or NONE) for r, cells in zip(forecast, rows, strict=True)]
    head, *lines = columns((*SERVICES, *later, *more), rows)
    yield head
    for row, line in zip(forecast, lines, strict=True):
        yield Toned(line, TONES[row.outlook]) if row.outlook in TONES else line


def _service(row: Forecast) -> tuple[str, ...]:
    after = row.after_plan or ("<unknown>" if row.outlook is Outlook.CANNOT_TELL else NONE)
    return (
        row.service.namespace,
        row.service.name,
        row.form,
        _runtimes(row),
        _restarts(row),
        str(row.rollout.pods) if row.rollout else NONE,
        ",".join(row.changes) or NONE,
        row.now or NONE,
        after,
        *([] if row.after_upgrade is UNSET else [row.after_upgrade or NONE]),
    )


def _restarts(row: Forecast) -> str:
    is_with_it = row.restarts and row.outlook is Outlook.CHANGES_ANYWAY
    is_later = row.outlook is Outlook.CHANGES and not row.restarts
    return "anyway" if is_with_it else "later" if is_later else RESTARTS[row.outlook]


def _runtimes(row: Forecast) -> str:
    sides = dict.fromkeys((_name(row.runtime), _name(row.runtime_after_plan)))
    return " -> ".join(sides)


def _name(runtime: ObjectRef | None) -> str:
    if runtime is None:
        return NONE
    return f"{runtime.namespace}/{runtime.name}" if runtime.namespace else runtime.name


def _image(row: ImageRow) -> tuple[str, ...]:
    images = (row.image or NONE, row.wanted or NONE, row.stock or NONE)
    if row.is_stock:
        return (row.entry, "stock", UNASKED, UNASKED, *images)
    told = row.verdict.value if row.verdict else "override"
    return (row.entry, told, str(len(row.services)), str(len(row.missed)), *images)


def columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table: each column as wide as its longest cell, three spaces between two."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    yield from toned([_row(header, widths)], Tone.HEADING)
    yield from (_row(row, widths) for row in rows)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
