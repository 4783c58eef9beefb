"""Checks of what it takes to restart the services that a plan moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from migrate.kserve import terms
from migrate.kserve.rollouts import MEMORY
from migrate.objects import ObjectRef, count
from migrate.planning.model import codes
from migrate.planning.model.desired import Activate, Options
from migrate.planning.model.findings import as_warning, finding
from migrate.planning.model.plan import Finding, Forecast, Stage
from migrate.planning.world.activation import acts_at_once
from migrate.planning.world.case import Case
from migrate.planning.world.restarts import has_restart

GIB = 2**30
PODS = "pods"


def capacity(case: Case, options: Options) -> Iterator[Finding]:
    """Find what the nodes must hold beside what runs now, while the services restart."""
    rows = _restarting(case, options)
    peak, waves = _peak(case, rows)
    pods = peak.pop(PODS, 0)
    if not pods:
        return
    users = [row.service for row in rows if row.rollout and _devices(row.rollout.per_pod)]
    how = f", woken {_longest(case)} at a time" if waves > 1 else ""
    text = (
        f"up to {count(pods, 'more pod')} during the restart of {count(len(rows), 'service')}{how}"
    )
    asked = f", requesting {told(peak)}" if peak else ""
    if users:
        yield as_warning(finding(codes.CAPACITY, text + asked, _room(case), users))
    else:
        yield finding(codes.CAPACITY, text + asked)


def _longest(case: Case) -> int:
    return max(len(_reached(case, stage)) for stage in case.stages)


def _reached(case: Case, stage: Stage) -> list[ObjectRef]:
    """Return the services that a stage has reconciled: it wakes them, or writes them."""
    written = (case.written[at] for at in stage.operations)
    services = [ref for ref in written if ref.kind == terms.INFERENCE_SERVICE]
    woken = [act.target for act in stage.activations]
    return [*services, *(ref for ref in woken if ref not in services)]


def _room(case: Case) -> str:
    waves = "" if _in_waves(case) or _by_edit(case) else ", or use --activate=each"
    return f"make room{waves}: where a node lacks it, a new pod waits"


def _by_edit(case: Case) -> bool:
    return acts_at_once(case.written, case.rules)


def _in_waves(case: Case) -> bool:
    """Tell whether nothing but a wake restarts a service."""
    return not has_restart(case.activations) and not _by_edit(case)


def _peak(case: Case, rows: Sequence[Forecast]) -> tuple[dict[str, int], int]:
    """Return the most that is requested at one time, and in how many waves they restart.

    A wave is awaited before the next is woken, but for who was not ready at its beginning: such
    a service may go on while the next ones restart.
    """
    if not _in_waves(case):
        return surge_of(rows), 1
    peak: Counter[str] = Counter()
    behind: Counter[str] = Counter()
    by_service = {row.service: row for row in case.rows if row.rollout}
    found = (_reached(case, stage) for stage in case.stages)
    waves = [[by_service[ref] for ref in wave if ref in by_service] for wave in found if wave]
    for wave in waves:
        peak |= behind + Counter(surge_of(wave))
        behind += Counter(surge_of(r for r in wave if r.rollout and not r.rollout.ready))
    return dict(sorted(peak.items())), len(waves)


def surge_of(rows: Iterable[Forecast]) -> dict[str, int]:
    """Return what the pods request that run beyond those of now, if all restart at one time.

    "pods" is their number.
    """
    total: Counter[str] = Counter()
    for row in rows:
        if row.rollout:
            surge = row.rollout.surge
            total.update({name: n * surge for name, n in row.rollout.per_pod.items()})
            total[PODS] += surge
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
    if not options.asks or options.activate is Activate.NONE:
        return []
    return [row for row in case.rows if row.restarts and row.rollout]


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
