"""What it takes to replace the pods of a model: how many, and what they ask of the nodes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from migrate.kserve.containers import Container
from migrate.kserve.quantities import QuantityError, quantity
from migrate.kserve.workloads import KnativeService, RollingUpdate, Workload

MEMORY = "memory"
_QUARTER = "25%"
_MIN_SCALE = ("autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/minScale")
_INITIAL_SCALE = ("autoscaling.knative.dev/initial-scale", "autoscaling.knative.dev/initialScale")


class Rollout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What a new template of a workload sets going.

    ``pods`` are replaced; at most ``surge`` pods run beyond them at one time, and at most
    ``unavailable`` of them may be missing. ``per_pod`` is what a pod requests: "memory" in
    bytes, and devices by the names of their resources (``nvidia.com/gpu``). ``sleeps``: it may
    have no pod now (minReplicas 0). ``ready``: nothing was missing when it was read.
    """

    pods: int
    surge: int
    unavailable: int = 0
    per_pod: dict[str, int] = {}
    sleeps: bool = False
    ready: bool = False


def rollout_of(workload: Workload) -> Rollout:
    """Return what a change of the workload's template takes."""
    if isinstance(workload, KnativeService):
        return _of_knative(workload)
    return _of_deployment(workload)


def facts(workload: Workload) -> tuple[Any, ...]:
    """Return all that ``rollout_of`` reads of a workload: equal facts give equal rollouts."""
    notes = workload.spec.template.metadata.annotations or {}
    return (
        workload.KIND,
        workload.spec.replicas,
        workload.spec.strategy,
        workload.status.ready_replicas,
        workload.status.is_true("Ready"),
        [notes.get(name) for name in (*_MIN_SCALE, *_INITIAL_SCALE)],
        [container.resources for container in workload.containers],
    )


def _of_deployment(workload: Workload) -> Rollout:
    """Apply the Deployment's strategy; ``ResolveFenceposts`` of Kubernetes' deployment util."""
    spec, pods = workload.spec, workload.spec.replicas
    pods = 1 if pods is None else pods
    if spec.strategy.type == "Recreate":
        surge, missing = 0, pods
    else:
        rule = spec.strategy.rolling_update or RollingUpdate()
        surge = _share(rule.max_surge, pods, math.ceil)
        missing = _share(rule.max_unavailable, pods, math.floor)
        missing = missing or (0 if surge else 1)
    return Rollout(
        pods,
        min(surge, pods),
        min(missing, pods),
        requests(workload.containers),
        sleeps=not pods,
        ready=(workload.status.ready_replicas or 0) >= pods,
    )


def _share(told: int | str | None, pods: int, rounded: Any) -> int:  # noqa: ANN401
    text = str(_QUARTER if told is None else told)
    if not text.removesuffix("%").isdecimal():
        return 0
    return int(rounded(int(text[:-1]) * pods / 100)) if text.endswith("%") else int(text)


def _of_knative(workload: KnativeService) -> Rollout:
    """Count the first pods of a new Revision, which come before the former's go.

    There is one at least, to show that it works, also where the service sleeps
    (``initial-scale`` in ``pkg/autoscaler`` of knative.dev/serving); more follow by load.
    """
    notes = workload.spec.template.metadata.annotations or {}
    least, first = _number(notes, _MIN_SCALE, 0), _number(notes, _INITIAL_SCALE, 1)
    pods = max(least, first)
    is_ready = workload.status.is_true("Ready")
    per_pod = requests(workload.containers)
    return Rollout(pods, pods, per_pod=per_pod, sleeps=least == 0, ready=is_ready)


def _number(notes: Mapping[str, str], names: Iterable[str], default: int) -> int:
    text = next((notes[name] for name in names if name in notes), "")
    return int(text) if text.isdecimal() else default


def requests(containers: Iterable[Container]) -> dict[str, int]:
    """Return what the containers of a pod request together, of memory and of devices.

    Where a container requests nothing of a kind, its limit counts, as the API server sets it.
    """
    total: Counter[str] = Counter()
    for container in containers:
        told = container.resources or {}
        for name, text in {**(told.get("limits") or {}), **(told.get("requests") or {})}.items():
            if name == MEMORY or _is_device(name):
                total[name] += _amount(text)
    return dict(sorted(total.items()))


def _is_device(name: str) -> bool:
    """Tell an extended resource: it has a domain, which is none of Kubernetes' own."""
    domain, slash, _ = name.partition("/")
    return bool(slash) and not domain.endswith("kubernetes.io")


def _amount(text: object) -> int:
    try:
        return math.ceil(quantity(str(text)))
    except QuantityError:
        return 0
