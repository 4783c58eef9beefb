"""kmigrate rollback: take a run back, from the record and the live cluster."""

from __future__ import annotations

import sys

from migrate.commands import flags
from migrate.commands.approval import approve
from migrate.commands.carry import Control, Job, carry_out
from migrate.commands.flags import DryRun, Output
from migrate.commands.outcome import outcome
from migrate.commands.output import emit
from migrate.commands.reading import read_snapshot
from migrate.commands.runs import chosen, plan_of, refuse_elsewhere, refuse_overtaken
from migrate.commands.target import Target
from migrate.errors import Exit
from migrate.execute import record
from migrate.planning.plan import Direction
from migrate.planning.rollback import plan_rollback
from migrate.report.console import Console
from migrate.report.text import rollback_lines


def rollback(
    run: flags.RunId = "",
    dry_run: flags.DryRunFlag = DryRun.NONE,
    yes: flags.Yes = False,
    output: flags.OutputFlag = Output.TABLE,
    timeout: flags.Timeout = 300.0,
    lease_duration: flags.LeaseDuration = 60,
    lock_timeout: flags.LockTimeout = None,
    kubeconfig: flags.Kubeconfig = "",
    context: flags.Context = "",
    expect_context: flags.ExpectContext = "",
    kserve_namespace: flags.Namespace = "kserve",
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
        emit(f"nothing to roll back: {name}\n")
        return Exit.OK
    plan = plan_of(cluster, found)
    refuse_elsewhere(cluster, plan, kserve_version)
    refuse_overtaken(cluster, known, found, plan)
    back = plan_rollback(plan, read_snapshot(cluster, kserve_namespace, kserve_version))
    print("\n".join(rollback_lines(found.head.id, back)), file=sys.stderr)
    restarting = len([row for row in back.forecast if row.now not in (None, row.after_plan)])
    question = f"\nRoll back on {cluster.name}: {restarting} InferenceService(s) restart."
    approve(question, yes=yes or dry_run is not DryRun.NONE)
    job = Job(plan, Direction.ROLLBACK, back.waves, found, known)
    with Console() as console:
        engine = carry_out(cluster, job, Control(timeout, lease_duration, lock_timeout), console)
    return outcome(cluster, job, engine, back.forecast, output)
