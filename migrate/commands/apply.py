"""kmigrate apply: carry a plan out, or go on with one that was stopped."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import typer

from migrate.cluster.port import Cluster
from migrate.commands import flags, formerflags, making, strategies
from migrate.commands.across import judge
from migrate.commands.approval import approve, refuse_blocked, refuse_nobody, refuse_target
from migrate.commands.back import apply_or_back, carry_and_tell
from migrate.commands.carry import Control
from migrate.commands.flags import DEFAULT_NAMESPACE, DryRun, Output
from migrate.commands.following import tell_after_trial, tell_upgrade
from migrate.commands.forward import forward
from migrate.commands.outcome import nothing
from migrate.commands.output import ON_PIPE, screen_of, tell_lines
from migrate.commands.pointless import refuse_pointless
from migrate.commands.rehearsal import Rehearsal
from migrate.commands.runs import resumable, stands_applied
from migrate.commands.target import Target
from migrate.commands.telling import Told, refuse_file
from migrate.errors import Exit, UsageError
from migrate.execute import record
from migrate.execute.run import Run
from migrate.objects import count
from migrate.operations.model import Direction
from migrate.planning.model.desired import Options, without_release
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Scope
from migrate.report.text import changing, plan_lines
from migrate.report.upgrade import strategy_of


def apply(
    called: typer.Context,
    plan: flags.PlanFile = None,
    set_: flags.Set = [],  # noqa: B006 -- Typer copies it
    file: flags.File = "",
    reset_global: flags.ResetGlobal = False,
    from_checkpoint: formerflags.FromCheckpoint = "",
    from_history: formerflags.FromHistory = False,
    with_stock: formerflags.WithStock = False,
    read_helm_releases: formerflags.ReadHelm = False,
    former_release: formerflags.FormerRelease = "",
    repin: flags.Repin = False,
    activate: flags.ActivateFlag = None,
    to_runtimes: flags.ToRuntimes = False,
    convert: flags.ConvertFlag = False,
    target: flags.TargetFlag = "",
    scope: flags.ScopeFlag = "",
    wave_size: flags.WaveSize = None,
    pause: flags.Pause = "",
    canary: flags.Canary = [],  # noqa: B006
    max_unavailable: flags.MaxUnavailable = None,
    namespace: flags.Namespaces = [],  # noqa: B006
    all_namespaces: flags.AllNamespaces = False,
    selector: flags.Selector = "",
    format_: flags.Formats = [],  # noqa: B006
    runtime: flags.RuntimeNames = [],  # noqa: B006
    exclude: flags.Exclude = [],  # noqa: B006
    take_ownership: flags.TakeOwnership = False,
    max_restarts: flags.MaxRestarts = None,
    max_namespaces: flags.MaxNamespaces = None,
    accept: flags.Accept = [],  # noqa: B006
    dry_run: flags.DryRunFlag = DryRun.NONE,
    yes: flags.Yes = False,
    output: flags.RunOutputFlag = Output.TABLE,
    json_into: flags.JsonInto = None,
    timeout: flags.Timeout = 600,
    rollback_on_failure: flags.RollbackOnFailure = False,
    parallelism: flags.Parallelism = flags.PARALLELISM,
    qps: flags.Qps = 0,
    lease_duration: flags.LeaseDuration = 60,
    lock_timeout: flags.LockTimeout = None,
    kubeconfig: flags.Kubeconfig = "",
    context: flags.Context = "",
    expect_context: flags.ExpectContext = "",
    kserve_namespace: flags.Namespace = DEFAULT_NAMESPACE,
    snapshot: flags.Snapshot = "",
    kserve_version: flags.KserveVersion = "",
) -> int:
    """Change the global images, and prove it.

    It patches what sets them, has KServe act on it, and waits for the services.

    With a PLAN it does exactly that plan and does not ask. With planning flags it plans,
    shows the plan and asks. A run that was stopped is gone on with, by its own plan.
    """
    asked = Options(
        **strategies.chosen(
            reset_global=reset_global,
            to_runtimes=to_runtimes,
            convert=convert,
            scope=scope,
            wave_size=wave_size,
            pause=pause,
            canary=canary,
            max_unavailable=max_unavailable,
            target=target,
        ),
        former=formerflags.former_of(
            from_checkpoint,
            from_history=from_history,
            with_stock=with_stock,
            reads_helm=read_helm_releases,
            release=former_release,
        ),
        repin=repin,
        activate=activate,
        selection=making.selection(
            namespace, selector, format_, runtime, exclude, everywhere=all_namespaces
        ),
        take_ownership=take_ownership,
        max_restarts=max_restarts,
        max_namespaces=max_namespaces,
        accept=tuple(accept),
        kserve_version=kserve_version,
    )
    refuse_target(target if to_runtimes else "")
    options = making.options(set_, file, asked)
    refuse_file(json_into)
    saved = making.load(plan) if plan else None
    if saved:
        refuse_target(saved.target)
        _refuse_planning(saved, options, kserve_namespace, f"kmigrate apply {plan}")
    else:
        refuse_pointless(options)
    cluster = Target(kubeconfig, context, expect_context, snapshot, qps).open(dry_run)
    place = saved.kserve_namespace if saved else kserve_namespace
    known = record.runs(cluster, place)
    run, made = _decide(cluster, known, place, options, saved)
    judged = judge(cluster, made, run, kserve_version, accept)
    made = judged.plan
    if run or saved is None:
        screen = screen_of(sys.stderr, ON_PIPE)
        tell_lines(plan_lines(made, cluster.name, screen), screen)
    refuse_blocked(made)
    refuse_nobody(made)
    if why := _nothing_to_do(cluster, made, run):
        tell_upgrade(made)
        return nothing(Direction.APPLY, why, output, json_into)
    restarting = count(changing(made.forecast), "InferenceService")
    how = strategy_of(made)
    question = f"Apply to {cluster.name}, {how}, restarting {restarting}."
    is_approved = saved is not None and not judged.is_other
    approve(question, yes=yes or is_approved or dry_run is not DryRun.NONE)
    control = Control(timeout, lease_duration, lock_timeout, parallelism, qps)
    told = Told(output, json_into, is_dry=dry_run is not DryRun.NONE)
    is_tried = dry_run is not DryRun.CLIENT
    job = forward(cluster, made, run, known, judged.check, is_tried=is_tried)
    if made.options.scope is Scope.SERVICE and dry_run is not DryRun.CLIENT:
        job = replace(job, rehearse=Rehearsal(cluster, made))
    if rollback_on_failure:
        return apply_or_back(cluster, job, control, told, kserve_version)
    code = carry_and_tell(cluster, job, control, told)
    tell_after_trial(called, "apply", dry_run, code)
    if code == Exit.OK:
        tell_upgrade(made)
    return code


def _decide(
    cluster: Cluster, known: Sequence[Run], namespace: str, options: Options, saved: Plan | None
) -> tuple[Run | None, Plan]:
    """Return the run to go on with and its plan, or no run and the plan for a new one."""
    run, made = resumable(cluster, known, options, saved)
    if made is not None:
        return run, made
    if not options.asks:
        given = "a PLAN, --set, -f, --from-checkpoint, --to-runtimes, --reset-global or --target"
        raise UsageError(f"nothing asked for: give {given}", "kmigrate apply --help")
    return None, making.plan(cluster, namespace, options)


def _nothing_to_do(cluster: Cluster, made: Plan, run: Run | None) -> str:
    """Say why nothing is to be done; empty where something is."""
    if not made.has_work:
        return "nothing to change"
    if run is None and stands_applied(cluster, made):
        return "nothing to change: all that this plan writes is there already"
    return ""


def _refuse_planning(saved: Plan, options: Options, namespace: str, alone: str) -> None:
    if without_release(options) != Options():
        raise UsageError("a saved plan is applied as it is: planning flags have no meaning", alone)
    if namespace not in (DEFAULT_NAMESPACE, saved.kserve_namespace):
        raise UsageError(f"the plan is for --kserve-namespace {saved.kserve_namespace}", alone)
