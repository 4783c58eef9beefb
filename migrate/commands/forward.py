"""What an apply carries out: a plan in its own direction, compared before and proven after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from migrate.cluster.port import Cluster
from migrate.commands.carry import Job
from migrate.commands.comparing import Compared
from migrate.commands.creation import trials
from migrate.commands.outcome import prove
from migrate.execute.run import Run
from migrate.operations.model import Direction, Wave
from migrate.planning.model.plan import Plan


def forward(
    cluster: Cluster,
    made: Plan,
    run: Run | None,
    known: Sequence[Run],
    check: Callable[[], Compared],
    *,
    is_tried: bool,
) -> Job:
    """Return the job; ``check``: see carry.Job.

    ``is_tried``: what it creates is sent with a dry run before all writes.
    """
    waves = made.waves(Direction.APPLY)
    job = Job(
        plan=made,
        direction=Direction.APPLY,
        waves=waves,
        run=run,
        known=known,
        check=check,
        prove=lambda forecast: prove(cluster, made, Direction.APPLY, forecast, waves),
    )
    begun = run is not None and bool(run.written)
    # What is in the way of a ClusterServingRuntime goes right before that is made.
    near = [Wave(tuple(op for op in wave.operations if op.target.namespace)) for wave in waves]
    return replace(job, trials=partial(trials, cluster, near, begun=begun)) if is_tried else job
