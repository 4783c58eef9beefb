"""What can be seen of each service: its image, its runtime, and what a rollout leaves behind."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from migrate.objects import ObjectRef
from tests.differential.shapes import (
    RUNTIME,
    SERVICE,
    SERVING,
    SERVING_ALPHA,
    Manifest,
    compact,
    key_of,
)
from tests.testbed.api import Api
from tests.testbed.kserve import KNATIVE

_REVISION = "deployment.kubernetes.io/revision"
_RUNTIMES = ("servingRuntimeName", "clusterServingRuntimeName")
_KINDS = (("apps/v1", "Deployment"), (KNATIVE, "Service"))
_REVISIONS = (KNATIVE, "Revision")
_KNATIVES = ((KNATIVE, "Service"), (KNATIVE, "Configuration"))
_OF_SERVICE = "serving.knative.dev/service"
_SERVING = ("kserve-container", "kfserving-container")


@dataclass(frozen=True)
class Sight:
    """One service.

    ``images`` are those of the serving containers, by kind and name of the workload. ``rollouts``
    has for each workload what every rollout changes: of a Deployment the number that its
    controller raises for a new ReplicaSet and for the return to an old one; of a Knative Service
    its Revisions, and where nobody makes any, its generation and the digest of its template,
    each new one of which would become a Revision. ``own`` are the names of the ServingRuntimes
    of its namespace, known where the status tells of runtimes.
    """

    images: dict[tuple[str, str], str] = field(default_factory=dict)
    rollouts: dict[tuple[str, str], str] = field(default_factory=dict)
    runtimes: dict[str, str] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    manifest: Manifest = field(default_factory=dict, compare=False)


def look(api: Api, namespaces: Iterable[str]) -> dict[str, Sight]:
    """Return what there is to see of each service in these namespaces, by namespace/name."""
    return {
        key_of(service): _sight(service, workloads, revisions, own)
        for namespace in namespaces
        for workloads in [_workloads(api, namespace)]
        for revisions in [api.list(*_REVISIONS, namespace)]
        for services in [api.list(SERVING, SERVICE, namespace)]
        for own in [_own_runtimes(api, namespace) if any(map(_reports, services)) else frozenset()]
        for service in services
    }


def reported(runtime: ObjectRef, own: Collection[str]) -> dict[str, str]:
    """Return how the status of a service tells that this runtime decides.

    Looked up by name alone: one of the namespace that cannot be chosen is told in place of that
    of the cluster (docs/kserve/selection.md).
    """
    of_namespace, of_cluster = _RUNTIMES
    is_own = runtime.namespace or runtime.name in own
    return {of_namespace if is_own else of_cluster: runtime.name}


def _reports(service: Manifest) -> bool:
    return any(service.get("status", {}).get(key) for key in _RUNTIMES)


def _own_runtimes(api: Api, namespace: str) -> frozenset[str]:
    return frozenset(map(_name, api.list(SERVING_ALPHA, RUNTIME, namespace)))


def _workloads(api: Api, namespace: str) -> list[Manifest]:
    return [found for kind in _KINDS for found in api.list(*kind, namespace)]


def _sight(
    service: Manifest, workloads: list[Manifest], revisions: list[Manifest], own: frozenset[str]
) -> Sight:
    uid = service["metadata"]["uid"]
    made = [found for found in workloads if uid in _owners(found) and not _is_explainer(found)]
    status: Manifest = service.get("status", {})
    return Sight(
        images={_place(one): image for one in made for image in _images(one)},
        rollouts={_place(one): _rollout(one, revisions) for one in made},
        runtimes={key: status[key] for key in _RUNTIMES if status.get(key)},
        own=own,
        manifest={**service, "metadata": {**service["metadata"], "managedFields": None}},
    )


def _place(workload: Manifest) -> tuple[str, str]:
    return (workload["kind"], _name(workload))


def _owners(workload: Manifest) -> list[str]:
    return [owner["uid"] for owner in workload["metadata"].get("ownerReferences", [])]


def _is_explainer(workload: Manifest) -> bool:
    """Its image is the mark by which the probes tell one ConfigMap from another (probes.py)."""
    labels = workload["spec"]["template"].get("metadata", {}).get("labels", {})
    return bool(labels.get("component") == "explainer")


def _images(workload: Manifest) -> Iterator[str]:
    containers = workload["spec"]["template"]["spec"]["containers"]
    yield from (c.get("image", "") for c in containers if c.get("name") in _SERVING)


def _rollout(workload: Manifest, revisions: list[Manifest]) -> str:
    metadata = workload["metadata"]
    if workload["kind"] == "Deployment":
        return f"{metadata['uid']} revision {metadata.get('annotations', {}).get(_REVISION)}"
    if names := sorted(_name(one) for one in revisions if _service_of(one) == metadata["name"]):
        return f"{metadata['uid']} revisions {' '.join(names)}"
    digest = hashlib.sha256(compact(workload["spec"]["template"]).encode()).hexdigest()[:12]
    return f"{metadata['uid']} generation {metadata['generation']} template {digest}"


def _name(manifest: Manifest) -> str:
    return str(manifest["metadata"]["name"])


def _service_of(revision: Manifest) -> object:
    return revision["metadata"].get("labels", {}).get(_OF_SERVICE)


def moved(before: Sight, after: Sight) -> bool:
    """Whether any workload was rolled out, made or taken away between the two."""
    return before.rollouts != after.rollouts


def is_quiet(api: Api, namespaces: Iterable[str], *, has_knative: bool) -> bool:
    """Whether all that follows from the workloads of these namespaces has followed.

    Bare Knative Services, with nobody who acts on them, have nothing that could follow.
    """
    kinds: tuple[tuple[str, str], ...] = (
        ("apps/v1", "Deployment"),
        *(_KNATIVES if has_knative else ()),
    )
    return all(
        all(_is_observed(found) for kind in kinds for found in api.list(*kind, namespace))
        and all(_is_decided(pod) for pod in api.list("v1", "Pod", namespace))
        for namespace in namespaces
    )


def _is_observed(found: Manifest) -> bool:
    observed = found.get("status", {}).get("observedGeneration")
    return bool(observed == found["metadata"]["generation"])


def _is_decided(pod: Manifest) -> bool:
    """Whether it is Ready, or has no place to run at."""
    if "deletionTimestamp" in pod["metadata"]:
        return False
    if pod["spec"].get("schedulerName") != "default-scheduler":
        return True
    conditions = {c["type"]: c["status"] for c in pod.get("status", {}).get("conditions", [])}
    return conditions.get("Ready") == "True" or conditions.get("PodScheduled") == "False"
