"""Checks of what it takes to restart the services that a plan moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from migrate.kserve.rollouts import MEMORY
from migrate.objects import ObjectRef
from migrate.planning import findings as codes
from migrate.planning.case import Case
from migrate.planning.desired import Activate, Options
from migrate.planning.findings import as_warning, finding
from migrate.planning.plan import MOVING, Finding, Forecast

GIB = 2**30


def capacity(case: Case, options: Options) -> Iterator[Finding]:
    """Find what the nodes must hold beside what runs now, while the services restart."""
    rows = _restarting(case, options)
    pods = sum(row.rollout.surge for row in rows if row.rollout)
    if not pods:
        return
    total = surge_of(rows)
    users = [row.service for row in rows if row.rollout and _devices(row.rollout.per_pod)]
    text = f"up to {pods} pods run beyond those of now while {len(rows)} services restart"
    asked = f", and request {told(total)}" if total else ""
    fix = "make room, or use --activate=each: where a node lacks it, a new pod waits"
    found = finding(codes.CAPACITY, text + asked, fix, users)
    yield as_warning(found) if users else found


def surge_of(rows: Iterable[Forecast]) -> dict[str, int]:
    """Return what the pods request that run beyond those of now, if all restart at one time."""
    total: Counter[str] = Counter()
    for row in rows:
        if row.rollout:
            surge = row.rollout.surge
            total.update({name: n * surge for name, n in row.rollout.per_pod.items()})
    return dict(sorted(total.items()))


def told(amounts: Mapping[str, int]) -> str:
    """Return amounts for a person: the devices, then the memory."""
    parts = [f"{number} {name}" for name, number in amounts.items() if name != MEMORY]
    if amounts.get(MEMORY):
        parts.append(f"{amounts[MEMORY] / GIB:.1f} GiB of memory")
    return " and ".join(parts)


def _devices(per_pod: Mapping[str, int]) -> bool:
    return any(name != MEMORY for name in per_pod)


def _restarting(case: Case, options: Options) -> list[Forecast]:
    if not options.images or options.activate is Activate.NONE:
        return []
    return [row for row in case.rows if row.outlook in MOVING and row.rollout]


def asleep(case: Case, options: Options) -> Iterator[Finding]:
    """Find who may sleep (minReplicas 0), and gets a pod all the same."""
    rows = _restarting(case, options)
    woken = [r.service for r in rows if r.rollout and r.rollout.sleeps and r.rollout.pods]
    if woken:
        text = "minReplicas 0: each gets a pod all the same, to show that its new Revision works"
        yield finding(codes.ASLEEP, text, objects=woken)


def interrupted(case: Case, options: Options) -> Iterator[Finding]:
    """Find who has no pod left while it restarts."""
    rows = _restarting(case, options)
    gone = [r.service for r in rows if r.rollout and 0 < r.rollout.pods <= r.rollout.unavailable]
    if gone:
        text = "their strategy takes all pods away before new ones come: they do not answer then"
        fix = "from KServe 0.13 on: spec.predictor.deploymentStrategy with a maxSurge"
        yield finding(codes.INTERRUPTED, text, fix, gone)


def budgets(case: Case, options: Options) -> Iterator[Finding]:
    """Find PodDisruptionBudgets that a rollout breaks: only evictions heed them."""
    if case.snapshot.budgets is None:
        if _restarting(case, options):
            text = "PodDisruptionBudgets may not be listed: whether one is broken is not known"
            yield finding(codes.BUDGET, text, "kubectl auth can-i list poddisruptionbudgets -A")
        return
    allowed = {one.ref: one.status.disruptions_allowed for one in case.snapshot.budgets}
    broken: dict[ObjectRef, list[ObjectRef]] = {}
    for row in _restarting(case, options):
        running = case.snapshot.workloads.get(row.workload) if row.workload else None
        for budget in running.budgets if running else ():
            if row.rollout and row.rollout.unavailable > allowed[budget]:
                broken.setdefault(budget, []).append(row.service)
    for budget, services in sorted(broken.items(), key=lambda item: item[0].place):
        text = (
            f"{budget} allows {allowed[budget]} disruptions; a rollout does not heed it, and "
            "takes more pods away at one time"
        )
        fix = "from KServe 0.13 on: spec.predictor.deploymentStrategy with maxUnavailable 0"
        yield finding(codes.BUDGET, text, fix, services)
