"""kmigrate apply: carry a plan out, or go on with one that was stopped."""

from __future__ import annotations

import sys

from migrate.commands import flags, making
from migrate.commands.approval import approve, refuse_blocked
from migrate.commands.carry import Control, Job, carry_out
from migrate.commands.flags import DryRun, Output
from migrate.commands.outcome import outcome
from migrate.commands.output import emit
from migrate.commands.runs import refuse_elsewhere, resumable
from migrate.commands.target import Target
from migrate.errors import Exit, UsageError
from migrate.execute import record
from migrate.planning.desired import Options
from migrate.planning.plan import Direction
from migrate.report.console import Console
from migrate.report.text import changing_services, plan_lines


def apply(
    plan: flags.PlanFile = None,
    set_: flags.Set = [],  # noqa: B006 -- Typer copies it
    file: flags.File = "",
    repin: flags.Repin = False,
    accept: flags.Accept = [],  # noqa: B006
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
    """Change the global images, and prove it.

    It patches the ConfigMap, restarts the controller, and waits for the services.

    With a PLAN it does exactly that plan and does not ask. With planning flags it plans,
    shows the plan and asks. A run that was stopped is gone on with, by its own plan.
    """
    options = making.options(set_, file, accept, kserve_version, repin=repin)
    saved = making.load(plan) if plan else None
    if saved and options != Options():
        raise UsageError("a saved plan is applied as it is: planning flags have no meaning")
    cluster = Target(kubeconfig, context, expect_context, snapshot).open(dry_run)
    namespace = saved.kserve_namespace if saved else kserve_namespace
    known = record.runs(cluster, namespace)
    run, made = resumable(cluster, known, options, saved)
    if made is None:
        if not options.images:
            raise UsageError("nothing asked for: give a PLAN, --set or -f", "kmigrate apply --help")
        made = making.plan(cluster, namespace, options)
    refuse_elsewhere(cluster, made, kserve_version)
    if run:
        print(f"run {run.head.id} is unfinished; this goes on with its plan:", file=sys.stderr)
    if run or not saved:
        print("\n".join(plan_lines(made, cluster.name)), file=sys.stderr)
    refuse_blocked(made)
    if not any(stage.operations or stage.activations for stage in made.apply):
        emit("nothing to change\n")
        return Exit.OK
    restarting = changing_services(made)
    question = f"\nApply to {cluster.name}, in place: {restarting} InferenceService(s) restart."
    approve(question, yes=yes or saved is not None or dry_run is not DryRun.NONE)
    job = Job(made, Direction.APPLY, made.waves(Direction.APPLY), run, known)
    with Console() as console:
        engine = carry_out(cluster, job, Control(timeout, lease_duration, lock_timeout), console)
    return outcome(cluster, job, engine, made.forecast, output)
