"""Asking the cluster where each service of a run stands now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from migrate.cluster.port import Cluster
from migrate.commands.installed import get_or_none
from migrate.commands.reading import read_snapshot
from migrate.commands.states import model_troubles
from migrate.errors import ApiError, BlockedError, ForbiddenError
from migrate.execute.causes import Around, troubles_of
from migrate.execute.lease import API_VERSION, NAME
from migrate.execute.rollout import is_rolled_out
from migrate.execute.run import Run
from migrate.execute.troubles import Trouble, Weight
from migrate.kserve.resolution import Verdict
from migrate.objects import ObjectRef, ref_of, value_at
from migrate.operations.classify import Standing
from migrate.planning.back.outcomes import Journey, Seen, ServiceOutcome, concerned, outcomes
from migrate.planning.check.checks_mixed import doubled
from migrate.planning.model.plan import Forecast, Plan
from migrate.planning.world.forecast import World, forecast
from migrate.planning.world.worlds import world_of

LOOKED = 20
"""How many services that are not ready are looked into for the cause: each costs requests."""
LATE = "ProgressDeadlineExceeded"
UNTOLD = (Verdict.NOT_RECONCILED, Verdict.CANNOT_TELL)


def services_of_run(
    cluster: Cluster, run: Run, plan: Plan, standings: Mapping[ObjectRef, Standing]
) -> tuple[tuple[ServiceOutcome, ...], str]:
    """Return the services of a run in its words, and what limits that can be said; or why none."""
    if not (rows := concerned(plan)):
        return (), ""
    try:
        snapshot = read_snapshot(cluster, run.namespace, plan.options.kserve_version)
        if snapshot.rules is None:
            release = snapshot.release or "(release unknown)"
            return (), f"KServe {release} runs now: what it makes of a service is not known"
        now = world_of(snapshot, snapshot.rules)
    except (BlockedError, ForbiddenError) as error:
        return (), f"nothing can be told of the services: {error.message}"
    found = {row.service: row for row in forecast(now, now, now, snapshot.workloads)}
    mine = [found[row.service] for row in rows if row.service in found]
    seen = dict(_seen(cluster, now, mine))
    journey = _journey(cluster, run)
    double = (one.text for one in doubled(snapshot))
    limits = (*snapshot.doubts, *double, *_limits(now, rows))
    return tuple(outcomes(plan, journey, standings, seen)), "; ".join(limits)


def _limits(now: World, rows: Iterable[Forecast]) -> Iterator[str]:
    if not now.rules.reports_runtime and any(row.runtime_after_plan for row in rows):
        yield (
            f"KServe {now.rules.name} does not report which runtime a service uses: "
            "told by its image, and by what its next reconcile gives"
        )


def _seen(
    cluster: Cluster, now: World, rows: Iterable[Forecast]
) -> Iterator[tuple[ObjectRef, Seen]]:
    rows = list(rows)
    rolled_out = _rolled_out(cluster, {row.workload for row in rows if row.workload})
    around, looked = Around(cluster), 0
    for row in rows:
        is_out = rolled_out.get(row.workload, False) if row.workload else False
        is_ready = now.shape(row.service).status.is_ready
        troubles: list[Trouble] = []
        if not (is_out and is_ready) and row.workload in rolled_out and looked < LOOKED:
            looked += 1
            troubles = _troubles(around, row)
        yield row.service, _one(now, row, is_ready=is_ready, is_out=is_out, troubles=troubles)


def _one(
    now: World, row: Forecast, *, is_ready: bool, is_out: bool, troubles: list[Trouble]
) -> Seen:
    found, status = now.shared(row.service), now.shape(row.service).status
    causes = [one for one in troubles if one.reason != LATE]
    names = (status.serving_runtime_name, status.cluster_serving_runtime_name)
    is_told = found.verdict not in UNTOLD
    return Seen(
        gets=(row.runtime, row.after_reconcile) if is_told else None,
        lacks=row.changes,
        alone=found.reason if found.verdict is Verdict.NOT_RECONCILED else "",
        broken=found.reason if found.verdict is Verdict.BROKEN else "",
        runs=row.now,
        reports=names if now.rules.reports_runtime else None,
        is_rolled_out=is_out,
        is_ready=is_ready,
        trouble=str((causes or troubles)[0]) if troubles else "",
        is_late=bool(troubles) and not causes,
    )


def _rolled_out(cluster: Cluster, wanted: set[ObjectRef]) -> dict[ObjectRef, bool]:
    """Tell of each of these workloads that is there whether its newest pods are ready."""
    kinds = sorted({(ref.api_version, ref.kind) for ref in wanted})
    every = (one for kind in kinds for one in cluster.list(*kind, dict))
    return {ref: is_rolled_out(one) for one in every if (ref := ref_of(one)) in wanted}


def _troubles(around: Around, row: Forecast) -> list[Trouble]:
    """Return what will not pass by itself: of the pods, and in the words of KServe."""
    assert row.workload is not None
    found = troubles_of(around, row.workload)
    try:
        service = get_or_none(around.cluster, row.service)
    except ApiError:
        service = None
    found += model_troubles(service) if service else ()
    return [one for one in found if _stays(one)]


def _stays(trouble: Trouble) -> bool:
    is_repeated = trouble.weight is Weight.REPEATED and trouble.attempts >= trouble.limit
    return trouble.weight is Weight.CERTAIN or is_repeated


def _journey(cluster: Cluster, run: Run) -> Journey:
    last = run.journal[-1]
    intent = last.wave if last.event == "intent" else -1
    is_at_work = not run.finished and _holds_lease(cluster, run)
    started = [entry for entry in run.under_way if entry.event == "started"]
    left_out = started[-1].left_out if started else ()
    return Journey(run.direction, run.finished, intent, is_at_work, left_out)


def _holds_lease(cluster: Cluster, run: Run) -> bool:
    """Tell whether the process that wrote last still keeps its Lease."""
    try:
        lease = get_or_none(cluster, ObjectRef(API_VERSION, "Lease", NAME, run.namespace))
    except ApiError:
        return False
    if lease is None or value_at(lease, "/spec/holderIdentity") != run.journal[-1].holder:
        return False
    seconds = float(value_at(lease, "/spec/leaseDurationSeconds") or 0)
    try:
        renewed = datetime.fromisoformat(str(value_at(lease, "/spec/renewTime")))
    except ValueError:
        return False
    return (datetime.now(UTC) - renewed).total_seconds() < seconds
