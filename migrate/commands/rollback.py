"""kmigrate rollback: take a run back, from the record and the live cluster."""

from __future__ import annotations

import sys

from migrate.commands import flags
from migrate.commands.approval import approve
from migrate.commands.carry import Control, Job, carry_out
from migrate.commands.comparing import Compared
from migrate.commands.flags import DryRun, Output
from migrate.commands.installed import get_all
from migrate.commands.outcome import nothing, outcome, prove
from migrate.commands.output import ON_PIPE, screen_of, tell_lines
from migrate.commands.reading import read_snapshot
from migrate.commands.runs import chosen, plan_of, refuse_elsewhere, refuse_overtaken
from migrate.commands.target import Target
from migrate.commands.telling import telling
from migrate.execute import record
from migrate.objects import count
from migrate.operations.model import Direction
from migrate.planning.rollback import plan_rollback
from migrate.report.text import changing, rollback_lines


def rollback(
    run: flags.RunId = "",
    dry_run: flags.DryRunFlag = DryRun.NONE,
    yes: flags.Yes = False,
    output: flags.RunOutputFlag = Output.TABLE,
    json_into: flags.JsonInto = None,
    timeout: flags.Timeout = 600,
    parallelism: flags.Parallelism = flags.PARALLELISM,
    qps: flags.Qps = 0,
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
    cluster = Target(kubeconfig, context, expect_context, snapshot, qps).open(dry_run)
    known = record.runs(cluster, kserve_namespace)
    found = chosen(known, run)
    if found is None or found.state == "rolled back":
        name = f"run {found.head.id} is rolled back" if found else "no run is recorded"
        return nothing(Direction.ROLLBACK, f"nothing to roll back: {name}", output, json_into)
    plan = plan_of(cluster, found)
    refuse_elsewhere(cluster, plan, kserve_version)
    refuse_overtaken(cluster, known, found, plan)
    live = get_all(cluster, (op.target for op in plan.operations))
    back = plan_rollback(plan, read_snapshot(cluster, kserve_namespace, kserve_version), live)
    screen = screen_of(sys.stderr, ON_PIPE)
    tell_lines(rollback_lines(found.head.id, back, screen), screen)
    restarting = count(changing(back.forecast), "InferenceService")
    question = f"\nRoll back on {cluster.name}, restarting {restarting}."
    approve(question, yes=yes or dry_run is not DryRun.NONE)
    job = Job(
        plan=plan,
        direction=Direction.ROLLBACK,
        waves=back.waves,
        run=found,
        known=known,
        check=lambda: Compared(back.forecast),
        prove=lambda forecast: prove(cluster, plan, Direction.ROLLBACK, forecast, back.waves),
    )
    with telling(output, json_into) as console:
        control = Control(timeout, lease_duration, lock_timeout, parallelism, qps)
        end = carry_out(cluster, job, control, console)
    return outcome(cluster, job, end, output)
