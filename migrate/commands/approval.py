"""Asking before something is written."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from migrate.commands.output import tell_lines
from migrate.errors import BlockedError, UsageError
from migrate.planning.model.codes import NEVER_ACCEPTED, NOBODY
from migrate.planning.model.desired import Selection
from migrate.planning.model.plan import Finding, Plan
from migrate.report.lines import wrapped


def refuse_blocked(plan: Plan) -> None:
    """Raise BlockedError where a finding forbids the plan."""
    refuse_found("the plan", plan.findings)


def refuse_found(what: str, findings: Iterable[Finding]) -> None:
    """Raise BlockedError where one of the findings of a plan, or of a rollback, forbids it."""
    if blocking := [one for one in findings if one.blocks]:
        raise BlockedError(
            "\n".join([f"{what} is blocked:", *map(_line, blocking)]), _way_out(blocking)
        )


def _way_out(blocking: Sequence[Finding]) -> str:
    firm = sorted({one.code for one in blocking} & NEVER_ACCEPTED)
    if firm:
        return f"mend it; {', '.join(firm)} cannot be accepted"
    return f"mend it, or accept it: --accept {blocking[0].code}"


def refuse_target(release: str) -> None:
    """Raise UsageError for a plan that is for the time after an upgrade to that release."""
    if release:
        raise UsageError(
            f"--target {release}: expected a plan for the release that runs, found one for after "
            "the upgrade: before it nothing of that can be made",
            f"kmigrate plan --to-runtimes --target {release} --render DIR; after the upgrade "
            "kubectl apply makes it",
        )


def refuse_nobody(plan: Plan) -> None:
    """Raise BlockedError where the selection leaves nobody: a name may be misspelt."""
    found = [one for one in plan.findings if one.code == NOBODY and not one.accepted]
    selects = plan.options.selection != Selection()
    if found and selects and all(row.outside for row in plan.forecast):
        raise BlockedError(
            "\n".join(["nothing to change, for nobody is selected:", *map(_line, found)]),
            f"name another, or accept that there is nobody: --accept {NOBODY}",
        )


def _line(finding: Finding) -> str:
    fix = f"\n      fix: {finding.fix}" if finding.fix else ""
    return f"  {finding.code}: {finding.text}{fix}"


def approve(question: str, *, yes: bool) -> None:
    """Return when the answer is ``yes``.

    Raise BlockedError for any other answer, UsageError without a terminal to ask on.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", "give --yes, or a saved plan")
    tell_lines(["", *wrapped(question)])
    print("Only yes is taken for an answer: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != "yes":
        raise BlockedError("not approved; nothing was written", "--dry-run=client shows it again")
