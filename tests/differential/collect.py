"""What KServe made of the services of a cluster, read off the API server."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.differential.managerlog import is_stale
from tests.differential.shapes import SERVICE, SERVING, Manifest, key_of
from tests.testbed.api import Api
from tests.testbed.kserve import KNATIVE

_METADATA = ("name", "namespace", "labels", "annotations", "finalizers", "generation")
_RUNTIME_METADATA = ("name", "namespace", "labels", "annotations", "creationTimestamp")
_WORKER_SECONDS = 2
# What client-go puts before the message of an event that resembles many others.
_COMBINED = "(combined from similar events): "
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
# Only says that the status was written on top of another change; it is tried again.
_HARMLESS = "UpdateFailed"
_NAMES = ("servingRuntimeName", "clusterServingRuntimeName")


@dataclass
class Found:
    """All objects of interest in a cluster's namespaces."""

    services: list[Manifest] = field(default_factory=list)
    workloads: list[Manifest] = field(default_factory=list)
    events: list[Manifest] = field(default_factory=list)

    def warning(self, key: str) -> Manifest | None:
        """The newest Warning about a service, if there is any."""
        about = [event for event in self.events if _is_warning_about(event, key)]
        return max(about, key=_age_of) if about else None

    def workloads_of(self, service: Manifest) -> list[Manifest]:
        """The Knative Services and Deployments of a service's predictor, in a fixed order."""
        own = [found for found in self.workloads if _is_predictor_of(found, service)]
        return sorted(own, key=lambda found: (found["kind"], found["metadata"]["name"]))

    def lone_heads(self) -> set[str]:
        """The namespaces of services for several nodes of which only one Deployment is seen."""
        return {
            str(service["metadata"]["namespace"])
            for service in self.services
            if "workerSpec" in service["spec"]["predictor"] and self._has_one_deployment(service)
        }

    def _has_one_deployment(self, service: Manifest) -> bool:
        return [found["kind"] for found in self.workloads_of(service)] == ["Deployment"]

    def unreported(self) -> set[str]:
        """The services with neither a workload nor a warning."""
        return {
            key_of(service)
            for service in self.services
            if not self.workloads_of(service) and not self.warning(key_of(service))
        }


def read(api: Api, namespaces: list[str]) -> Found:
    """Read the namespaces; nothing of others is in the answer."""
    found = Found()
    for namespace in namespaces:
        found.services += api.list(SERVING, SERVICE, namespace)
        found.workloads += api.list(KNATIVE, "Service", namespace)
        found.workloads += api.list("apps/v1", "Deployment", namespace)
        found.events += api.list("v1", "Event", namespace)
    for namespace in found.lone_heads():
        _see_workers(api, namespace, found)
    return found


def _see_workers(api: Api, namespace: str, found: Found) -> None:
    """Add Deployments that come and go: 0.20.0 deletes a worker's, writes it anew, and so on."""
    for event in api.watch("apps/v1", "Deployment", namespace, "", _WORKER_SECONDS):
        names = {(w["metadata"]["namespace"], w["metadata"]["name"]) for w in found.workloads}
        seen: Manifest = event["object"]
        if (namespace, seen["metadata"]["name"]) not in names:
            found.workloads.append(seen)
        if namespace not in found.lone_heads():
            return


def told(found: Found, errors: dict[str, str]) -> dict[str, Manifest]:
    """What there is to record of each service that is stored, by namespace/name."""
    return {key_of(service): _told(found, service, errors) for service in found.services}


def refused(message: str) -> Manifest:
    """What there is to record of a service that was refused."""
    empty: Manifest = {
        "stored": None,
        "runtime": None,
        "mode": None,
        "failed": None,
        "workloads": [],
    }
    return {"denied": message, **empty}


def stored_runtime(runtime: Manifest) -> Manifest:
    """A runtime as stored, without what the API server adds and nobody reads."""
    return _kept(runtime, _RUNTIME_METADATA)


def _told(found: Found, service: Manifest, errors: dict[str, str]) -> Manifest:
    status: Manifest = service.get("status", {})
    names = {name: status[name] for name in _NAMES if name in status}
    workloads = [_workload(workload) for workload in found.workloads_of(service)]
    return {
        "denied": None,
        "stored": _kept(service, _METADATA),
        "runtime": names or None,
        "mode": status.get("deploymentMode"),
        "failed": _failure(found, service, errors, is_partial=bool(workloads)),
        "workloads": workloads,
    }


def _failure(
    found: Found, service: Manifest, errors: dict[str, str], *, is_partial: bool
) -> Manifest | None:
    """Why nothing was written, or with some workloads there, why the others were not."""
    key = key_of(service)
    told: Manifest = {}
    if is_partial and (is_stale(errors.get(key, "")) or not found.warning(key)):
        return None
    if event := found.warning(key):
        told = {"reason": event["reason"], "message": _repeatable(event["message"])}
    elif key in errors:
        told = {"reason": "", "message": _repeatable(errors[key])}
    about_model = service.get("status", {}).get("modelStatus", {}).get("lastFailureInfo")
    if about_model:
        told["lastFailureInfo"] = {k: about_model.get(k) for k in ("reason", "message")}
    return told or None


def _repeatable(message: str) -> str:
    """The message without what differs each time, such as Go's addresses of strings."""
    return _ADDRESS.sub("0x0", message.removeprefix(_COMBINED))


def _workload(workload: Manifest) -> Manifest:
    template = workload["spec"]["template"]
    metadata = template.get("metadata", {})
    return {
        "kind": workload["kind"],
        "name": workload["metadata"]["name"],
        "labels": metadata.get("labels", {}),
        "annotations": metadata.get("annotations", {}),
        "spec": template["spec"],
    }


def _kept(manifest: Manifest, keys: tuple[str, ...]) -> Manifest:
    metadata = {key: manifest["metadata"][key] for key in keys if key in manifest["metadata"]}
    kept = {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"], "metadata": metadata}
    return {**kept, "spec": manifest["spec"]}


def _is_predictor_of(workload: Manifest, service: Manifest) -> bool:
    template = workload["spec"]["template"]
    labels = template.get("metadata", {}).get("labels", {})
    return labels.get("component") == "predictor" and service["metadata"]["uid"] in _owners(
        workload
    )


def _owners(workload: Manifest) -> Iterator[Any]:
    return (owner["uid"] for owner in workload["metadata"].get("ownerReferences", []))


def _is_warning_about(event: Manifest, key: str) -> bool:
    about = event["involvedObject"]
    is_warning = event["type"] == "Warning" and event["reason"] != _HARMLESS
    return is_warning and f"{about['namespace']}/{about['name']}" == key


def _age_of(event: Manifest) -> tuple[str, int]:
    return str(event.get("lastTimestamp")), int(event["metadata"]["resourceVersion"])
