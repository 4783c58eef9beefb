"""kmigrate status: recorded runs and checkpoints, or a saved plan, and where each object stands."""

from __future__ import annotations

from pathlib import Path

from migrate.cluster.port import Cluster
from migrate.commands import flags
from migrate.commands.across import other_release
from migrate.commands.checkpointfiles import is_checkpoint
from migrate.commands.checkpoints import names
from migrate.commands.checkpointstatus import checkpoint_status, file_status
from migrate.commands.flags import Output
from migrate.commands.installed import get_all
from migrate.commands.laterrows import later_rows, overwritten_by, overwritten_rows
from migrate.commands.output import emit_document, emit_lines
from migrate.commands.planstatus import is_plan_file, plan_status
from migrate.commands.runs import chosen, plan_of
from migrate.commands.servicestates import services_of_run
from migrate.commands.standings import standings_of
from migrate.commands.target import Target
from migrate.errors import Exit, UsageError
from migrate.execute import record
from migrate.execute.run import Run
from migrate.planning.model.desired import Selection
from migrate.planning.model.plan import Plan
from migrate.report.checkpoints import line_of
from migrate.report.runstatus import RunStatus, StatusDocument, service_row, status_lines
from migrate.report.status import row_of


def status(
    run: flags.RunOrPlan = "",
    output: flags.OutputFlag = Output.TABLE,
    offline: flags.Offline = False,
    kubeconfig: flags.Kubeconfig = "",
    context: flags.Context = "",
    expect_context: flags.ExpectContext = "",
    kserve_namespace: flags.Namespace = flags.DEFAULT_NAMESPACE,
    snapshot: flags.Snapshot = "",
) -> int:
    """Show where a run or a saved plan stands, and what is next.

    Of a saved plan it tells what it holds, and with a cluster whether it still holds there; of a
    checkpoint what differs now.
    """
    target = Target(kubeconfig, context, expect_context, snapshot)
    if is_checkpoint(Path(run)):
        return file_status(Path(run), None if offline else target, output)
    if is_plan_file(run):
        return plan_status(Path(run), None if offline else target, output)
    if offline:
        raise UsageError("--offline: runs are recorded in a cluster", "kmigrate status FILE")
    cluster = target.open()
    known = record.runs(cluster, kserve_namespace)
    saved = names(cluster, kserve_namespace)
    if run in {row.name for row in saved}:
        return checkpoint_status(cluster, kserve_namespace, run, output)
    found = chosen(known, run, saved)
    shown = _look(cluster, found, plan_of(cluster, found)) if found else None
    lines = tuple(map(line_of, saved))
    if output is Output.TABLE:
        emit_lines(status_lines(shown, known, lines))
    else:
        runs = tuple(map(row_of, known))
        emit_document(StatusDocument(run=shown, runs=runs, checkpoints=lines), output)
    return Exit.OK


def _look(cluster: Cluster, run: Run, plan: Plan) -> RunStatus:
    """Ask the cluster where the operations and the services of the plan stand now."""
    live = get_all(cluster, (op.target for op in plan.operations))
    standings = standings_of(plan, live)
    services, limit = services_of_run(cluster, run, plan, standings)
    running = other_release(cluster, plan)
    return RunStatus(
        id=run.head.id,
        state=run.state,
        summary=run.head.summary,
        started=run.head.started,
        operator=run.head.operator,
        journal=run.journal,
        standings={str(ref): found for ref, found in standings.items()},
        services=tuple(map(service_row, services)),
        limit=limit,
        asleep=tuple(str(one.row.service) for one in services if one.is_asleep),
        later=() if run.state == "rolled back" else tuple(later_rows(plan, live)),
        overwritten=tuple(overwritten_rows(overwritten_by(cluster, run, run.journal))),
        release=plan.release,
        running=str(running or ""),
        held_for=plan.held_for,
        is_part=plan.options.selection != Selection(),
    )
