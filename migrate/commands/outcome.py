"""The end of a run: what was proven, and the exit code that follows from it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec

from migrate.cluster.port import Cluster
from migrate.commands.carry import Job
from migrate.commands.flags import Output
from migrate.commands.output import emit
from migrate.commands.reading import get_or_none, workload_images
from migrate.errors import Exit
from migrate.execute.engine import Engine
from migrate.objects import canonical
from migrate.planning.plan import Forecast
from migrate.planning.proof import Result, prove_objects, prove_services


def outcome(
    cluster: Cluster, job: Job, engine: Engine, forecast: Sequence[Forecast], output: Output
) -> int:
    """Print each result with its reason, and return the exit code."""
    live = {op.target: get_or_none(cluster, op.target) for op in job.plan.operations}
    results = list(prove_objects(job.plan, job.direction, live))
    if cluster.controllers_act:
        images = workload_images(cluster, (row.workload for row in forecast if row.workload))
        results.extend(prove_services(forecast, job.direction, images))
    _print(job, results, output)
    if not cluster.controllers_act:
        print("dry run: no controller acted, so no image was awaited", file=sys.stderr)
    is_whole = all(result.holds for result in results) and not engine.kept
    if not is_whole:
        print(_mixed(results), file=sys.stderr)
    return Exit.OK if is_whole else Exit.MIXED


def _print(job: Job, results: Sequence[Result], output: Output) -> None:
    if output is Output.JSON:
        document = {
            "apiVersion": job.plan.api_version,
            "kind": "RunResult",
            "direction": job.direction,
            "results": [{**msgspec.to_builtins(r), "subject": str(r.subject)} for r in results],
        }
        emit(msgspec.json.format(canonical(document), indent=2).decode() + "\n")
        return
    shown = [r for r in results if r.changed or not r.holds]
    emit("".join(f"{'ok' if r.holds else 'NOT OK'}  {r.subject}  {r.text}\n" for r in shown))
    if len(shown) < len(results):
        emit(f"ok  {len(results) - len(shown)} other InferenceService(s) run what they ran\n")


def _mixed(results: Sequence[Result]) -> str:
    bad = [r for r in results if not r.holds]
    lines = [f"  {r.subject}: {r.text}" for r in bad]
    return (
        "error: the end was not reached everywhere:\n"
        + "\n".join(lines)
        + ("\nnext: kmigrate status")
    )
