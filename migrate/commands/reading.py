"""Reading what a planner needs, in a few paged lists."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from migrate.cluster.decoding import record_of
from migrate.cluster.port import Cluster
from migrate.commands.installation import installation_of, managers_of
from migrate.commands.installed import (
    cluster_uid,
    config_of,
    controllers_of,
    get_or_none,
    has_knative,
    listed,
    release_of,
    served,
)
from migrate.commands.longwork import counted
from migrate.commands.workloads import services_and_workloads
from migrate.errors import BlockedError, ForbiddenError, NotFoundError
from migrate.kserve import terms
from migrate.kserve.config import Config, read_config
from migrate.kserve.detection import Detected
from migrate.kserve.installation import Installation
from migrate.kserve.modes import mode_of
from migrate.kserve.rules import Rules
from migrate.kserve.runtimes import ClusterRuntime, Runtime, Runtimes, ServingRuntime
from migrate.kserve.services import InferenceService
from migrate.kserve.storage import StorageContainer
from migrate.kserve.workloads import (
    Deployment,
    KnativeService,
    Workload,
    running_image,
    workload_of,
)
from migrate.objects import Json, Manifest, ObjectRef, ref_of, value_at
from migrate.operations.model import Holds
from migrate.planning.check.checks_mixed import told
from migrate.planning.world.copies import OURS, is_ours
from migrate.planning.world.snapshot import Snapshot


def read_snapshot(
    cluster: Cluster, namespace: str, kserve_version: str, only: str = ""
) -> Snapshot:
    """Read the cluster. ``kserve_version`` wins over the release that is detected.

    ``only`` is the one namespace whose services and runtimes are read; empty means all.

    Raise BlockedError where there is no configuration, and the ApiError classes.
    """
    config = config_of(cluster, namespace)
    listed_services = _services(cluster, only)
    services, found = services_and_workloads(cluster, config, listed_services, namespace, only)
    controllers = found.controllers
    detected = release_of(cluster, config, controllers, kserve_version)
    rules = detected.rules
    runtimes, originals = _installed_runtimes(cluster, rules, only)
    return Snapshot(
        # A check of one namespace is for people who may read no more than that.
        cluster_uid="" if only else cluster_uid(cluster),
        namespace=namespace,
        config=config,
        controllers=tuple(workload.ref for workload in controllers.running),
        release=detected.release,
        doubts=detected.doubts,
        rules=rules,
        services=services,
        runtimes=runtimes,
        originals=originals,
        storage=_storage(cluster, rules),
        workloads=found.running,
        budgets=found.budgets,
        has_knative=found.has_knative,
        installation=installation_of(cluster, config, controllers, detected),
    )


@dataclass(frozen=True)
class Case:
    """One service with all that decides about it, and the workload of its predictor now."""

    service: InferenceService
    config: Config
    detected: Detected
    workload: Workload | None


def read_case(cluster: Cluster, ref: ObjectRef, namespace: str, kserve_version: str) -> Case:
    """Read what decides about one service, and nothing else.

    Raise BlockedError where there is no such service, no configuration, or no release that
    is known, and the ApiError classes.
    """
    config = config_of(cluster, namespace)
    controllers = controllers_of(cluster, namespace)
    detected = _with_doubt(
        release_of(cluster, config, controllers, kserve_version),
        Installation(managers_of(cluster, controllers)),
    )
    if (rules := detected.rules) is None:
        raise BlockedError(
            f"the release of KServe is not known: found {detected.release or detected.source}",
            "give --kserve-version X.Y.Z",
        )
    service = _service(cluster, ref)
    runtimes, _ = _installed_runtimes(cluster, rules, ref.namespace)
    storage = _storage(cluster, rules)
    has = has_knative(cluster, ref.namespace)
    found = read_config(config.get("data") or {}, rules, runtimes, storage, has_knative=has)
    workload = _workload(cluster, service, found)
    return Case(service, found, detected, workload)


def _with_doubt(detected: Detected, found: Installation) -> Detected:
    """Two controllers may each reconcile a service: by which rules, nobody can tell."""
    if not found.is_double:
        return detected
    doubt = f"two controllers run at once: {told(found)}"
    return replace(detected, doubts=(*detected.doubts, doubt))


def _service(cluster: Cluster, ref: ObjectRef) -> InferenceService:
    manifest = get_or_none(cluster, ref)
    if manifest is None:
        raise BlockedError(f"{ref}: there is none in {cluster.name}", "kubectl get isvc -A")
    return record_of(manifest, ref.kind, InferenceService)


def _workload(cluster: Cluster, service: InferenceService, config: Config) -> Workload | None:
    """Return the workload under the name that this release uses; some keep a former one."""
    mode = mode_of(service, config.mode, config.rules)
    ref = workload_of(service, mode, config.rules)
    former = replace(ref, name=f"{service.metadata.name}-predictor-default")
    kind = Deployment if ref.kind == terms.DEPLOYMENT else KnativeService
    names = (former, ref) if config.rules.keeps_old_name else (ref,)
    found = (get_or_none(cluster, one) for one in names)
    return next((record_of(one, ref.kind, kind) for one in found if one), None)


def workload_images(cluster: Cluster, workloads: Iterable[ObjectRef]) -> dict[ObjectRef, str]:
    """Return the image that each of these workloads has now; those that are gone are not in it."""
    wanted = set(workloads)
    kinds = [k for k in (KnativeService, Deployment) if any(ref.kind == k.KIND for ref in wanted)]
    found = [_images(cluster, kind, wanted) for kind in kinds]
    return {ref: image for images in found for ref, image in images}


def workload_fields(cluster: Cluster, awaited: Sequence[Holds]) -> dict[Holds, Json]:
    """Return what the fields that are awaited hold now; of workloads that are gone nothing."""
    wanted: dict[ObjectRef, list[Holds]] = {}
    for one in awaited:
        wanted.setdefault(one.target, []).append(one)
    kinds = sorted({(ref.api_version, ref.kind) for ref in wanted})
    every = (each for kind in kinds for each in cluster.list(*kind, dict))
    return {one: value_at(each, one.path) for each in every for one in wanted.get(ref_of(each), ())}


def _services(cluster: Cluster, namespace: str) -> Iterator[InferenceService]:
    try:
        kind = (terms.SERVING_VERSION, terms.INFERENCE_SERVICE, InferenceService)
        yield from counted(cluster.list(*kind, namespace=namespace), "InferenceServices")
    except NotFoundError as error:
        raise BlockedError(
            f"{cluster.name} serves no InferenceService ({terms.SERVING_VERSION})",
            "choose the right --context; KFServing before KServe 0.7 is not supported",
        ) from error


def _installed_runtimes(
    cluster: Cluster, rules: Rules | None, namespace: str = ""
) -> tuple[Runtimes, dict[ObjectRef, Manifest]]:
    """Read the runtimes of namespaces and cluster, where the release knows such.

    Those of the cluster are few, and may be edited: they come as whole manifests, too, and so do
    those that kmigrate made.
    """
    if rules is not None and not rules.knows_model:
        return Runtimes(), {}
    kind = (terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME)
    whole = list(served(cluster.list(*kind, dict)))
    found: list[Runtime] = [record_of(each, kind[1], ClusterRuntime) for each in whole]
    found.extend(listed(cluster, ServingRuntime, namespace))
    if any(map(is_ours, found)):
        ours = f"{terms.MANAGED_BY}={OURS}"
        version, own = terms.RUNTIME_VERSION, terms.SERVING_RUNTIME
        whole.extend(cluster.list(version, own, dict, namespace=namespace, selector=ours))
    return Runtimes(found), {ref_of(each): each for each in whole}


def _storage(cluster: Cluster, rules: Rules | None) -> tuple[StorageContainer, ...] | None:
    """Read what makes more URIs acceptable; None where that may not be read."""
    if rules is not None and not rules.judges_storage:
        return ()
    try:
        return tuple(listed(cluster, StorageContainer))
    except ForbiddenError:
        return None


def _images(
    cluster: Cluster, kind: type[Workload], wanted: Container[ObjectRef]
) -> Iterator[tuple[ObjectRef, str]]:
    for workload in served(cluster.list(kind.API_VERSION, kind.KIND, kind)):
        if workload.ref in wanted and (image := running_image(workload)) is not None:
            yield workload.ref, image
