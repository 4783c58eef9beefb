"""kmigrate status PLAN: what a saved plan holds, and whether it still holds."""

from __future__ import annotations

from pathlib import Path

from migrate.cluster.port import Cluster
from migrate.commands import making
from migrate.commands.asking import answered
from migrate.commands.comparing import stale
from migrate.commands.flags import Output
from migrate.commands.installed import get_all
from migrate.commands.output import emit_document, emit_lines
from migrate.commands.runs import carries, refuse_elsewhere
from migrate.commands.standings import services_of, standings_of
from migrate.commands.target import Target
from migrate.errors import StaleError
from migrate.execute import record
from migrate.operations.describe import describe_activation
from migrate.operations.model import Direction
from migrate.planning.back.summary import asked
from migrate.planning.model.plan import Plan
from migrate.report.planstatus import plan_status_lines
from migrate.report.runstatus import StatusDocument
from migrate.report.status import PlanInCluster, PlanStatus, row_of
from migrate.report.text import changing


def is_plan_file(name: str) -> bool:
    """Tell a file from the id of a run, which has no dot and no slash."""
    return name.endswith(".json") or "/" in name or (bool(name) and Path(name).is_file())


def plan_status(path: Path, target: Target | None, output: Output) -> int:
    """Tell what the file holds, and where it stands in the cluster where there is one.

    A cluster that cannot be asked does not keep from what the file says; the exit code is
    then that of its error.
    """
    made = making.load(path)
    found, code = answered(target, lambda cluster: _in_cluster(cluster, made))
    shown = _of_file(path, made, found)
    if output is Output.TABLE:
        emit_lines(plan_status_lines(shown))
    else:
        emit_document(StatusDocument(plan=shown, runs=found.runs if found else ()), output)
    return code


def _of_file(path: Path, made: Plan, found: PlanInCluster | None) -> PlanStatus:
    waves = made.waves(Direction.APPLY)
    return PlanStatus(
        file=str(path),
        digest=made.digest,
        cluster_uid=made.cluster_uid,
        kserve_namespace=made.kserve_namespace,
        release=made.release,
        images=asked(made.options),
        writes=tuple(str(op.target) for wave in waves for op in wave.operations),
        activations=tuple(describe_activation(act) for wave in waves for act in wave.activations),
        moving=changing(made.forecast),
        blocked_by=tuple(sorted({finding.code for finding in made.blocking})),
        found=found,
        target=made.target,
    )


def _in_cluster(cluster: Cluster, made: Plan) -> PlanInCluster:
    """Ask the cluster; one that the plan is not for has nothing else to say."""
    try:
        refuse_elsewhere(cluster, made, "")
    except StaleError as error:
        return PlanInCluster(cluster=cluster.name, unfit=error.message)
    runs = record.runs(cluster, made.kserve_namespace)
    try:
        differences, unfit = stale(cluster, made), ""
    except StaleError as error:
        differences, unfit = (), error.message
    standings = standings_of(made, get_all(cluster, (op.target for op in made.operations)))
    return PlanInCluster(
        cluster=cluster.name,
        unfit=unfit,
        stale=differences,
        standings={str(ref): found.value for ref, found in standings.items()},
        services=services_of(cluster, made),
        runs=tuple(row_of(run) for run in runs if carries(run, made)),
    )
