"""kmigrate status CHECKPOINT: what it holds, and what of it differs now."""

from __future__ import annotations

from pathlib import Path

from migrate.cluster.port import Cluster
from migrate.commands.asking import answered
from migrate.commands.checkpointfiles import load_contents
from migrate.commands.checkpoints import contents_of, find, refuse_other_cluster
from migrate.commands.flags import Output
from migrate.commands.longwork import long_work
from migrate.commands.making import uncollected
from migrate.commands.noting import RUNTIMES, Noting
from migrate.commands.output import emit_document, emit_lines
from migrate.commands.reading import read_snapshot, workload_images
from migrate.commands.target import Target
from migrate.errors import BlockedError, Exit, StaleError
from migrate.execute.checkpoints import CheckpointRow
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.planning.former.sincecheckpoint import digest_of, since, unseen
from migrate.planning.model.checkpoint import Contents
from migrate.report.checkpoints import (
    CheckpointStatus,
    SinceCheckpoint,
    checkpoint_lines,
    line_of,
    overrides_of,
)
from migrate.report.runstatus import StatusDocument


def checkpoint_status(cluster: Cluster, namespace: str, name: str, output: Output) -> int:
    """Show a checkpoint of the cluster, and what differs there now. Raise as checkpoints.read."""
    row = find(cluster, namespace, name)
    contents = contents_of(cluster, namespace, row)
    _show(_status(name, row, contents, _compared(cluster, contents)), output)
    return Exit.OK


def file_status(path: Path, target: Target | None, output: Output) -> int:
    """Show a checkpoint's file, and where there is a cluster what differs there now.

    A cluster that cannot be asked does not keep from what the file says; the exit code is
    then that of its error.
    """
    contents = load_contents(path)
    found, code = answered(target, lambda cluster: _compared(cluster, contents))
    _show(_status(str(path), _row(contents), contents, found), output)
    return code


def _row(contents: Contents) -> CheckpointRow:
    return CheckpointRow(
        name=contents.name,
        created=contents.created,
        release=contents.release,
        services=len(contents.meanings),
        runtimes=len(contents.runtimes),
        unresolved=sum(one.resolved is None for one in contents.meanings),
        operator=contents.operator,
        version=contents.version,
        cluster_uid=contents.cluster_uid,
    )


def _status(
    name: str, row: CheckpointRow, contents: Contents, found: SinceCheckpoint | None
) -> CheckpointStatus:
    return CheckpointStatus(
        checkpoint=name,
        kserve_namespace=contents.kserve_namespace,
        line=line_of(row),
        overrides=overrides_of(contents),
        unfinished=contents.unfinished,
        found=found,
    )


def _show(shown: CheckpointStatus, output: Output) -> None:
    if output is Output.TABLE:
        emit_lines(checkpoint_lines(shown))
    else:
        emit_document(StatusDocument(checkpoint=shown), output)


def _compared(cluster: Cluster, contents: Contents) -> SinceCheckpoint:
    """Ask the cluster; one that the checkpoint is not of has nothing else to say."""
    runtimes: dict[ObjectRef, str] = {}

    def note(manifest: Manifest) -> None:
        runtimes[ref_of(manifest)] = digest_of(manifest)

    noting = Noting(cluster, note, RUNTIMES)
    try:
        refuse_other_cluster(contents, cluster)
        with long_work("reading the cluster, and comparing"), uncollected():
            snapshot = read_snapshot(noting, contents.kserve_namespace, "")
            noting.note_rest()
        missing = unseen(contents, snapshot)
        images = workload_images(cluster, missing) if missing else {}
    except (BlockedError, StaleError) as error:
        return SinceCheckpoint(cluster.name, unfit=error.message)
    release = str(snapshot.release or "")
    return SinceCheckpoint(cluster.name, release, since=since(contents, snapshot, runtimes, images))
