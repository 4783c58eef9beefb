"""Reading the workloads of models and of KServe's controller: each list once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from migrate.cluster.port import Cluster
from migrate.commands.installed import controllers_of, listed
from migrate.errors import ForbiddenError, NotFoundError
from migrate.kserve import terms
from migrate.kserve.budgets import Budget
from migrate.kserve.config import NEW_WORDS, ConfigError, default_mode
from migrate.kserve.running import Records, Running
from migrate.kserve.shapes import Services
from migrate.kserve.workloads import (
    Controllers,
    Deployment,
    KnativeService,
    StatefulSet,
    Workload,
    controller_of,
)
from migrate.objects import Manifest, ObjectRef

W = TypeVar("W", bound=Workload)


@dataclass(frozen=True)
class Workloads:
    """What runs. ``budgets`` are None where they may not be listed."""

    running: dict[ObjectRef, Running]
    controllers: Controllers
    budgets: tuple[Budget, ...] | None
    has_knative: bool


def workloads_of(
    cluster: Cluster, config: Manifest, services: Services, namespace: str, only: str
) -> Workloads:
    """Read the workloads of these services, and those of the controller in ``namespace``.

    ``only`` is the one namespace whose workloads are read; empty means all.
    """
    budgets = _budgets(cluster, only)
    noted = _Noted(namespace)
    raw: dict[ObjectRef, Running] = {}
    is_raw = _may_be_raw(config, services)
    if is_raw:
        deployments = noted.passed_on(_every(cluster, Deployment, only))
        raw = _records(deployments, budgets) or {}
    knative = _records(_every(cluster, KnativeService, only), budgets)
    controllers = (
        controller_of([*noted.found, *listed(cluster, StatefulSet, namespace)])
        if is_raw and not only
        else controllers_of(cluster, namespace)
    )
    return Workloads({**(knative or {}), **raw}, controllers, budgets, knative is not None)


@dataclass(frozen=True)
class _Noted:
    """The Deployments of a namespace that may be the controller, met in a list of all."""

    namespace: str
    found: list[Workload] = field(default_factory=list)

    def passed_on(self, workloads: Iterator[W]) -> Iterator[W]:
        for workload in workloads:
            meta = workload.metadata
            if meta.namespace == self.namespace and meta.name in terms.CONTROLLER_NAMES:
                self.found.append(workload)
            yield workload


def _may_be_raw(config: Manifest, services: Services) -> bool:
    """Tell whether a list of all Deployments is worth its while.

    The release is not known before the controller is, and that is among them: so any word
    counts that some release takes for this mode.
    """
    try:
        default = default_mode((config.get("data") or {}).get(terms.DEPLOY_KEY), None)
    except ConfigError:
        return True
    found = [shape.service for shape in services.shapes]
    words = {service.metadata.annotation(terms.DEPLOYMENT_MODE) for service in found}
    words |= {service.status.deployment_mode for service in found}
    modes = {default, *(NEW_WORDS.get(word or "", default) for word in words)}
    return terms.STANDARD in modes


def _every(cluster: Cluster, kind: type[W], namespace: str) -> Iterator[W]:
    return cluster.list(kind.API_VERSION, kind.KIND, kind, namespace=namespace)


def _records(
    workloads: Iterator[Workload], budgets: Sequence[Budget] | None
) -> dict[ObjectRef, Running] | None:
    """Keep what each workload runs, and no more of it: there may be fifty thousand.

    None where the cluster does not serve the kind.
    """
    of_place: dict[str, list[Budget]] = {}
    for one in budgets or ():
        of_place.setdefault(one.metadata.namespace, []).append(one)
    found: dict[ObjectRef, Running] = {}
    records = Records()
    try:
        for workload in workloads:
            running = records.running(workload, of_place.get(workload.metadata.namespace, ()))
            if running is not None:
                found[workload.ref] = running
    except NotFoundError:
        return None
    return found


def _budgets(cluster: Cluster, namespace: str) -> tuple[Budget, ...] | None:
    """Read the PodDisruptionBudgets; None where that is not allowed."""
    try:
        return tuple(listed(cluster, Budget, namespace))
    except ForbiddenError:
        return None
