"""The findings of a check: as text, JSON Lines, Markdown, and SARIF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from migrate.objects import Json, ObjectRef, canonical, count
from migrate.planning.check.check import Check
from migrate.planning.model.plan import Finding, Severity
from migrate.report.findinglines import FINDINGS, finding_lines
from migrate.report.lines import PIPE, WIDTH, Screen, Tone, toned, wrapped
from migrate.report.markdown import escaped, finding_table
from migrate.report.way import step_lines, step_summary

DOCS = "docs/findings.md"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def check_lines(checked: Check, cluster: str, screen: Screen = PIPE) -> Iterator[str]:
    """Yield the check for a person, in 80 columns."""
    narrow = replace(screen, width=WIDTH)
    to = f" to {checked.target}, by the released manifests" if checked.target else ""
    yield from wrapped(f"KServe {checked.release}{to}: {cluster}")
    yield from step_lines(checked.steps, narrow)
    yield from finding_lines(checked.findings, narrow, _heading(checked))
    yield ""
    yield from toned(wrapped(summary(checked)), Tone.HEADING)


def _heading(checked: Check) -> str:
    return f"Under {checked.target}, beside that:" if checked.target else FINDINGS


def summary(checked: Check) -> str:
    """Return the check in one line."""
    found = ", ".join(count(checked.count(severity), severity.value) for severity in (*Severity,))
    looked = f"{count(checked.services, 'InferenceService')}, {count(checked.runtimes, 'runtime')}"
    codes = f"; {DOCS} tells what each code means" if checked.everything else ""
    return f"Checked {looked}: {found}{codes}."


def json_lines(checked: Check) -> Iterator[str]:
    """Yield each finding as a JSON document of its own."""
    yield from (canonical(msgspec.to_builtins(one)).decode() for one in checked.everything)


def markdown_lines(checked: Check) -> Iterator[str]:
    """Yield the check as Markdown, for an issue or a summary of CI."""
    yield f"**{escaped(summary(checked))}**"
    if checked.steps:
        yield ""
    yield from (f"- {step.name}: {step_summary(step)}" for step in checked.steps)
    yield from finding_table(checked.everything)


def sarif(checked: Check, version: str) -> Json:
    """Return the check as SARIF 2.1.0; objects are logical locations."""
    rules = [{"id": code, "helpUri": f"{DOCS}#{code.lower()}"} for code in _codes(checked)]
    driver = {"name": "kmigrate", "version": version, "rules": rules}
    results = [_result(one) for one in checked.everything]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _codes(checked: Check) -> list[str]:
    return sorted({one.code for one in checked.everything})


def _result(one: Finding) -> Json:
    text = f"{one.text} (fix: {one.fix})" if one.fix else one.text
    locations = [{"logicalLocations": [_location(ref)]} for ref in one.objects]
    return {
        "ruleId": one.code,
        "level": _LEVELS[one.severity],
        "message": {"text": text},
        **({"locations": locations} if locations else {}),
    }


def _location(ref: ObjectRef) -> Json:
    path = f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name
    return {"name": ref.name, "fullyQualifiedName": f"{ref.kind}/{path}", "kind": "resource"}
