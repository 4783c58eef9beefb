"""kmigrate rollback: take a run back, from the record and the live cluster; or to a checkpoint."""

from __future__ import annotations

import sys

import typer

from migrate.commands import flags, rollbackflags
from migrate.commands.approval import approve, refuse_found
from migrate.commands.back import carry_and_tell, prepared
from migrate.commands.carry import Control
from migrate.commands.checkpoints import names
from migrate.commands.flags import DryRun, Output
from migrate.commands.following import tell_after_trial
from migrate.commands.outcome import nothing
from migrate.commands.output import ON_PIPE, screen_of, tell_lines
from migrate.commands.restoring import Asked, checkpoint_of, refuse_of_runs, restore
from migrate.commands.runs import chosen, standing_below
from migrate.commands.target import Target
from migrate.commands.telling import Told, refuse_file
from migrate.execute import record
from migrate.objects import count
from migrate.operations.model import Direction
from migrate.report.text import changing, rollback_lines


def rollback(
    called: typer.Context,
    run: rollbackflags.RunOrCheckpoint = "",
    namespace: flags.RollbackNamespaces = [],  # noqa: B006 -- Typer copies it
    force_field: flags.ForceField = [],  # noqa: B006 -- Typer copies it
    keep_runtimes: rollbackflags.KeepRuntimes = False,
    take_ownership: rollbackflags.TakeOwnership = False,
    accept: rollbackflags.Accept = [],  # noqa: B006
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
    """Take a run back, or all since a checkpoint, and prove it.

    A run needs the cluster alone: any machine will do. What others changed since is kept and
    reported, with the argument of --force-field that takes it back as well.
    """
    refuse_file(json_into)
    cluster = Target(kubeconfig, context, expect_context, snapshot, qps).open(dry_run)
    known = record.runs(cluster, kserve_namespace)
    control = Control(timeout, lease_duration, lock_timeout, parallelism, qps)
    told = Told(output, json_into, is_dry=dry_run is not DryRun.NONE)
    asked = Asked(keep_runtimes, take_ownership, accept)
    if checkpoint := checkpoint_of(cluster, kserve_namespace, run, known):
        refuse_of_runs(namespace, force_field)
        options = asked.options(run, kserve_version)
        how = (options, control, told)
        return restore(called, cluster, checkpoint, *how, dry_run=dry_run, yes=yes)
    asked.refuse()
    found = chosen(known, run, names(cluster, kserve_namespace) if run else ())
    if found is None or found.state == "rolled back":
        name = f"run {found.head.id} is rolled back" if found else "no run is recorded"
        code = nothing(Direction.ROLLBACK, f"nothing to roll back: {name}", output, json_into)
        tell_lines(standing_below(known))
        return code
    job, back = prepared(
        cluster,
        known,
        found,
        kserve_version,
        namespaces=namespace,
        forced=force_field,
        accepted=accept,
    )
    screen = screen_of(sys.stderr, ON_PIPE)
    tell_lines(rollback_lines(found.head.id, back, screen), screen)
    refuse_found("the rollback", back.findings)
    restarting = count(changing(back.forecast), "InferenceService")
    question = f"Roll back on {cluster.name}, restarting {restarting}."
    approve(question, yes=yes or dry_run is not DryRun.NONE)
    code = carry_and_tell(cluster, job, control, told)
    tell_after_trial(called, "rollback", dry_run, code)
    return code
