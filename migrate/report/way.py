"""The steps of an upgrade and what was found about them: as text, and as documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from migrate.objects import canonical, count
from migrate.planning.check.check import Check
from migrate.planning.check.way import Row, Step
from migrate.planning.check.waycheck import StepCheck
from migrate.planning.model.plan import API_VERSION, Finding
from migrate.report.findinglines import told_findings
from migrate.report.lines import Screen, Tone, Toned


class StepDocument(StepCheck, frozen=True, rename="camel", kw_only=True):
    """A step, with a row for each InferenceService."""

    rows: tuple[Row, ...]


class CheckDocument(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What `kmigrate check -o json` writes.

    ``target`` is the release that was asked about, empty for the one that runs. ``findings`` are
    those about it, without what ``steps`` tell already.
    """

    api_version: str = API_VERSION
    kind: str = "Check"
    release: str
    target: str
    services: int
    runtimes: int
    findings: tuple[Finding, ...]
    steps: tuple[StepDocument, ...] = ()


class StepRow(Row, frozen=True, rename="camel", kw_only=True):
    """A row as a line of its own: with its step, as ``0.8.0 to 0.9.0``."""

    step: str


def document(checked: Check, way: Sequence[Step], namespace: str) -> CheckDocument:
    """Return the check as one document, with a row for each service at each step."""
    pairs = zip(checked.steps, way, strict=True)
    steps = (
        StepDocument(**msgspec.structs.asdict(told), rows=tuple(step.rows(namespace)))
        for told, step in pairs
    )
    fields = msgspec.structs.asdict(checked)
    return CheckDocument(**{**fields, "steps": tuple(steps)})


def row_lines(step: Step, namespace: str) -> Iterator[str]:
    """Yield each row of a step as a JSON document of its own."""
    for row in step.rows(namespace):
        line = StepRow(**msgspec.structs.asdict(row), step=step.name)
        yield canonical(line).decode()


def step_lines(steps: Sequence[StepCheck], screen: Screen) -> Iterator[str]:
    """Yield the steps for a person; those in a row with nothing to tell are one line."""
    for is_quiet, group in groupby(steps, key=lambda step: step.is_quiet):
        several = list(group)
        if is_quiet:
            yield from ("", f"{several[0].origin} to {several[-1].target}: nothing changes")
            continue
        for step in several:
            yield ""
            yield Toned(f"{step.name}: {step_summary(step)}", Tone.HEADING)
            yield from told_findings(step.findings, screen)


def step_summary(step: StepCheck) -> str:
    """Return a step in one line: how many get another image, and how many lose theirs."""
    return (
        f"{count(step.services, 'InferenceService')}: {step.other_image:,} with another image, "
        f"{step.without:,} without one"
    )
