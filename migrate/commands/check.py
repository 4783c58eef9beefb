"""kmigrate check: what is wrong with a cluster's serving images. Read-only."""

from __future__ import annotations

import sys
from typing import Annotated

import msgspec
import typer

from migrate import __version__
from migrate.commands import flags
from migrate.commands.flags import FailOn, Output
from migrate.commands.output import ON_PIPE, emit, emit_document, emit_lines, screen_of
from migrate.commands.reading import read_snapshot
from migrate.commands.target import Target
from migrate.errors import Exit, UsageError
from migrate.kserve.releases import Release, ReleaseFormatError, parse_release
from migrate.planning.check import Check, check, refuse_unknown
from migrate.planning.plan import API_VERSION, Severity
from migrate.report.check import check_lines, json_lines, markdown_lines, sarif

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
        str, typer.Option(metavar="RELEASE", help="Look as if this release were installed.")
    ] = "",
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
    release = _release(target)
    cluster = Target(kubeconfig, context, expect_context, snapshot).open()
    found = read_snapshot(cluster, kserve_namespace, kserve_version, namespace)
    checked = check(found, release, namespace, suppress)
    _emit(checked, output, cluster.name)
    if namespace and not found.services and not found.runtimes.of(namespace):
        print(f"nothing of KServe was found in namespace {namespace}", file=sys.stderr)
    failing = [Severity.ERROR, *([Severity.WARNING] if fail_on is FailOn.WARNING else [])]
    return Exit.BLOCKED if any(checked.count(severity) for severity in failing) else Exit.OK


def _release(text: str) -> Release | None:
    try:
        return parse_release(text) if text else None
    except ReleaseFormatError as error:
        raise UsageError(f"--target {error}") from error


def _emit(checked: Check, output: Output, cluster: str) -> None:
    match output:
        case Output.JSON | Output.YAML:
            head = {"apiVersion": API_VERSION, "kind": "Check"}
            emit_document({**head, **msgspec.to_builtins(checked)}, output)
        case Output.SARIF:
            emit_document(sarif(checked, __version__), Output.JSON)
        case Output.JSONL:
            emit("".join(f"{line}\n" for line in json_lines(checked)))
        case Output.MARKDOWN:
            emit_lines(markdown_lines(checked))
        case _:
            screen = screen_of(sys.stdout, ON_PIPE)
            emit_lines(check_lines(checked, cluster, screen), screen)
