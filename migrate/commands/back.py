"""Taking a run back: asked for by `rollback`, or because an apply failed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import msgspec

from migrate.cluster.port import Cluster
from migrate.commands.approval import refuse_found
from migrate.commands.carry import ON, Control, Job, carry_out
from migrate.commands.comparing import Compared
from migrate.commands.installed import get_all
from migrate.commands.laterrows import overwritten_by
from migrate.commands.naming import unnamed
from migrate.commands.outcome import outcome, prove, unproven
from migrate.commands.output import ON_PIPE, screen_of, tell_lines
from migrate.commands.reading import read_snapshot
from migrate.commands.runs import (
    later_writers,
    leaves_rest,
    plan_of,
    refuse_other_cluster,
    refuse_overtaken,
)
from migrate.commands.telling import Told, telling
from migrate.errors import Exit, InterruptError, KmigrateError, LockedError, MixedStateError
from migrate.execute import record
from migrate.execute.run import Run
from migrate.operations.model import Direction
from migrate.operations.overwritten import values
from migrate.planning.back.across import is_across
from migrate.planning.back.begun import left_out
from migrate.planning.back.copyback import of_namespaces, without
from migrate.planning.back.forcing import forced_by, overruled, with_findings
from migrate.planning.back.rollback import Rollback, plan_rollback
from migrate.planning.check.checks_mixed import refuse_doubled
from migrate.planning.model.findings import accept
from migrate.planning.model.recovery import recovering
from migrate.planning.model.strategy import Scope
from migrate.report.lines import Tone, Toned
from migrate.report.text import rollback_lines


def prepared(
    cluster: Cluster,
    known: Sequence[Run],
    run: Run,
    kserve_version: str,
    *,
    namespaces: Sequence[str] = (),
    forced: Sequence[str] = (),
    accepted: Sequence[str] = (),
    failed: bool = False,
) -> tuple[Job, Rollback]:
    """Plan the way back of a run, or of what it did in these namespaces. Raise what forbids it.

    A run that did not come to its end may have taken pods away: they are awaited. ``forced`` names
    what is taken back though others changed it, ``accepted`` the findings that shall not block it.
    """
    recorded = plan_of(cluster, run)
    made = of_namespaces(recorded, namespaces, run.head.id) if namespaces else recorded
    refuse_other_cluster(cluster, made)
    refuse_overtaken(cluster, known, run, made)
    later = later_writers(cluster, known, run)
    seen = read_snapshot(cluster, run.namespace, kserve_version or made.options.kserve_version)
    refuse_doubled(seen)
    live = get_all(cluster, (op.target for op in made.operations))
    former = overwritten_by(cluster, run, run.under_way)
    over = forced_by(made, live, forced, former, run.head.id)
    plan = overruled(made, live, over)
    back, over = with_findings(plan_rollback(plan, seen, live, later), made, live, over)
    back = msgspec.structs.replace(back, findings=accept(back.findings, accepted))
    waves = back.waves if run.finished and not failed else recovering(plan, back.waves)
    part = without(plan, back.stays)
    if is_across(recorded, seen.rules):
        # The recorded images are those of another release: a run that was stopped is proven by
        # what is to be now as well.
        plan = msgspec.structs.replace(plan, forecast=back.forecast)
    job = Job(
        plan=plan,
        direction=Direction.ROLLBACK,
        waves=waves,
        run=run,
        known=known,
        check=lambda: Compared(back.forecast),
        prove=lambda forecast: prove(cluster, part, Direction.ROLLBACK, forecast, waves),
        leaves_rest=leaves_rest(cluster, recorded, part),
        rehearse=partial(unnamed, cluster) if plan.options.scope is Scope.SERVICE else None,
        forced=[one for one in over if one.value not in values(former)],
        left_out=left_out(recorded, waves),
    )
    return job, back


def carry_and_tell(cluster: Cluster, job: Job, control: Control, told: Told) -> int:
    """Carry the job out, tell what became of it, and return the exit code."""
    with telling(told) as teller:
        end = carry_out(cluster, job, control, teller)
    return outcome(cluster, job, end, told.output)


def apply_or_back(
    cluster: Cluster, job: Job, control: Control, told: Told, kserve_version: str
) -> int:
    """Apply; where that fails once something is written, tell why and take it back at once.

    A signal or a lost Lease is no failure of the change: then nothing more is written. Raise
    MixedStateError where the way back fails, too.
    """
    try:
        with telling(told) as teller:
            end = carry_out(cluster, job, control, teller)
    except MixedStateError as error:
        if isinstance(error.__cause__, LockedError):
            raise
        run = ""
        _tell([Toned(f"error: {error.message}", Tone.ERROR)])
    else:
        if end.whole:
            return outcome(cluster, job, end, told.output)
        run = end.run.head.id
        _tell(unproven(end.results))
    further = replace(told, is_further=True)
    return _back(cluster, job.plan.kserve_namespace, run, control, further, kserve_version)


def _back(
    cluster: Cluster,
    namespace: str,
    name: str,
    control: Control,
    told: Told,
    kserve_version: str,
) -> int:
    """Roll the run of that id back; without one, the one that is unfinished."""
    try:
        known = record.runs(cluster, namespace)
        run = next(r for r in known if (r.head.id == name if name else not r.finished))
        job, back = prepared(cluster, known, run, kserve_version, failed=True)
        screen = screen_of(sys.stderr, ON_PIPE)
        _tell(["", "--rollback-on-failure:", *rollback_lines(run.head.id, back, screen)])
        refuse_found("the rollback", back.findings)
        code = carry_and_tell(cluster, job, control, told)
    except InterruptError:
        raise
    except KmigrateError as error:
        why = f"the apply failed, as told above, and so did its rollback: {error.message}"
        raise MixedStateError(why, error.hint or ON) from error
    if code != Exit.OK:
        return code
    _tell([f"the apply failed, as told above; its rollback is proven: run {run.head.id}"])
    return Exit.ROLLED_BACK


def _tell(lines: Iterable[str]) -> None:
    with suppress(OSError):  # a reader who has gone must not stop the way back
        tell_lines(lines, screen_of(sys.stderr, ON_PIPE))
