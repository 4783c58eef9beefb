"""What is installed: KServe's configuration, its controller and release, Knative."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import ClassVar, Protocol, TypeVar

from migrate.catalog.fingerprints import SCHEMA_FACTS
from migrate.cluster.decoding import record_of
from migrate.cluster.lookup import each_of, read_or_none
from migrate.cluster.patience import patiently
from migrate.cluster.port import Cluster
from migrate.errors import BlockedError, ForbiddenError, NotFoundError, UsageError
from migrate.kserve import terms
from migrate.kserve.controllers import Controllers, controller_of
from migrate.kserve.detection import Detected, detect_release
from migrate.kserve.fingerprint import Fit, fitting
from migrate.kserve.metadata import ConfigMap
from migrate.kserve.releases import Release, ReleaseFormatError
from migrate.kserve.workloads import Deployment, KnativeService, StatefulSet
from migrate.objects import Manifest, ObjectRef


class Listable(Protocol):
    """A record of a kind: the items of a list do not say which."""

    API_VERSION: ClassVar[str]
    KIND: ClassVar[str]


L = TypeVar("L", bound=Listable)
T = TypeVar("T")
KUBE_SYSTEM = ObjectRef("v1", "Namespace", "kube-system")


def config_of(cluster: Cluster, namespace: str) -> Manifest:
    """Return the ConfigMap inferenceservice-config; raise BlockedError where there is none."""
    ref = ObjectRef("v1", "ConfigMap", terms.CONFIG_MAP, namespace)
    try:
        found = patiently(partial(cluster.get, ref))
    except NotFoundError as error:
        raise BlockedError(
            f"{ref}: expected KServe's configuration, found no such object ({cluster.name})",
            "name the namespace that KServe runs in: --kserve-namespace NS",
        ) from error
    record_of(found, ref.kind, ConfigMap)
    return found


def controllers_of(cluster: Cluster, namespace: str) -> Controllers:
    """Return the workloads of KServe's controller."""
    return controller_of(
        [
            *listed(cluster, Deployment, namespace),
            *listed(cluster, StatefulSet, namespace),
        ]
    )


def release_of(
    cluster: Cluster, config: Manifest, controllers: Controllers, asked: str
) -> Detected:
    """Return the release that runs, ``asked`` before all; raise UsageError if that is none."""

    def fit() -> Fit:
        kinds = {workload.KIND for workload in controllers.running}
        return fitting(crds_of(cluster), config.get("data") or {}, kinds)

    labels = (workload.metadata.labels or {} for workload in controllers.running)
    try:
        return detect_release(asked, controllers.images, fit, labels)
    except ReleaseFormatError as error:
        raise UsageError(f"--kserve-version {error}") from error


def running_release(cluster: Cluster, namespace: str, kserve_version: str) -> Release | None:
    """Return the release that runs now, or the one that was given."""
    controllers = controllers_of(cluster, namespace)
    return release_of(cluster, config_of(cluster, namespace), controllers, kserve_version).release


def crds_of(cluster: Cluster) -> dict[str, Manifest]:
    """Read the CRDs of KServe that may be read: who may not does not know what they say."""
    found = {}
    for name in SCHEMA_FACTS:
        ref = ObjectRef("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
        with suppress(ForbiddenError):
            crd = get_or_none(cluster, ref)
            if crd is not None:
                found[name] = crd
    return found


def has_knative(cluster: Cluster, namespace: str) -> bool:
    """Tell whether Knative Services can be made at all."""
    none = f"{terms.INSTANCE}=none"
    kind = (terms.KNATIVE_VERSION, terms.KNATIVE_SERVICE, KnativeService)
    try:
        next(cluster.list(*kind, namespace=namespace, selector=none), None)
    except NotFoundError:
        return False
    return True


def cluster_uid(cluster: Cluster) -> str:
    """Return the uid of namespace kube-system, by which a cluster is known; empty if none."""
    found = get_or_none(cluster, KUBE_SYSTEM)
    return str(found["metadata"].get("uid", "")) if found else ""


def get_or_none(cluster: Cluster, ref: ObjectRef) -> Manifest | None:
    """Return the object, or None where there is none; see ``read_or_none``."""
    return patiently(partial(read_or_none, cluster, ref))


def get_all(cluster: Cluster, refs: Iterable[ObjectRef]) -> dict[ObjectRef, Manifest | None]:
    """Return each object, or None where there is none; many of a kind by lists."""
    return {ref: read() for ref, read in each_of(cluster, refs, get_or_none)}


def listed(cluster: Cluster, kind: type[L], namespace: str = "") -> Iterator[L]:
    """Yield the objects of a kind; none where the cluster does not serve it."""
    return served(cluster.list(kind.API_VERSION, kind.KIND, kind, namespace=namespace))


def served(found: Iterator[T]) -> Iterator[T]:
    """Yield what is listed; nothing where the cluster does not serve the kind."""
    try:
        yield from found
    except NotFoundError:
        return  # so nothing runs as one
