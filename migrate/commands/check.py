"""kmigrate check: what is wrong with a cluster's serving images. Read-only."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from migrate import __version__
from migrate.commands import flags
from migrate.commands.flags import FailOn, Output
from migrate.commands.longwork import long_work
from migrate.commands.output import ON_PIPE, emit, emit_document, emit_lines, screen_of
from migrate.commands.reading import read_snapshot
from migrate.commands.target import Target
from migrate.errors import Exit, UsageError
from migrate.kserve.releases import Release, ReleaseFormatError, parse_release
from migrate.planning.check.check import Check, check, refuse_unknown
from migrate.planning.check.way import Step
from migrate.planning.check.waycheck import way_of
from migrate.planning.model.plan import Severity
from migrate.report.check import check_lines, json_lines, markdown_lines, sarif
from migrate.report.way import document, row_lines

FORMS = (
    Output.TABLE,
    Output.JSON,
    Output.JSONL,
    Output.YAML,
    Output.MARKDOWN,
    Output.SARIF,
)


def check_(
    target: Annotated[
        str, typer.Option(metavar="RELEASE", help="What an upgrade to this release would do.")
    ] = "",
    via: Annotated[
        list[str],
        typer.Option(
            metavar="RELEASE",
            help="With --target: stop here, not at each minor release; repeatable.",
        ),
    ] = [],  # noqa: B006 -- Typer copies it
    direct: Annotated[
        bool, typer.Option("--direct", help="With --target: go there in one step.")
    ] = False,
    namespace: Annotated[
        str, typer.Option("-n", "--namespace", metavar="NS", help="Report on one namespace.")
    ] = "",
    all_namespaces: Annotated[
        bool, typer.Option("-A", "--all-namespaces", help="Report on all of them (the default).")
    ] = False,
    fail_on: flags.FailOnFlag = FailOn.ERROR,
    suppress: Annotated[
        list[str], typer.Option(metavar="CODE[=OBJECT]", help="Leave a finding out; repeatable.")
    ] = [],  # noqa: B006 -- Typer copies it
    output: Annotated[Output, flags.forms(*FORMS)] = Output.TABLE,
    kubeconfig: flags.Kubeconfig = "",
    context: flags.Context = "",
    expect_context: flags.ExpectContext = "",
    kserve_namespace: flags.Namespace = flags.DEFAULT_NAMESPACE,
    snapshot: flags.Snapshot = "",
    kserve_version: flags.KserveVersion = "",
) -> int:
    """Find what is wrong with serving images, or will be.

    Each finding has a stable code; docs/findings.md tells what each means, why
    it matters, and how to fix it.
    """
    if namespace and all_namespaces:
        raise UsageError("-n and -A contradict each other", "leave one of them out")
    refuse_unknown(suppress)
    asked = _asked(target, via, direct=direct)
    cluster = Target(kubeconfig, context, expect_context, snapshot).open()
    with long_work("reading the cluster, and checking it"):
        found = read_snapshot(cluster, kserve_namespace, kserve_version, namespace)
        way = way_of(found, asked[0], asked[1:], direct=direct) if asked else ()
        checked = check(found, way, namespace, suppress)
    _emit(checked, way, namespace, output, cluster.name)
    if namespace and not found.services and not found.runtimes.of(namespace):
        print(f"nothing of KServe was found in namespace {namespace}", file=sys.stderr)
    failing = [Severity.ERROR, *([Severity.WARNING] if fail_on is FailOn.WARNING else [])]
    return Exit.BLOCKED if any(checked.count(severity) for severity in failing) else Exit.OK


def _asked(target: str, via: Sequence[str], *, direct: bool) -> tuple[Release, ...]:
    """Return the target and the stops; nothing where no target is given."""
    given = "--via" if via else "--direct" if direct else ""
    if given and not target:
        raise UsageError(f"{given} goes with --target alone", "add --target RELEASE")
    stops = [("--via", text) for text in via]
    return tuple(_release(*one) for one in [("--target", target), *stops] if target)


def _release(flag: str, text: str) -> Release:
    try:
        return parse_release(text)
    except ReleaseFormatError as error:
        raise UsageError(f"{flag} {error}") from error


def _emit(
    checked: Check, way: Sequence[Step], namespace: str, output: Output, cluster: str
) -> None:
    match output:
        case Output.JSON | Output.YAML:
            emit_document(document(checked, way, namespace), output)
        case Output.SARIF:
            emit_document(sarif(checked, __version__), Output.JSON)
        case Output.JSONL:
            emit("".join(f"{line}\n" for line in json_lines(checked)))
            for step in way:  # tens of megabytes each, where there are many services
                emit("".join(f"{line}\n" for line in row_lines(step, namespace)))
        case Output.MARKDOWN:
            emit_lines(markdown_lines(checked))
        case _:
            screen = screen_of(sys.stdout, ON_PIPE)
            emit_lines(check_lines(checked, cluster, screen), screen)
