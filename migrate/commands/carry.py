"""Carrying out a plan in a direction, under the Lease, from the record to the proof."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from migrate import __version__
from migrate.cluster.port import Cluster
from migrate.commands.access import refuse_denied
from migrate.commands.comparing import Compared
from migrate.commands.signals import stoppable
from migrate.commands.states import is_of_service, model_troubles
from migrate.errors import (
    Exit,
    InterruptError,
    KmigrateError,
    MixedStateError,
    StaleError,
)
from migrate.execute import chunks, record
from migrate.execute.clock import SystemClock
from migrate.execute.engine import Engine
from migrate.execute.events import Event, Proven, Started
from migrate.execute.lease import Lease
from migrate.execute.run import Head, Run
from migrate.execute.trial import Rehearse, Trials
from migrate.objects import ObjectRef, canonical, count, sha256
from migrate.operations.model import Direction, Wave
from migrate.operations.overwritten import Overwritten
from migrate.planning.back.begun import Span
from migrate.planning.back.summary import asked
from migrate.planning.change.proof import Result, excused
from migrate.planning.model.plan import Forecast, Plan
from migrate.planning.world.copies import stamped

ON = "kmigrate apply goes on, kmigrate rollback goes back, kmigrate status shows where it stands"

AGAIN = "the same command again"


@dataclass(frozen=True)
class Control:
    """The flags that say how to go about it. All times are in seconds.

    ``parallelism`` is how many writes go on at once; more than ``qps`` would only wait longer
    between a look at the Lease and the write.
    """

    timeout: float
    lease_duration: int
    lock_timeout: float | None
    parallelism: int = 1
    qps: int = 0

    @property
    def workers(self) -> int:
        """How many threads write."""
        return min(self.parallelism, self.qps or self.parallelism)


class Teller(Protocol):
    """Who is told what happens."""

    def tell(self, event: Event) -> None:
        """Take one event."""
        ...


@dataclass(frozen=True)
class Job:
    """What is to be carried out. ``run`` is its record, None where there is none yet.

    ``known`` are the runs that were there when it was decided; ``check`` raises StaleError
    where the plan does not hold any more, and else returns what holds now; ``prove`` tells what
    of that forecast was reached. ``leaves_rest`` tells that a part of the run is not touched, and
    still stands at the end. ``trials``: see trial.Trials; ``rehearse``: see trial.Rehearse.
    ``forced`` is what others set, and what is written over all the same. ``left_out``: see
    begun.left_out.
    """

    plan: Plan
    direction: Direction
    waves: Sequence[Wave]
    run: Run | None
    known: Sequence[Run]
    check: Callable[[], Compared]
    prove: Callable[[Sequence[Forecast]], list[Result]]
    leaves_rest: bool = False
    rehearse: Rehearse | None = None
    trials: Trials = lambda _absent: ()
    forced: Sequence[Overwritten] = ()
    left_out: tuple[Span, ...] = ()


@dataclass(frozen=True)
class End:
    """How it ended: the run, what was proven, and whether that is all."""

    run: Run
    results: Sequence[Result]
    whole: bool


def carry_out(cluster: Cluster, job: Job, control: Control, console: Teller) -> End:
    """Do it. Raise what stopped it, as MixedStateError once something was written."""
    refuse_denied(cluster, job.plan.kserve_namespace, job.waves, control.workers)
    with stoppable() as stop:
        clock = SystemClock(stop)
        lease = Lease(
            cluster,
            job.plan.kserve_namespace,
            holder(),
            clock,
            duration=control.lease_duration,
            timeout=control.lock_timeout,
        )
        keep_foreign = job.direction is Direction.ROLLBACK
        engine = Engine(cluster, lease, clock, console.tell, control.timeout, keep_foreign)
        engine.states, engine.may_be_gone = model_troubles, is_of_service
        engine.parallelism = control.workers
        engine.rehearse = job.rehearse or engine.rehearse
        try:
            engine.insist(lease.ref, lambda: lease.acquire(console.tell))
            return _under_lease(engine, job)
        except KmigrateError as error:
            raise _with_state(error, engine, job) from error
        finally:
            _give_up(lease)


def _under_lease(engine: Engine, job: Job) -> End:
    namespace = job.plan.kserve_namespace
    _refuse_news(record.runs(engine.cluster, namespace), job.known)
    # From here on it is our run: what the stopped process wrote is as good as written by us.
    engine.written = job.run.written if job.run else 0
    compared = job.check() if not engine.written else Compared(job.plan.forecast)
    engine.sealed = compared.sealed
    engine.preflight(job.waves)
    engine.ask_all(job.trials(engine.absent))
    record.sweep(engine.cluster, namespace)
    if job.run:
        run = engine.start(job.run, job.direction, job.forced, job.left_out)
    else:
        job, run = _begin(engine, job)
    resumed = job.run is not None and job.run.state == f"unfinished {job.direction}"
    engine.tell(Started(run.head.id, job.direction, resumed))
    try:
        run = engine.execute(run, job.direction, job.waves, resumed=resumed)
    except KmigrateError:
        if job.run is None and not engine.written:
            _close(engine, run)
        raise
    results = excused(job.prove(compared.forecast), engine.impossible)
    for result in results:
        engine.tell(Proven(str(result.subject), result.holds, result.text, result.changed))
    whole = all(result.holds for result in results) and not engine.kept
    run = engine.finish(run, job.direction, whole=whole and not job.leaves_rest)
    return End(run, results, whole)


def _close(engine: Engine, run: Run) -> None:
    """Mark a run that wrote nothing as rolled back: there is nothing to go on with."""
    with suppress(KmigrateError):
        runs = record.runs(engine.cluster, run.namespace)
        latest = next(r for r in runs if r.head.id == run.head.id)
        entry = engine.entry("finished", Direction.ROLLBACK)
        record.append(engine.cluster, latest, entry)


def _begin(engine: Engine, job: Job) -> tuple[Job, Run]:
    """Record a new run; return it, with the job whose creates bear its name."""
    now = engine.clock.now()
    name = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    made = stamped(job.plan, name)
    job = replace(job, plan=made, waves=made.waves(job.direction))
    payload = canonical(made)
    head = Head(
        id=name,
        digest=sha256(payload),
        chunks=len(chunks.split(payload)),
        started=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        operator=engine.lease.holder,
        version=__version__,
        summary=", ".join(asked(made.options)),
    )
    engine.guard()
    first = engine.entry("started", job.direction)
    namespace = job.plan.kserve_namespace
    ref = ObjectRef("v1", "ConfigMap", record.name_of(name, 0), namespace)
    create = record.create
    run = engine.insist(ref, lambda: create(engine.cluster, namespace, head, payload, first))
    return job, run


def _refuse_news(now: Sequence[Run], known: Sequence[Run]) -> None:
    """Another operator may have been at work while this one was planning or asking."""
    news = [run for run in now if run not in known]
    if news or len(now) != len(known):
        found = ", ".join(f"run {r.head.id} is {r.state} now" for r in news) or "a run was deleted"
        raise StaleError(f"another operator was at work meanwhile: {found}", "kmigrate status")


def _with_state(error: KmigrateError, engine: Engine, job: Job) -> KmigrateError:
    """Once something was written, that matters more than what stopped it."""
    if isinstance(error, InterruptError):
        # What a dry run wrote to a copy is gone with it.
        is_kept = engine.written and engine.cluster.controllers_act
        return InterruptError(Exit(error.code), error.message, ON if is_kept else AGAIN)
    if not engine.written:
        return error
    since = " (some of them by the process that was stopped before)" if job.run else ""
    done = count(engine.written, "write")
    return MixedStateError(f"stopped after {done}{since}: {error.message}", ON)


def _give_up(lease: Lease) -> None:
    try:
        lease.release()
    except KmigrateError:
        return  # it expires by itself; the error that matters is the one being raised


def holder() -> str:
    """Return who we are: user, host, process, and a number that tells two processes apart."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
