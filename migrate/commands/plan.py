"""kmigrate plan: what a change would do. Read-only, always."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from migrate.commands import flags, formerflags, making, strategies
from migrate.commands.flags import FailOn, Output
from migrate.commands.following import OF_PLAN, tell_following, tell_upgrade
from migrate.commands.output import emit_document, emit_documents
from migrate.commands.pointless import refuse_pointless
from migrate.commands.rbac import roles
from migrate.commands.showing import FORMS, exit_code, show
from migrate.commands.target import Target
from migrate.errors import UsageError
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan


def plan(
    called: typer.Context,
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
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Save the plan.")] = None,
    output: Annotated[Output, flags.forms(*FORMS)] = Output.TABLE,
    fail_on: flags.FailOnFlag = FailOn.ERROR,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 2 where there is something to do.")
    ] = False,
    rbac: Annotated[
        bool, typer.Option("--rbac", help="Print the least roles for this plan instead.")
    ] = False,
    render: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write what to commit to Git into a new folder."),
    ] = None,
    kubeconfig: flags.Kubeconfig = "",
    context: flags.Context = "",
    expect_context: flags.ExpectContext = "",
    kserve_namespace: flags.Namespace = flags.DEFAULT_NAMESPACE,
    snapshot: flags.Snapshot = "",
    kserve_version: flags.KserveVersion = "",
) -> int:
    """Show what a change would do. Writes nothing.

    Without --set or -f it shows the images that are set, and what the next
    reconcile of each InferenceService gives.
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
    if rbac and output not in ROLE_FORMS:
        raise UsageError(f"--rbac has no -o {output}", "-o yaml (the default) or -o json")
    options = making.options(set_, file, asked)
    refuse_pointless(options)
    if render is not None:
        _rendering().refuse_folder(render, options)
    cluster = Target(kubeconfig, context, expect_context, snapshot).open()
    made, seen = making.plan_and_snapshot(cluster, kserve_namespace, options)
    if rbac:
        _show_roles(made, output)
    else:
        show(made, output, cluster.name)
    if out is not None:
        making.save(made, out)
        following = _following(made, out)
        print(f"saved: {out}; {following}", file=sys.stderr)
    elif made.has_work and not made.blocking and not rbac and not render and output in READ:
        _tell_next(called, made, snapshot)
    is_rendered = render is not None and _rendering().render_plan(made, seen, render)
    return exit_code(made, fail_on, is_detailed=detailed_exitcode, is_rendered=is_rendered)


def _rendering() -> ModuleType:
    from migrate.commands import rendering  # noqa: PLC0415 -- YAML is slow to import

    return rendering


def _tell_next(called: typer.Context, made: Plan, snapshot: str) -> None:
    if made.target:
        tell_following(called, "plan", (), "--render", f"kserve-{made.target}")
        return
    tell_following(called, "apply", OF_PLAN, *(["--dry-run=client"] if snapshot else []))
    tell_upgrade(made)


def _following(made: Plan, out: Path) -> str:
    if made.blocking:
        return "it is blocked"
    if made.target:
        return "it is for after an upgrade, and cannot be applied; next: --render DIR"
    return f"next: kmigrate apply {out}" if made.has_work else "there is nothing to apply"


READ = (Output.TABLE, Output.WIDE)
"""What people read."""
ROLE_FORMS = (Output.TABLE, Output.YAML, Output.JSON)


def _show_roles(made: Plan, form: Output) -> None:
    """Write what `kubectl apply -f -` takes: YAML documents, or one List."""
    if form is Output.JSON:
        emit_document({"apiVersion": "v1", "kind": "List", "items": roles(made)}, form)
    else:
        emit_documents(roles(made))
