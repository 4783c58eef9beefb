"""Reading the services with the workloads of models and of KServe's controller: each list once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import NamedTuple

from migrate.cluster.port import Cluster
from migrate.commands.beside import beside
from migrate.commands.installed import controllers_of, listed
from migrate.errors import ForbiddenError, NotFoundError
from migrate.kserve import terms
from migrate.kserve.budgets import Budget
from migrate.kserve.config import NEW_WORDS, ConfigError, default_mode
from migrate.kserve.controllers import Controllers, controller_of, is_controller
from migrate.kserve.running import Records, Running
from migrate.kserve.services import InferenceService
from migrate.kserve.shapes import Services
from migrate.kserve.workloads import Deployment, KnativeService, StatefulSet, Workload
from migrate.objects import Manifest, ObjectRef

MANY = 500
"""From so many services on a second process pays: they fill the first page of their list."""


@dataclass(frozen=True)
class Workloads:
    """What runs. ``budgets`` are None where they may not be listed."""

    running: dict[ObjectRef, Running]
    controllers: Controllers
    budgets: tuple[Budget, ...] | None
    has_knative: bool


def services_and_workloads(
    cluster: Cluster,
    config: Manifest,
    found: Iterator[InferenceService],
    namespace: str,
    only: str,
) -> tuple[Services, Workloads]:
    """Read the services that are ``found``, their workloads, and KServe's controller.

    The controller is looked for in ``namespace``. ``only`` is the one namespace whose workloads
    are read; empty means all. Where there are many services, those workloads that are read
    whatever the services say are read by a second process meanwhile.
    """
    first = list(islice(found, MANY))
    asked = _Asked(namespace, only, _budgets(cluster, only))
    apart = cluster.apart() if len(first) == MANY else None
    is_raw = apart is not None and _may_be_raw(config, first)
    early = (Deployment, KnativeService) if is_raw else (KnativeService,)
    here = partial(_read, cluster, early, asked)
    there = beside(partial(_read, apart, early, asked), here) if apart else nullcontext(here)
    with there as read_early:
        services = Services(chain(first, found))
        those = (shape.service for shape in services.shapes)
        late = () if is_raw or not _may_be_raw(config, those) else (Deployment,)
        lists = [*_read(cluster, late, asked), *read_early()]
    return services, _workloads(cluster, lists, asked)


class _Asked(NamedTuple):
    """Where KServe runs, the one namespace that is read, the PodDisruptionBudgets."""

    namespace: str
    only: str
    budgets: tuple[Budget, ...] | None


class _Listed(NamedTuple):
    """A list of workloads, as small as it can be told: there may be fifty thousand.

    ``running`` by name and namespace; None where the cluster does not serve the kind.
    ``controllers`` are KServe's.
    """

    kind: type[Workload]
    running: list[tuple[str, str, Running]] | None
    controllers: list[Workload]

    @property
    def by_ref(self) -> Iterator[tuple[ObjectRef, Running]]:
        """What runs, by the workload's reference."""
        version, kind = self.kind.API_VERSION, self.kind.KIND
        for name, namespace, running in self.running or ():
            yield ObjectRef(version, kind, name, namespace), running


def _read(cluster: Cluster, kinds: Iterable[type[Workload]], asked: _Asked) -> list[_Listed]:
    return [_list(cluster, kind, asked) for kind in kinds]


def _list(cluster: Cluster, kind: type[Workload], asked: _Asked) -> _Listed:
    of_place = _by_namespace(asked.budgets or ())
    running: list[tuple[str, str, Running]] = []
    listed = _Listed(kind, running, [])
    records = Records()
    try:
        for one in cluster.list(kind.API_VERSION, kind.KIND, kind, namespace=asked.only):
            meta = one.metadata
            if meta.namespace == asked.namespace and is_controller(one):
                listed.controllers.append(one)
            found = records.running(one, of_place.get(meta.namespace, ()))
            if found is not None:
                running.append((meta.name, meta.namespace, found))
    except NotFoundError:
        return listed._replace(running=None)
    return listed


def _by_namespace(budgets: Iterable[Budget]) -> dict[str, list[Budget]]:
    found: dict[str, list[Budget]] = {}
    for one in budgets:
        found.setdefault(one.metadata.namespace, []).append(one)
    return found


def _workloads(cluster: Cluster, lists: Sequence[_Listed], asked: _Asked) -> Workloads:
    deployments = [each for each in lists if each.kind is Deployment]
    running = {ref: found for each in reversed(lists) for ref, found in each.by_ref}
    if deployments and not asked.only:
        stateful = listed(cluster, StatefulSet, asked.namespace)
        candidates = chain.from_iterable(each.controllers for each in deployments)
        controllers = controller_of([*candidates, *stateful])
    else:
        controllers = controllers_of(cluster, asked.namespace)
    has_knative = any(each.kind is KnativeService and each.running is not None for each in lists)
    return Workloads(running, controllers, asked.budgets, has_knative)


def _may_be_raw(config: Manifest, services: Iterable[InferenceService]) -> bool:
    """Tell whether a list of all Deployments is worth its while.

    The release is not known before the controller is, and that is among them: so any word
    counts that some release takes for this mode.
    """
    try:
        default = default_mode((config.get("data") or {}).get(terms.DEPLOY_KEY), None)
    except ConfigError:
        return True
    found = list(services)
    words = {service.metadata.annotation(terms.DEPLOYMENT_MODE) for service in found}
    words |= {service.status.deployment_mode for service in found}
    modes = {default, *(NEW_WORDS.get(word or "", default) for word in words)}
    return terms.STANDARD in modes


def _budgets(cluster: Cluster, namespace: str) -> tuple[Budget, ...] | None:
    """Read the PodDisruptionBudgets; None where that is not allowed."""
    try:
        return tuple(listed(cluster, Budget, namespace))
    except ForbiddenError:
        return None
