"""kmigrate status: the runs that are recorded, and where each object stands now."""

from __future__ import annotations

import msgspec

from migrate.cluster.port import Cluster
from migrate.commands import flags
from migrate.commands.flags import Output
from migrate.commands.installed import get_or_none
from migrate.commands.output import emit
from migrate.commands.reading import workload_images
from migrate.commands.runs import chosen, plan_of
from migrate.commands.target import Target
from migrate.errors import Exit
from migrate.execute import record
from migrate.execute.run import Run
from migrate.objects import canonical
from migrate.operations.classify import classify
from migrate.planning.plan import API_VERSION, MOVING, Plan
from migrate.report.status import RunStatus, ServiceStatus, status_lines


def status(
    run: flags.RunId = "",
    output: flags.OutputFlag = Output.TABLE,
    kubeconfig: flags.Kubeconfig = "",
    context: flags.Context = "",
    expect_context: flags.ExpectContext = "",
    kserve_namespace: flags.Namespace = flags.DEFAULT_NAMESPACE,
    snapshot: flags.Snapshot = "",
) -> int:
    """Show where a run stands, and what is next."""
    cluster = Target(kubeconfig, context, expect_context, snapshot).open()
    known = record.runs(cluster, kserve_namespace)
    found = chosen(known, run)
    shown = _look(cluster, found, plan_of(cluster, found)) if found else None
    if output is Output.JSON:
        document = {"apiVersion": API_VERSION, "kind": "Status", "run": shown}
        runs = [{"id": r.head.id, "state": r.state, "summary": r.head.summary} for r in known]
        emit(msgspec.json.format(canonical({**document, "runs": runs}), indent=2).decode() + "\n")
    else:
        emit("\n".join(status_lines(shown, known)) + "\n")
    return Exit.OK


def _look(cluster: Cluster, run: Run, plan: Plan) -> RunStatus:
    """Ask the cluster where the operations and the services of the plan stand now."""
    standings = {
        str(op.target): classify(op, get_or_none(cluster, op.target)).value
        for op in plan.operations
    }
    rows = [row for row in plan.forecast if row.outlook in MOVING and row.workload]
    images = workload_images(cluster, (row.workload for row in rows if row.workload))
    services = tuple(
        ServiceStatus(str(row.service), images.get(row.workload), row.now, row.after_plan)
        for row in rows
        if row.workload
    )
    return RunStatus(
        id=run.head.id,
        state=run.state,
        summary=run.head.summary,
        started=run.head.started,
        operator=run.head.operator,
        journal=run.journal,
        standings=standings,
        services=services,
    )
