"""kmigrate checkpoint: save what an upgrade may change, in the cluster and in a file."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from migrate.cluster.port import Cluster
from migrate.commands import flags
from migrate.commands.access import on, refuse_lacking
from migrate.commands.checkpointing import Made, make, refuse_name
from migrate.commands.checkpoints import names
from migrate.commands.files import write_whole
from migrate.commands.flags import DryRun, Output
from migrate.commands.output import emit_document, emit_lines, tell_lines
from migrate.commands.target import Target
from migrate.errors import ApiError, BlockedError, Exit, ForbiddenError, KmigrateError, UsageError
from migrate.execute import checkpoints, record
from migrate.objects import ObjectRef
from migrate.report.checkpoints import CheckpointResult, line_of, made_lines
from migrate.report.lines import wrapped


def checkpoint(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Its name; by default time and release.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Its file (default: kmigrate-checkpoint-NAME.json.gz here)."
        ),
    ] = None,
    no_cluster: Annotated[
        bool, typer.Option("--no-cluster", help="Save it in the file alone.")
    ] = False,
    dry_run: flags.DryRunFlag = DryRun.NONE,
    output: flags.OutputFlag = Output.TABLE,
    kubeconfig: flags.Kubeconfig = "",
    context: flags.Context = "",
    expect_context: flags.ExpectContext = "",
    kserve_namespace: flags.Namespace = flags.DEFAULT_NAMESPACE,
    snapshot: flags.Snapshot = "",
    kserve_version: flags.KserveVersion = "",
) -> int:
    """Save what an upgrade may change, to get it back.

    These are KServe's configuration, all InferenceServices and runtimes, and
    the image that each service runs. It changes nothing of them.
    """
    if name:
        refuse_name(name)
    if dry_run is DryRun.NONE:
        _refuse_file(out or _file_of(name))
    target = Target(kubeconfig, context, expect_context, snapshot)
    cluster = target.open(DryRun.CLIENT if no_cluster else dry_run)
    denied = None if no_cluster else _denied(cluster, kserve_namespace, name)
    unfinished = _unfinished(cluster, kserve_namespace)
    made = make(cluster, kserve_namespace, name, kserve_version, unfinished)
    for told in made.doubts:
        _warn(told)
    file = None if dry_run is not DryRun.NONE else out or _file_of(made.row.name)
    if file:
        _refuse_file(file)
        write_whole(file, made.packed.pieces)
    if not no_cluster and denied is None:
        denied = _stored(cluster, kserve_namespace, made)
    done = CheckpointResult(
        checkpoint=line_of(made.row),
        kserve_namespace=kserve_namespace,
        stored=not no_cluster and denied is None,
        file=str(file or ""),
        dry_run=dry_run is not DryRun.NONE,
    )
    if output is Output.TABLE:
        emit_lines(made_lines(done))
    else:
        emit_document(done, output)
    if denied:
        raise _but_file(denied, file)
    return Exit.OK


def _warn(told: str) -> None:
    tell_lines(wrapped(f"warning: {told}"))


def _file_of(name: str) -> Path:
    return Path(f"kmigrate-checkpoint-{name}.json.gz")


def _refuse_file(path: Path) -> None:
    """Raise UsageError where the file is there, or cannot be made."""
    hint = "name another: --out FILE"
    if path.exists():
        raise UsageError(f"{path}: there is such a file already", hint)
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}", hint)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UsageError(f"{path}: no file can be made in folder {path.parent}", hint)


def _denied(cluster: Cluster, namespace: str, name: str) -> KmigrateError | None:
    """Return what keeps from saving it there. Raise BlockedError for a name that is taken."""
    maps = ObjectRef("v1", "ConfigMap", "", namespace)
    try:
        refuse_lacking(cluster, on(maps, "get", "list", "create"))
    except ForbiddenError as error:
        return error
    if name in {row.name for row in names(cluster, namespace)}:
        raise checkpoints.taken(name)
    return None


def _unfinished(cluster: Cluster, namespace: str) -> str:
    """Return the id of a run that is under way, and warn of it; empty where none is seen."""
    with suppress(ForbiddenError):
        try:
            found = record.runs(cluster, namespace)
        except BlockedError as error:
            _warn(f"{error.message}; whether a run is under way is not told")
            return ""
        for run in found:
            if not run.finished:
                told = f"run {run.head.id} is unfinished ({run.state}): half of its change is in"
                _warn(f"{told} this checkpoint")
                return run.head.id
    return ""


def _stored(cluster: Cluster, namespace: str, made: Made) -> KmigrateError | None:
    """Save it, and clear away what others left; return what kept from it, None if nothing did."""
    try:
        now = checkpoints.store(cluster, namespace, made.row, made.packed)
    except KmigrateError as error:
        return error
    if now:
        with suppress(ApiError):
            checkpoints.sweep(cluster, namespace, now)
    return None


def _but_file(error: KmigrateError, file: Path | None) -> KmigrateError:
    """Return the error with what was saved in spite of it."""
    where = f"it is in {file} alone" if file else "a dry run saves nothing"
    error.message = f"not saved in the cluster: {error.message}\n{where}"
    return error
