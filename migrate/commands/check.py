"""kmigrate check: what is wrong with a cluster's serving images. Read-only."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import msgspec
import typer

from migrate import __version__
from migrate.commands import flags
from migrate.commands.flags import Form
from migrate.commands.output import emit, emit_document
from migrate.commands.reading import read_snapshot
from migrate.commands.target import Target
from migrate.errors import Exit, UsageError
from migrate.kserve.releases import Release, ReleaseFormatError, parse_release
from migrate.planning.check import Check, check, refuse_unknown
from migrate.planning.plan import API_VERSION, Severity
from migrate.report.check import check_lines, json_lines, markdown_lines, sarif


class Report(StrEnum):
    """How findings are written to stdout."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    MARKDOWN = "markdown"
    SARIF = "sarif"


class FailOn(StrEnum):
    """From which severity on the check fails."""

    ERROR = "error"
    WARNING = "warning"


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
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit 7 for findings from this severity on.")
    ] = FailOn.ERROR,
    suppress: Annotated[
        list[str], typer.Option(metavar="CODE[=OBJECT]", help="Leave a finding out; repeatable.")
    ] = [],  # noqa: B006 -- Typer copies it
    output: Annotated[Report, typer.Option("-o", "--output", help="Form of the output.")] = (
        Report.TABLE
    ),
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


def _emit(checked: Check, output: Report, cluster: str) -> None:
    if output is Report.JSON:
        head = {"apiVersion": API_VERSION, "kind": "Check"}
        return emit_document({**head, **msgspec.to_builtins(checked)}, Form.JSON)
    if output is Report.SARIF:
        return emit_document(sarif(checked, __version__), Form.JSON)
    lines = {
        Report.TABLE: lambda: check_lines(checked, cluster),
        Report.JSONL: lambda: json_lines(checked),
        Report.MARKDOWN: lambda: markdown_lines(checked),
    }[output]()
    return emit("".join(f"{line}\n" for line in lines))
