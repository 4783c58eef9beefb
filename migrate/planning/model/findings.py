"""The findings that a plan can have: a stable code, what it means, how bad it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from migrate.credentials import hidden_urls
from migrate.errors import UsageError
from migrate.objects import ObjectRef, printable
from migrate.planning.model.codes import NEVER_ACCEPTED, SEVERITY
from migrate.planning.model.plan import Finding, Severity

SET_BEFORE = "with --from-checkpoint NAME or --from-history images that were set come back, too"
"""What is told beside a way to an image of the release, where an upgrade took another one."""


def finding(code: str, text: str, fix: str = "", objects: Iterable[ObjectRef] = ()) -> Finding:
    """Return a finding with the severity of its code, its objects in a fixed order."""
    ordered = tuple(sorted(objects, key=lambda ref: ref.place))
    return Finding(code, SEVERITY[code], _shown(text), _shown(fix), ordered)


def _shown(text: str) -> str:
    return hidden_urls(printable(text))


def as_warning(found: Finding) -> Finding:
    """Return the finding as one that is only to be read."""
    return msgspec.structs.replace(found, severity=Severity.WARNING)


def accept(findings: Iterable[Finding], accepted: Sequence[str]) -> tuple[Finding, ...]:
    """Mark what ``CODE`` or ``CODE=NAMESPACE/NAME`` accepts.

    A finding about several objects is accepted when each of them is. Raise UsageError for
    a code that does not exist or cannot be accepted.
    """
    for text in accepted:
        code = text.partition("=")[0]
        if code not in SEVERITY or code in NEVER_ACCEPTED:
            raise UsageError(
                f"--accept {text}: expected one of "
                + ", ".join(sorted(set(SEVERITY) - NEVER_ACCEPTED)),
                "docs/findings.md tells what each means",
            )
    return tuple(_accepted(f, frozenset(accepted)) for f in findings)


def _accepted(one: Finding, accepted: frozenset[str]) -> Finding:
    names = {f"{one.code}={ref.namespace}/{ref.name}" for ref in one.objects}
    if one.code in accepted or (names and names <= accepted):
        return msgspec.structs.replace(one, accepted=True)
    return one
