"""kmigrate rollback: take a run back, from the record and the live cluster."""

from __future__ import annotations

import sys
from functools import partial

from migrate.commands import flags
from migrate.commands.approval import approve
from migrate.commands.carry import Control, Job, carry_out
from migrate.commands.comparing import Compared
from migrate.commands.flags import DryRun, Output
from migrate.commands.installed import get_or_none
from migrate.commands.naming import refuse_named
from migrate.commands.outcome import nothing, outcome, prove
from migrate.commands.output import ON_PIPE, screen_of, tell_lines
from migrate.commands.reading import read_snapshot
from migrate.commands.runs import (
    chosen,
    later_writers,
    leaves_rest,
    plan_of,
    refuse_elsewhere,
    refuse_overtaken,
)
from migrate.commands.target import Target
from migrate.execute import record
from migrate.objects import count
from migrate.operations.model import Direction
from migrate.planning.copyback import of_namespaces
from migrate.planning.rollback import plan_rollback
from migrate.planning.strategy import Scope
from migrate.report.console import Console
from migrate.report.text import changing, rollback_lines


def rollback(
    run: flags.RunId = "",
    namespace: flags.RollbackNamespaces = [],  # noqa: B006 -- Typer copies it
    dry_run: flags.DryRunFlag = DryRun.NONE,
    yes: flags.Yes = False,
    output: flags.OutputFlag = Output.TABLE,
    timeout: flags.Timeout = 600,
    lease_duration: flags.LeaseDuration = 60,
    lock_timeout: flags.LockTimeout = None,
    kubeconfig: flags.Kubeconfig = "",
    context: flags.Context = "",
    expect_context: flags.ExpectContext = "",
    kserve_namespace: flags.Namespace = flags.DEFAULT_NAMESPACE,
    snapshot: flags.Snapshot = "",
    kserve_version: flags.KserveVersion = "",
) -> int:
    """Take a run back, and prove that all is as before.

    It needs the cluster alone: any machine will do. What others changed since is kept and
    reported.
    """
    cluster = Target(kubeconfig, context, expect_context, snapshot).open(dry_run)
    known = record.runs(cluster, kserve_namespace)
    found = chosen(known, run)
    if found is None or found.state == "rolled back":
        name = f"run {found.head.id} is rolled back" if found else "no run is recorded"
        return nothing(Direction.ROLLBACK, f"nothing to roll back: {name}", output)
    recorded = plan_of(cluster, found)
    plan = of_namespaces(recorded, namespace, found.head.id) if namespace else recorded
    refuse_elsewhere(cluster, plan, kserve_version)
    refuse_overtaken(cluster, known, found, plan)
    later = later_writers(cluster, known, found)
    seen = read_snapshot(cluster, kserve_namespace, kserve_version)
    targets = [op.target for op in plan.operations]
    live = {ref: seen.originals.get(ref) or get_or_none(cluster, ref) for ref in targets}
    back = plan_rollback(plan, seen, live, later)
    screen = screen_of(sys.stderr, ON_PIPE)
    tell_lines(rollback_lines(found.head.id, back, screen), screen)
    restarting = count(changing(back.forecast), "InferenceService")
    question = f"\nRoll back on {cluster.name}, restarting {restarting}."
    approve(question, yes=yes or dry_run is not DryRun.NONE)
    is_pinned = plan.options.scope is Scope.SERVICE
    job = Job(
        plan=plan,
        direction=Direction.ROLLBACK,
        waves=back.waves,
        run=found,
        known=known,
        check=lambda: Compared(back.forecast),
        prove=lambda forecast: prove(cluster, plan, Direction.ROLLBACK, forecast, back.waves),
        leaves_rest=leaves_rest(cluster, recorded, plan),
        rehearse=partial(refuse_named, cluster) if is_pinned else None,
    )
    with Console(screen_of(sys.stderr)) as console:
        end = carry_out(cluster, job, Control(timeout, lease_duration, lock_timeout), console)
    return outcome(cluster, job, end, output)
