"""The command that does what was shown: with the flags that were given, quoted for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator
from enum import Enum
from typing import Any

import typer

from migrate.commands.flags import DryRun
from migrate.commands.output import tell_lines
from migrate.errors import Exit
from migrate.planning.model.desired import Selection
from migrate.planning.model.plan import Plan
from migrate.report.upgrade import after_holding

OF_PLAN = frozenset({"out", "output", "fail_on", "detailed_exitcode", "rbac", "render"})
"""What `plan` alone knows."""
OF_DRY_RUN = frozenset({"dry_run", "snapshot", "output", "json_into"})
"""What is of the dry run alone, where the command itself is to follow."""
FILE = "FILE"
STREAMS = ("/dev/stdin", "/dev/fd/")
"""What is read once, as ``-`` is: the command that follows would find nothing there."""


def tell_following(context: typer.Context, verb: str, without: Collection[str], *more: str) -> None:
    """Tell on stderr which command follows. It is never broken, so that it can be copied."""
    words = ["kmigrate", verb, *_given(context, without), *more]
    tell_lines([f"next: {shlex.join(words)}"])


def tell_upgrade(plan: Plan) -> None:
    """Tell on stderr what comes after a plan that holds images across an upgrade."""
    if plan.held_for:
        is_part = plan.options.selection != Selection()
        tell_lines([f"then: {after_holding(plan.held_for, is_part=is_part)}"])


def tell_after_trial(context: typer.Context, verb: str, dry_run: DryRun, code: int) -> None:
    """Tell what carries out what a dry run tried, where that came to its end."""
    if dry_run is not DryRun.NONE and code == Exit.OK:
        tell_following(context, verb, OF_DRY_RUN)


def _given(context: typer.Context, without: Collection[str]) -> Iterator[str]:
    """Yield the arguments and flags that were given, in the order of the help."""
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if name not in without and source is not None and source.name == "COMMANDLINE":
            yield from _spelled(parameter, context.params[name])


def _spelled(parameter: Any, value: object) -> Iterator[str]:  # noqa: ANN401 -- click's, of either kind
    if parameter.param_type_name == "argument":
        yield str(value)
        return
    flag = max(parameter.opts, key=len)
    if value is True:
        yield flag
        return
    for one in value if isinstance(value, list | tuple) else (value,):
        text = str(one.value if isinstance(one, Enum) else one)
        is_gone = parameter.metavar == FILE and (text == "-" or text.startswith(STREAMS))
        yield from (flag, FILE if is_gone else text)
