"""A plan in each of its forms."""

from __future__ import annotations

import sys

import msgspec

from migrate.commands.flags import FailOn, Output
from migrate.commands.output import emit, emit_document, emit_lines, screen_of
from migrate.errors import Exit
from migrate.planning.back.summary import restarting
from migrate.planning.model import planfile
from migrate.planning.model.codes import OWNED
from migrate.planning.model.plan import Plan, Severity
from migrate.report.markdown import plan_markdown
from migrate.report.planlines import plan_json_lines
from migrate.report.text import plan_lines
from migrate.report.wide import wide_lines

FORMS = tuple(form for form in Output if form is not Output.SARIF)
"""What `plan -o` takes."""


def show(made: Plan, form: Output, cluster: str) -> None:
    """Write a plan to stdout. JSON is the saved plan, and YAML the same document."""
    match form:
        case Output.JSON:
            emit(planfile.dump(made).decode())
        case Output.YAML:
            emit_document(msgspec.json.decode(planfile.dump(made)), form)
        case Output.JSONL:
            emit("".join(f"{line}\n" for line in plan_json_lines(made)))
        case Output.MARKDOWN:
            emit_lines(plan_markdown(made))
        case Output.NAME:
            emit_lines(f"{r.service.namespace}/{r.service.name}" for r in restarting(made.forecast))
        case _:
            lines = wide_lines if form is Output.WIDE else plan_lines
            emit_lines(lines(made, cluster, screen_of(sys.stdout)))


def exit_code(made: Plan, fail_on: FailOn, *, is_detailed: bool, is_rendered: bool = False) -> Exit:
    """Return what a script is told: findings come before changes.

    Owners do not keep anybody from what is written for them.
    """
    failing = {Severity.ERROR, *([Severity.WARNING] if fail_on is FailOn.WARNING else [])}
    found = [f for f in made.findings if not (is_rendered and f.code == OWNED)]
    if any(one.severity in failing and not one.accepted for one in found):
        return Exit.BLOCKED
    return Exit.CHANGES if is_detailed and made.has_work else Exit.OK
