"""A plan as Markdown, for a pull request: short enough for a comment, and nothing in it acts.

Comments have a limit (65,536 characters at GitHub), so long lists are cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import UNSET

from migrate.objects import count
from migrate.planning.model.plan import Finding, Forecast, ImageRow, Plan, Severity
from migrate.report.former import FORMERLY, former_of, has_former
from migrate.report.former import summary as former_summary
from migrate.report.imagelines import override
from migrate.report.lines import Screen, cut, drawn, names
from migrate.report.text import (
    ORDER,
    groups_of,
    heading_of,
    left_out,
    reason_of,
    summary,
    told_of,
    work_lines,
)
from migrate.report.upgrade import MOMENTS, images_of, to_do

BRIEF = Screen(is_brief=True, rest="-o wide and -o json have all")
_TICKS = re.compile("`+")
_ACTIVE = re.compile(r"[\\`*_\[\]|~]")
_MENTION = re.compile("[@#]")
"""What makes forges tell a person, or link an issue: they look for it after all escapes."""


def plan_markdown(plan: Plan) -> Iterator[str]:
    """Yield the plan: the summary first, since a comment is read from its beginning."""
    for line in (*former_summary(plan), summary(plan)):
        yield f"**{escaped(line)}**"
    if plan.blocking:
        yield from ("", f"**Blocked** by {_codes(plan.blocking)}: it cannot be applied as it is.")
    yield from finding_table(plan.findings, "Findings")
    yield from _images(plan.images)
    yield from _work(plan)
    yield from _services(plan)


def escaped(text: str) -> str:
    """Return text that stands in a cell of a table as it is."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return _MENTION.sub(r"\g<0><!-- -->", _ACTIVE.sub(r"\\\g<0>", flat))


def code(text: str) -> str:
    """Return text as code in a cell of a table, with a fence longer than any in it.

    A bar after a backslash would end the cell, and code knows no other way to write it.
    """
    if "\\|" in text:
        return escaped(text)
    flat = " ".join(text.split()).replace("|", "\\|")
    fence = "`" * (1 + max(map(len, _TICKS.findall(flat)), default=0))
    pad = " " if "`" in flat else ""
    return f"{fence}{pad}{flat}{pad}{fence}" if flat else ""


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table of cells that are Markdown already."""
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    yield from ("| " + " | ".join(row) + " |" for row in rows)


def finding_table(findings: Sequence[Finding], title: str = "") -> Iterator[str]:
    """Yield the findings, the errors first; nothing where there are none."""
    order = list(Severity)
    shown = sorted(findings, key=lambda one: (order.index(one.severity), one.code))
    if shown:
        yield from ("", *([f"### {title}", ""] if title else []))
        yield from table(("severity", "code", "what", "objects", "fix"), [*map(_finding, shown)])


def _finding(one: Finding) -> tuple[str, ...]:
    severity = f"{one.severity.value}{' (accepted)' if one.accepted else ''}"
    return (severity, one.code, escaped(one.text), escaped(names(one.objects)), escaped(one.fix))


def _codes(findings: Sequence[Finding]) -> str:
    return ", ".join(dict.fromkeys(finding.code for finding in findings))


def _images(rows: Sequence[ImageRow]) -> Iterator[str]:
    told = [row for row in rows if row.wanted or not row.is_stock]
    if told:
        yield from ("", "### Images set globally", "")
        yield from table(("entry", "image", "wanted", "what it is"), [*map(_image, told)])


def _image(row: ImageRow) -> tuple[str, ...]:
    what = "stock" if row.is_stock else override(row)
    return (code(row.entry), code(row.image), code(row.wanted), escaped(what))


def _work(plan: Plan) -> Iterator[str]:
    lines = [_unindented(drawn(line, BRIEF)) for line in work_lines(plan, BRIEF)][2:]
    if lines:
        fence = "`" * max(3, 1 + max(map(len, _TICKS.findall("\n".join(lines))), default=0))
        title = to_do(plan).removesuffix(":")
        yield from ("", f"### {title}", "", f"{fence}diff", *lines, fence)


def _unindented(line: str) -> str:
    """Return a line of a difference with its sign first, as highlighting wants it."""
    text = line.lstrip()
    return text if text[:2] in ("- ", "+ ") else line[2:]


def _services(plan: Plan) -> Iterator[str]:
    """Yield the services with the same lot together, those that restart first."""
    forecast = plan.forecast
    told = told_of(forecast)
    groups = sorted(groups_of(told), key=lambda group: -ORDER.index(heading_of(group[0])))
    if not forecast:
        return
    yield from ("", "### InferenceServices", "")
    shown, rest = cut(groups, BRIEF, "more groups")
    if plan.target:
        yield from table(("what", "InferenceServices", *MOMENTS), [*map(_moments, shown)])
    else:
        later = (f"image after {plan.held_for}",) if plan.held_for else ()
        header = ("what", "InferenceServices", "image now", "image after the plan", *later, "why")
        cells = [_group(group) for group in shown]
        if has_former(told):
            header = (*header, FORMERLY)
            pairs = zip(shown, cells, strict=True)
            cells = [(*row, code(former_of(group[0]))) for group, row in pairs]
        yield from table(header, cells)
    yield from ("", *(escaped(line) for line in rest)) if rest else ()
    yield from left_out(len(forecast) - len(told))


def _moments(rows: Sequence[Forecast]) -> tuple[str, ...]:
    return (*_group(rows)[:2], *(code(image or "") for image in images_of(rows[0])))


def _group(rows: Sequence[Forecast]) -> tuple[str, ...]:
    first = rows[0]
    outside = "outside the selection, " if first.outside else ""
    settings = f": {', '.join(first.settings)}" if first.settings else ""
    what = escaped(f"{outside}{heading_of(first)}{settings}")
    mark = f"**{what}**" if first.restarts else what
    told = f"{count(len(rows), 'service')}: {names(row.service for row in rows)}"
    later = [] if first.after_upgrade is UNSET else [code(first.after_upgrade or "")]
    return (
        mark,
        escaped(told),
        code(first.now or ""),
        code(first.after_plan or ""),
        *later,
        escaped(reason_of(first)),
    )
