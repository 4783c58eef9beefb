"""A saved plan as text: what it holds, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.objects import count
from migrate.operations.classify import Standing
from migrate.operations.stale import difference_lines
from migrate.report.lines import wrapped
from migrate.report.status import NEXT, PlanInCluster, PlanStatus, service_lines

AGAIN = "kmigrate plan    this one is refused"


def plan_status_lines(shown: PlanStatus) -> Iterator[str]:
    """Yield what the file holds, where it stands, and the next command to type."""
    yield f"plan {shown.file}"
    yield from wrapped(f"  {', '.join(shown.images)}")
    yield f"  digest {shown.digest}"
    yield f"  for KServe {shown.release or '(release unknown)'}, namespace {shown.kserve_namespace}"
    if shown.target:
        yield f"  for after the upgrade to KServe {shown.target}"
    yield f"  cluster uid {shown.cluster_uid or '(none: it can be read, not applied)'}"
    yield f"  restarts {count(shown.moving, 'InferenceService')}"
    if shown.blocked_by:
        yield f"  blocked by {', '.join(shown.blocked_by)}"
    yield "  writes:" if shown.writes else "  writes nothing"
    standings = shown.found.standings if shown.found else {}
    for target in shown.writes:
        standing = f"{standings[target]:<8} " if target in standings else ""
        yield f"    {standing}{target}"
    for activation in shown.activations:
        yield f"    {activation}"
    if shown.found:
        yield from _found(shown.found)
    yield f"next: {_next(shown)}"


def _found(found: PlanInCluster) -> Iterator[str]:
    yield f"in {found.cluster}:"
    if found.unfit:
        yield from wrapped(f"  {found.unfit}")
    if found.stale:
        yield "  stale: what has changed since it was made:"
    for one in found.stale:
        yield from (f"  {line}" for line in difference_lines(one))
    for run in found.runs:
        yield f"  run {run.id}  {run.state}"
    if not (found.unfit or found.stale or found.runs):
        yield "  as when it was made; no run has carried it out"
    yield from service_lines(found.services)


def _next(shown: PlanStatus) -> str:
    is_unfit = shown.found is not None and bool(shown.found.unfit)
    if shown.target and not shown.blocked_by and not is_unfit:
        return f"kmigrate plan --to-runtimes --target {shown.target} --render DIR"
    if shown.blocked_by or not shown.cluster_uid:
        return AGAIN
    if not shown.writes and not shown.activations:
        return "kmigrate plan    there is nothing in this one to apply"
    return _next_in(shown.found, shown.file) if shown.found else f"kmigrate apply {shown.file}"


def _next_in(found: PlanInCluster, file: str) -> str:
    if found.runs and not found.runs[-1].state.startswith("rolled back"):
        return NEXT[found.runs[-1].state].format(id=found.runs[-1].id)
    if found.unfit or found.stale:
        return AGAIN
    if _all_applied(tuple(found.standings.values())):
        return "kmigrate plan    all that it writes is there already"
    return f"kmigrate apply {file}"


def _all_applied(standings: Sequence[str]) -> bool:
    return set(standings) == {Standing.APPLIED.value}
