"""A plan and its parts as plain lines that fit 80 columns where images allow it.

What matters most comes last: it is what a terminal still shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, product

from migrate.objects import count
from migrate.operations.model import Direction, Wave
from migrate.planning.back.rollback import Rollback
from migrate.planning.back.summary import Summary, restarting, summarised, summarised_back
from migrate.planning.model.plan import Forecast, Outlook, Plan
from migrate.report import upgrade
from migrate.report.acts import act_lines
from migrate.report.copies import copy_lines
from migrate.report.copyfields import is_copy, sources_of
from migrate.report.findinglines import finding_lines
from migrate.report.former import FORMERLY, former_of
from migrate.report.former import summary as former_summary
from migrate.report.imagelines import image_lines
from migrate.report.lines import PIPE, WIDTH, Screen, Tone, Toned, cut, named, toned, wrapped
from migrate.report.waves import wave_lines

HEADINGS = {
    Outlook.NOT_AFFECTED: "not affected",
    Outlook.UNCHANGED: "unchanged",
    Outlook.RUNS_ALREADY: "running it already",
    Outlook.CANNOT_TELL: "of which nothing can be told",
    Outlook.BROKEN: "broken by the configuration",
    Outlook.CHANGES_ANYWAY: "restarting at the next reconcile anyway, not by this",
    Outlook.CHANGES: "restarting by this",
}
WITH_IT = "restarting with this, as at the next reconcile anyway"
ORDER = (*list(HEADINGS.values())[:-1], WITH_IT, upgrade.MOVED, HEADINGS[Outlook.CHANGES])
"""The headings, the last ones matter most."""
UNTOLD = dict.fromkeys(Outlook, "(none)") | {Outlook.CANNOT_TELL: "(cannot tell)"}
"""What stands for an image that is not known."""
MOMENTS_BACK = ("now", "next reconcile", "after rollback", "after rollback")


def plan_lines(plan: Plan, cluster: str, screen: Screen = PIPE) -> Iterator[str]:
    """Yield the whole plan for a person, in 80 columns on any screen."""
    narrow = replace(screen, width=WIDTH)
    yield from heading_lines(plan, cluster)
    yield from image_lines(plan.images, is_asked=plan.options.asks)
    yield from copy_lines(plan, narrow)
    yield from work_lines(plan, narrow)
    yield from forecast_lines(plan.forecast, upgrade.moments(plan), narrow)
    yield from finding_lines(plan.findings, narrow)
    yield from summary_lines(plan)


def heading_lines(plan: Plan, cluster: str) -> Iterator[str]:
    """Yield what the plan is for."""
    yield f"KServe {plan.release or '(release unknown)'}, namespace {plan.kserve_namespace}"
    yield f"Cluster: {cluster}"
    yield from upgrade.heading(plan)


def summary_lines(plan: Plan, width: int = WIDTH) -> Iterator[str]:
    """Yield the plan in numbers, and why it cannot be applied where that is so."""
    yield ""
    for line in (*former_summary(plan), summary(plan)):
        yield from toned(wrapped(line, width), Tone.HEADING)
    if plan.blocking:
        codes = ", ".join(dict.fromkeys(finding.code for finding in plan.blocking))
        yield from toned(wrapped(f"Blocked: {codes}; see the findings above."), Tone.ERROR)


def summary(plan: Plan) -> str:
    """Return the plan in one line: what is done, who gets new pods, what was found."""
    found = summarised(plan)
    if plan.target:
        return f"{upgrade.summary(plan)}{_found(found)}."
    return _told("Plan", found)


def _told(what: str, found: Summary) -> str:
    acts = [count(found.writes, "write"), count(found.controller_restarts, "controller restart")]
    more = ((found.wakes, "wake"), (found.conversions, "conversion"))
    acts += [count(number, noun) for number, noun in more if number]
    services = f"{found.restarts:,} of {count(found.services, 'InferenceService')}"
    restart = "restarts" if found.services == 1 else "restart"
    where = f" ({found.anyway:,} of them anyway)" if found.anyway else ""
    later = f", {found.later:,} at the next reconcile anyway" if found.later else ""
    where += f", with {count(found.pods, 'pod')}" if found.pods else ""
    where += f", in {count(found.namespaces, 'namespace')}" if found.restarts else ""
    return f"{what}: {', '.join(acts)}; {services} {restart}{where}{later}{_found(found)}."


def _found(found: Summary) -> str:
    rows = ((found.errors, "error"), (found.warnings, "warning"), (found.infos, "info"))
    findings = ", ".join(count(number, noun) for number, noun in rows if number)
    return f"; {findings}" if findings else ""


def changing(forecast: Sequence[Forecast]) -> int:
    """Return how many services get new pods by it."""
    return len(restarting(forecast))


def work_lines(plan: Plan, screen: Screen, *, is_whole: bool = False) -> Iterator[str]:
    """Yield every write down to the field, and what makes it act.

    Of copies it is what differs from their source, unless ``is_whole``.
    """
    if plan.has_work:
        yield from ("", upgrade.to_do(plan))
    sources = None if is_whole else sources_of(plan)
    yield from act_lines(plan.waves(Direction.APPLY), screen, has_reason=True, sources=sources)
    if (
        sources
        and not plan.options.checkpoint
        and any(is_copy(operation, sources) for operation in plan.operations)
    ):
        yield "  (plan -o wide shows every field of the copies)"
    yield from wave_lines(plan, screen)


def forecast_lines(
    forecast: Sequence[Forecast], moments: Sequence[str] = upgrade.PLAIN, screen: Screen = PIPE
) -> Iterator[str]:
    """Yield the services, those with the same lot together, those that restart last."""
    shown = told_of(forecast)
    found = groups_of(shown)
    for outside, heading in product((False, True), ORDER):
        groups = [g for g in found if (g[0].outside, heading_of(g[0])) == (outside, heading)]
        if not groups:
            continue
        number, where = sum(map(len, groups)), " outside the selection" if outside else ""
        yield from ("", f"{count(number, 'InferenceService')}{where} {heading}:")
        some, rest = cut(groups, screen, "more groups")
        for group in some:
            yield from _group(group, moments, screen)
        yield from rest
    yield from left_out(len(forecast) - len(shown))


def told_of(forecast: Iterable[Forecast]) -> list[Forecast]:
    """Return who is selected, and who moves all the same."""
    return [row for row in forecast if not row.outside or row.restarts]


def left_out(number: int) -> Iterator[str]:
    """Yield how many services are not told, where there are any."""
    if number:
        services = count(number, "InferenceService")
        yield from ("", f"{services} outside the selection, not moved by this")


def heading_of(row: Forecast) -> str:
    """Return what becomes of a service, in words."""
    if row.outlook is Outlook.CHANGES and not row.restarts:
        return upgrade.MOVED
    is_with_it = row.restarts and row.outlook is Outlook.CHANGES_ANYWAY
    return WITH_IT if is_with_it else HEADINGS[row.outlook]


def groups_of(forecast: Iterable[Forecast]) -> list[list[Forecast]]:
    """Return the services with the same lot together, ordered by it; no service is sorted."""
    groups: dict[tuple[str, ...], list[Forecast]] = {}
    for row in forecast:
        groups.setdefault(_lot(row), []).append(row)
    return [groups[lot] for lot in sorted(groups)]


def _lot(row: Forecast) -> tuple[str, ...]:
    images = (image or "" for image in upgrade.images_of(row))
    where = "outside" if row.outside else ""
    own = (former_of(row), reason_of(row))
    return (where, heading_of(row), *images, *own, *row.changes, "", *row.settings)


def reason_of(row: Forecast) -> str:
    """Return why it gets its image, in the same words for who is alike in another namespace."""
    own = f"ServingRuntime {row.service.namespace}/"
    return row.reason.replace(own, "its namespace's ServingRuntime ")


def _group(rows: Sequence[Forecast], moments: Sequence[str], screen: Screen) -> Iterator[str]:
    yield from wrapped(f"  {named((row.service for row in rows), screen)}")
    first = rows[0]
    told = dict(zip(moments, upgrade.images_of(first), strict=True))
    told = {FORMERLY: first.former, **told} if first.former else told
    for image, group in groupby(told, key=told.__getitem__):
        labels = list(group)
        unknown = "(none seen)" if "now" in labels else UNTOLD[first.outlook]
        when = ", ".join(labels) if len(labels) < len(told) else "image"
        yield from wrapped(f"    {when}: {image or unknown}")
    if first.settings:
        yield from wrapped(f"    changes: {', '.join(first.settings)}")
    elif first.changes not in ((), ("image",)):
        yield from wrapped(f"    what differs from now: {', '.join(first.changes)}")
    yield from wrapped(f"    why: {reason_of(first)}")


def rollback_lines(run: str, back: Rollback, screen: Screen = PIPE) -> Iterator[str]:
    """Yield what a rollback will do, for a person."""
    yield Toned(f"Rollback of run {run}:", Tone.HEADING)
    activations = (Wave((), wave.activations) for wave in back.waves)
    yield from act_lines([Wave(back.to_do), *activations], screen, sources={})
    yield from forecast_lines(back.forecast, MOMENTS_BACK, screen)
    yield from finding_lines(back.findings, replace(screen, width=WIDTH))
    yield ""
    yield from toned(wrapped(_told("Rollback", summarised_back(back))), Tone.HEADING)
