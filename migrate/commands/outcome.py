"""The end of a run: proving it, telling it, and the exit code that follows."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from migrate.cluster.port import Cluster
from migrate.commands.carry import End, Job
from migrate.commands.flags import Output
from migrate.commands.installed import get_all
from migrate.commands.output import ON_PIPE, emit_document, emit_lines, screen_of, tell_lines
from migrate.commands.reading import workload_fields, workload_images
from migrate.commands.telling import tell_nothing
from migrate.errors import Exit
from migrate.operations.model import Direction, Wave
from migrate.planning.change.proof import (
    Result,
    prove_objects,
    prove_services,
    prove_settings,
    settings_in,
    together,
)
from migrate.planning.former.restoreproof import prove_former
from migrate.planning.model.desired import Activate
from migrate.planning.model.plan import Forecast, Plan
from migrate.report.lines import Tone, Toned, fitted
from migrate.report.result import RunResult, result_lines, rows_of


def prove(
    cluster: Cluster,
    plan: Plan,
    direction: Direction,
    forecast: Sequence[Forecast],
    waves: Sequence[Wave],
) -> list[Result]:
    """Read everything again and compare it with what was to be reached.

    Where no controller acts, images are not looked at: nothing can have changed them.
    """
    live = get_all(cluster, (op.target for op in plan.operations))
    results = list(prove_objects(plan, direction, live))
    if cluster.controllers_act:
        images = workload_images(cluster, (row.workload for row in forecast if row.workload))
        awaited = settings_in(waves)
        found = workload_fields(cluster, awaited)
        services: Sequence[Result] = prove_services(plan, forecast, direction, images)
        if plan.options.checkpoint and direction is Direction.APPLY:
            services = list(prove_former(forecast, images))
        settings = prove_settings(forecast, direction, awaited, found)
        results.extend(together(services, settings))
    return results


def outcome(cluster: Cluster, job: Job, end: End, output: Output) -> int:
    """Print each result with its reason, and return the exit code."""
    is_dry = not cluster.controllers_act
    if output is Output.TABLE:
        screen = screen_of(sys.stdout, ON_PIPE)
        emit_lines(result_lines(end.results, screen), screen)
    elif output is not Output.JSONL:
        run, whole = end.run.head.id, end.whole
        _emit(output, job.direction, end.results, run=run, whole=whole, dry_run=is_dry)
    if is_dry:
        print("dry run: no controller acted, so no image was awaited", file=sys.stderr)
    if job.plan.options.activate is Activate.NONE:
        print(
            "--activate=none: nothing was woken; who is to move does so at its next reconcile",
            file=sys.stderr,
        )
    if not end.whole:
        screen = screen_of(sys.stderr)
        lines = unproven(end.results, is_dry=is_dry)
        tell_lines((p for line in lines for p in fitted(line, screen)), screen)
        tell_lines([] if is_dry else ["next: kmigrate status"])
    return Exit.OK if end.whole else Exit.MIXED


def nothing(direction: Direction, why: str, output: Output, json_into: Path | None = None) -> int:
    """Say that there is nothing to do, and return the exit code of that."""
    tell_nothing(direction, output, json_into)
    if output is Output.TABLE:
        emit_lines([why])
    elif output is not Output.JSONL:
        _emit(output, direction, [])
    return Exit.OK


def _emit(
    form: Output,
    direction: Direction,
    results: Sequence[Result],
    *,
    run: str = "",
    whole: bool = True,
    dry_run: bool = False,
) -> None:
    """Write a RunResult; ``whole`` tells whether everything was reached."""
    document = RunResult(
        direction=direction, run=run, dry_run=dry_run, whole=whole, results=rows_of(results)
    )
    emit_document(document, form)


def unproven(results: Sequence[Result], *, is_dry: bool = False) -> Iterator[str]:
    """Yield what was not reached, or in a dry run would not be."""
    was = "would not be" if is_dry else "was not"
    yield Toned(f"error: the end {was} reached everywhere:", Tone.ERROR)
    bad = [f"  {r.subject}: {r.text}" for r in results if not r.holds]
    yield from bad or ["  what others changed was kept, as told above"]
