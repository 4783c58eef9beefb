"""kmigrate explain: why a service gets the image that it gets. Read-only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from migrate.cluster.port import Cluster
from migrate.commands import flags, making
from migrate.commands.approval import refuse_target
from migrate.commands.comparing import refuse_broken_seals
from migrate.commands.conversions import write_converted
from migrate.commands.flags import Output
from migrate.commands.output import emit_document, emit_lines
from migrate.commands.reading import read_case
from migrate.commands.runs import refuse_elsewhere
from migrate.commands.target import Target
from migrate.errors import Exit, UsageError
from migrate.objects import ObjectRef
from migrate.operations.invert import invert
from migrate.planning.back.keptcopies import converted_by, kept_for
from migrate.planning.model.plan import API_VERSION, Plan
from migrate.planning.world.explanation import Explanation, Outcome, explain, outcome
from migrate.report.explanation import explanation_lines


def explain_(
    service: Annotated[str, typer.Argument(metavar="NAMESPACE/NAME", help="InferenceService.")],
    with_: Annotated[
        Path | None,
        typer.Option("--with", metavar="PLAN", help="Also after this saved plan, and back."),
    ] = None,
    output: flags.OutputFlag = Output.TABLE,
    kubeconfig: flags.Kubeconfig = "",
    context: flags.Context = "",
    expect_context: flags.ExpectContext = "",
    kserve_namespace: flags.Namespace = flags.DEFAULT_NAMESPACE,
    snapshot: flags.Snapshot = "",
    kserve_version: flags.KserveVersion = "",
) -> int:
    """Say what image and arguments a service gets, and why.

    It shows what runs now, what would run after the next reconcile, and the
    chain of reasons: each runtime that was looked at, the rule that decided,
    and where each argument and variable comes from.
    """
    ref = _ref(service)
    cluster = Target(kubeconfig, context, expect_context, snapshot).open()
    told = _explained(cluster, ref, kserve_namespace, kserve_version)
    if with_ is not None:
        made = making.load(with_)
        refuse_target(made.target)
        refuse_elsewhere(cluster, made, kserve_version)
        refuse_broken_seals(cluster, made)
        told = _with_plan(cluster, told, made, kserve_namespace, kserve_version)
    if output is Output.TABLE:
        emit_lines(explanation_lines(told))
    else:
        head = {"apiVersion": API_VERSION, "kind": "Explanation"}
        emit_document({**head, **msgspec.to_builtins(told)}, output)
    return Exit.OK


def _ref(text: str) -> ObjectRef:
    namespace, slash, name = text.partition("/")
    if not (namespace and slash and name) or "/" in name:
        raise UsageError(f"{text!r}: expected NAMESPACE/NAME", "kmigrate explain team/iris")
    return ObjectRef("serving.kserve.io/v1beta1", "InferenceService", name, namespace)


def _explained(cluster: Cluster, ref: ObjectRef, namespace: str, version: str) -> Explanation:
    case = read_case(cluster, ref, namespace, version)
    return explain(case.service, case.config, case.detected, case.workload)


def _with_plan(
    cluster: Cluster,
    told: Explanation,
    made: Plan,
    namespace: str,
    version: str,
) -> Explanation:
    """Carry the plan out on a copy in memory, and back again, and look each time."""
    stays = kept_for(made, told.service)
    back = [invert(op) for op in reversed(made.operations) if op.target != stays]
    planned = making.carried_out(cluster, made.operations)
    if told.service in converted_by(made):
        config = read_case(cluster, told.service, namespace, version).config
        write_converted(planned, told.service, config)
    after = _outcome(planned, told.service, namespace, version)
    former = _outcome(making.carried_out(planned, back), told.service, namespace, version)
    return msgspec.structs.replace(told, after_plan=after, after_rollback=former)


def _outcome(cluster: Cluster, ref: ObjectRef, namespace: str, version: str) -> Outcome:
    case = read_case(cluster, ref, namespace, version)
    return outcome(case.service, case.config)
