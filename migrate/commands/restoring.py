"""Rolling back to a checkpoint: a run of its own, gone on with and taken back like any."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shlex import quote

import typer
from msgspec import UNSET

from migrate.cluster.port import Cluster
from migrate.commands.across import continued
from migrate.commands.approval import approve, refuse_blocked
from migrate.commands.back import carry_and_tell
from migrate.commands.carry import Control
from migrate.commands.checkpointfiles import is_checkpoint, load
from migrate.commands.checkpoints import names, read, refuse_other_cluster
from migrate.commands.comparing import compare
from migrate.commands.flags import DEFAULT_NAMESPACE, DryRun
from migrate.commands.following import tell_after_trial
from migrate.commands.forward import forward
from migrate.commands.longwork import long_work
from migrate.commands.making import uncollected
from migrate.commands.outcome import nothing
from migrate.commands.output import ON_PIPE, screen_of, tell_lines
from migrate.commands.places import with_places
from migrate.commands.reading import read_snapshot
from migrate.commands.runs import refuse_elsewhere, resumable
from migrate.commands.telling import Told
from migrate.errors import UsageError
from migrate.execute import record
from migrate.execute.run import Run
from migrate.objects import count
from migrate.operations.model import Direction
from migrate.planning.former.restore import plan_restore
from migrate.planning.model.checkpoint import Checkpoint
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Strategy
from migrate.report.restore import restore_lines
from migrate.report.text import changing

HELP = "kmigrate rollback --help"
DAMAGED = "its file has the same: kmigrate rollback {}; without it: kmigrate plan --from-history"


@dataclass(frozen=True)
class Asked:
    """The flags of a rollback to a checkpoint; of a run only ``accept`` is one."""

    keep_runtimes: bool
    take_ownership: bool
    accept: Sequence[str]

    def options(self, name: str, kserve_version: str) -> Options:
        """Return what they ask for; ``name`` is what a person calls the checkpoint."""
        return Options(
            strategy=Strategy.RESTORE,
            checkpoint=name,
            take_ownership=self.take_ownership,
            accept=tuple(sorted(set(self.accept))),
            kserve_version=kserve_version,
            keep_runtimes=self.keep_runtimes or UNSET,
        )

    def refuse(self) -> None:
        """Raise UsageError where one of them is given, and a run is rolled back."""
        for flag, given in (
            ("--keep-runtimes", self.keep_runtimes),
            ("--take-ownership", self.take_ownership),
        ):
            if given:
                raise UsageError(f"{flag}: only with a CHECKPOINT; this rolls a run back", HELP)


def refuse_of_runs(namespaces: Sequence[str], forced: Sequence[str]) -> None:
    """Raise UsageError for a flag that is of runs alone: a checkpoint is of the whole cluster."""
    for flag, given in (("--namespace", namespaces), ("--force-field", forced)):
        if given:
            raise UsageError(f"{flag}: only with a RUN; this rolls back to a checkpoint", HELP)


def checkpoint_of(
    cluster: Cluster, namespace: str, name: str, known: Sequence[Run]
) -> Checkpoint | None:
    """Return the checkpoint of that name, or in that file; None where a run is meant, or none.

    Raise UsageError or BlockedError where it cannot be read.
    """
    if not name or any(run.head.id == name for run in known):
        return None
    if is_checkpoint(Path(name)):
        found = load(Path(name))
        if namespace not in (DEFAULT_NAMESPACE, found.kserve_namespace):
            place = found.kserve_namespace
            raise UsageError(f"{name} is for --kserve-namespace {place}", "leave the flag out")
        return found
    saved = {row.name for row in names(cluster, namespace)}
    if name in saved:
        return read(cluster, namespace, name, DAMAGED)
    if Path(name).is_file():
        backup = f"a backup of kubectl is for kmigrate plan --from-checkpoint {quote(name)}"
        raise UsageError(f"{name}: expected a checkpoint, found another file", backup)
    return None


def restore(
    called: typer.Context,
    cluster: Cluster,
    checkpoint: Checkpoint,
    options: Options,
    control: Control,
    told: Told,
    *,
    dry_run: DryRun,
    yes: bool,
) -> int:
    """Bring the cluster back to the checkpoint; return the exit code. Raise what forbids it."""
    refuse_other_cluster(checkpoint, cluster)
    known = record.runs(cluster, checkpoint.kserve_namespace)
    run, made = resumable(cluster, known, options, None)
    if made is None:
        made = _planned(cluster, checkpoint, options)
        refuse_elsewhere(cluster, made, options.kserve_version)
    else:
        made = continued(cluster, made, options.kserve_version)
    screen = screen_of(sys.stderr, ON_PIPE)
    if run:
        tell_lines([f"run {run.head.id} is unfinished; this goes on with its plan:"], screen)
    tell_lines(restore_lines(made, checkpoint, cluster.name, screen), screen)
    if not made.has_work:
        why = f"nothing to roll back: all that can be written is as at {options.checkpoint}"
        return nothing(Direction.APPLY, why, told.output, told.json_into)
    refuse_blocked(made)
    _approve(cluster, made, yes=yes or dry_run is not DryRun.NONE)
    is_tried = dry_run is not DryRun.CLIENT
    check = partial(compare, cluster, made, options.kserve_version)
    job = forward(cluster, made, run, known, check, is_tried=is_tried)
    code = carry_and_tell(cluster, job, control, told)
    tell_after_trial(called, "rollback", dry_run, code)
    return code


def _planned(cluster: Cluster, checkpoint: Checkpoint, options: Options) -> Plan:
    with long_work("reading the cluster, and planning"), uncollected():
        seen = read_snapshot(cluster, checkpoint.kserve_namespace, options.kserve_version)
        return with_places(cluster, plan_restore(seen, checkpoint, options), seen)


def _approve(cluster: Cluster, made: Plan, *, yes: bool) -> None:
    restarting = count(changing(made.forecast), "InferenceService")
    where = f"to checkpoint {made.options.checkpoint} on {cluster.name}"
    approve(f"Roll back {where}, restarting {restarting}.", yes=yes)
