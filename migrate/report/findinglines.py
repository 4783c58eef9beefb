"""Findings as plain lines, the worst last: that is what a terminal still shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.planning.model.plan import Finding, Severity
from migrate.report.lines import PIPE, Screen, Tone, named, toned, wrapped

FINDINGS = "Findings:"
_TONES = {Severity.ERROR: Tone.ERROR, Severity.WARNING: Tone.WARNING, Severity.INFO: Tone.PLAIN}


def finding_lines(
    findings: Sequence[Finding], screen: Screen = PIPE, heading: str = FINDINGS
) -> Iterator[str]:
    """Yield the findings, the errors last, as wide as the screen; nothing for none."""
    if findings:
        yield from ("", heading)
    yield from told_findings(findings, screen)


def told_findings(findings: Sequence[Finding], screen: Screen) -> Iterator[str]:
    """Yield the same without a heading."""
    order = list(Severity)
    for finding in sorted(findings, key=lambda f: (-order.index(f.severity), f.code)):
        yield from _finding(finding, screen)


def _finding(finding: Finding, screen: Screen) -> Iterator[str]:
    accepted = " (accepted)" if finding.accepted else ""
    text = f"  {finding.severity.value}{accepted} {finding.code}: {finding.text}"
    tone = Tone.PLAIN if finding.accepted else _TONES[finding.severity]
    yield from toned(wrapped(text, screen.width), tone)
    if finding.objects:
        yield from wrapped(f"    objects: {named(finding.objects, screen)}", screen.width)
    if finding.fix:
        yield from wrapped(f"    fix: {finding.fix}", screen.width)
