"""A plan and its parts as plain lines that fit 80 columns where images allow it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from migrate.objects import ObjectRef
from migrate.operations.describe import describe, describe_activation
from migrate.operations.model import Direction
from migrate.planning.plan import MOVING, Finding, Forecast, ImageRow, Outlook, Plan, Severity
from migrate.planning.rollback import Rollback

NAMES_SHOWN = 20
"""How many services of a group are named; `-o json` names them all."""

HEADINGS = {
    Outlook.CHANGES: "that restart by this",
    Outlook.CHANGES_ANYWAY: "that restart at the next reconcile anyway",
    Outlook.RUNS_ALREADY: "that run it already",
    Outlook.BROKEN: "broken by the configuration",
    Outlook.CANNOT_TELL: "of which nothing can be told",
    Outlook.UNCHANGED: "unchanged",
    Outlook.NOT_AFFECTED: "not affected",
}
UNTOLD = dict.fromkeys(Outlook, "(none)") | {Outlook.CANNOT_TELL: "(cannot tell)"}
"""What stands for an image that is not known."""
MOMENTS = ("now", "next reconcile", "after the plan", "after rollback")
MOMENTS_BACK = ("now", "next reconcile", "after rollback", "after rollback")


def plan_lines(plan: Plan, cluster: str) -> Iterator[str]:
    """Yield the whole plan for a person."""
    yield f"KServe {plan.release or '(release unknown)'}, namespace {plan.kserve_namespace}"
    yield f"Cluster: {cluster}"
    yield from _images(plan.images)
    yield from _work(plan)
    yield from forecast_lines(plan.forecast)
    yield from finding_lines(plan.findings)
    yield ""
    yield from wrapped(summary(plan))


def summary(plan: Plan) -> str:
    """Return the plan in one line: writes, restarts, services."""
    moving = changing(plan.forecast)
    restarts = sum(len(stage.activations) for stage in plan.apply)
    blocked = f"; blocked by {len(plan.blocking)} finding(s)" if plan.blocking else ""
    return (
        f"Plan: {count(len(plan.operations), 'write')}, {count(restarts, 'controller restart')}, "
        f"{count(moving, 'InferenceService')} with new pods{blocked}."
    )


def changing(forecast: Sequence[Forecast]) -> int:
    """Return how many services get another image, variables or flags, and so new pods."""
    return sum(row.outlook in MOVING for row in forecast)


def _images(rows: Sequence[ImageRow]) -> Iterator[str]:
    """Yield what is wanted; without that, all that is set. Overrides are always shown."""
    is_asked = any(row.wanted for row in rows)
    shown = [row for row in rows if row.wanted or not row.is_stock or not is_asked]
    if shown:
        yield from ("", "Images set globally:")
    for row in shown:
        yield f"  {row.entry:<14} {row.image or '(none)'}"
        if not row.is_stock:
            yield from wrapped(f"  {'':<14} {_override(row)}")
        if row.wanted and row.wanted != row.image:
            yield f"  {'':<14} -> {row.wanted}"
    if len(shown) < len(rows):
        yield f"  {len(rows) - len(shown)} others are stock"


def _override(row: ImageRow) -> str:
    reach = [f"{count(len(row.services), 'InferenceService')}"] if row.services else []
    if row.missed:
        reach.append(f"not for {names(row.missed)}")
    told = f"{row.verdict.value}{': ' if reach else ''}{', '.join(reach)}" if row.verdict else ""
    return f"override, {told}; stock is {row.stock or 'none'}"


def _work(plan: Plan) -> Iterator[str]:
    if not plan.operations and not any(stage.activations for stage in plan.apply):
        return
    yield from ("", "To do, in this order:")
    for wave in plan.waves(Direction.APPLY):
        for operation in wave.operations:
            first, *rest = describe(operation)
            yield from (f"  {first}: {operation.reason}", *(f"  {line}" for line in rest))
        for activation in wave.activations:
            yield "  " + describe_activation(activation)


def forecast_lines(forecast: Sequence[Forecast], moments: Sequence[str] = MOMENTS) -> Iterator[str]:
    """Yield the services, those with the same lot together."""
    order = list(HEADINGS)
    shown = [row for row in forecast if not row.outside or row.outlook in MOVING]
    rows = sorted(
        shown, key=lambda f: (f.outside, order.index(f.outlook), *_lot(f), f.service.place)
    )
    for (outside, outlook), group in groupby(rows, key=lambda f: (f.outside, f.outlook)):
        members = list(group)
        where = " outside the selection" if outside else ""
        yield from ("", f"{count(len(members), 'InferenceService')}{where} {HEADINGS[outlook]}:")
        for _, alike in groupby(members, key=_lot):
            yield from _group(list(alike), moments)
    if len(shown) < len(forecast):
        hidden = count(len(forecast) - len(shown), "InferenceService")
        yield from ("", f"{hidden} outside the selection, not moved by this")


def _lot(row: Forecast) -> tuple[str, ...]:
    images = (row.now, row.after_reconcile, row.after_plan, row.after_rollback)
    return (*(image or "" for image in images), row.reason, *row.settings)


def _group(rows: Sequence[Forecast], moments: Sequence[str]) -> Iterator[str]:
    yield from wrapped(f"  {names(row.service for row in rows)}")
    first = rows[0]
    images = (first.now, first.after_reconcile, first.after_plan, first.after_rollback)
    told = dict(zip(moments, images, strict=True))
    for image, group in groupby(told, key=told.__getitem__):
        labels = list(group)
        unknown = "(none seen)" if "now" in labels else UNTOLD[first.outlook]
        yield f"    {', '.join(labels)}: {image or unknown}"
    if first.settings:
        yield from wrapped(f"    changes: {', '.join(first.settings)}")
    yield from wrapped(f"    why: {first.reason}")


def wrapped(line: str) -> list[str]:
    """Return the line in pieces of 80 columns, but for words that are longer themselves."""
    indent = line[: len(line) - len(line.lstrip())] + "  "
    return textwrap.wrap(
        line, 80, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def names(services: Iterable[ObjectRef]) -> str:
    """Return ``ns/a, ns/b and 3 more``."""
    listed = [f"{s.namespace}/{s.name}" if s.namespace else s.name for s in services]
    more = f" and {len(listed) - NAMES_SHOWN} more" if len(listed) > NAMES_SHOWN else ""
    return ", ".join(listed[:NAMES_SHOWN]) + more


def finding_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the findings, the errors first."""
    if findings:
        yield from ("", "Findings:")
    order = list(Severity)
    for finding in sorted(findings, key=lambda f: (order.index(f.severity), f.code)):
        accepted = " (accepted)" if finding.accepted else ""
        yield from wrapped(f"  {finding.severity.value}{accepted} {finding.code}: {finding.text}")
        if finding.objects:
            yield from wrapped(f"    objects: {names(finding.objects)}")
        if finding.fix:
            yield from wrapped(f"    fix: {finding.fix}")


def count(number: int, noun: str) -> str:
    """Return the number with its noun, in the plural where it must be."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def rollback_lines(run: str, back: Rollback) -> Iterator[str]:
    """Yield what a rollback will do, for a person."""
    yield f"Rollback of run {run}:"
    for operation in back.to_do:
        yield from ("  " + line for line in describe(operation))
    for activation in (a for wave in back.waves for a in wave.activations):
        yield "  " + describe_activation(activation)
    yield from forecast_lines(back.forecast, MOMENTS_BACK)
    yield from finding_lines(back.findings)
