"""What services run, read from what KServe wrote for them: Knative Services and Deployments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.testbed.api import Api, ApiError, Manifest
from tests.testbed.kserve import KNATIVE

PROBE = "upgrades-probe"
"""The namespace of services that come and go, and are nobody's."""
_KINDS = ((KNATIVE, "Service"), ("apps/v1", "Deployment"))
_OWN_CONTAINER = "kserve-container"
_FORMER = "-predictor-default"


@dataclass(frozen=True, order=True)
class Workload:
    """What KServe wrote for a predictor: ``kind`` is Service (of Knative) or Deployment.

    ``image`` is that of the model's container, empty where it has none.
    """

    kind: str
    name: str
    container: str
    image: str


Images = Mapping[str, tuple[Workload, ...]]
"""By service, NAMESPACE/NAME: what KServe writes now first, then what it wrote and left."""


def images(api: Api, release: str) -> dict[str, tuple[Workload, ...]]:
    """Return what there is for the predictor of each service."""
    found: dict[str, list[Workload]] = {}
    for manifest in written_in(api):
        if name := service_of(manifest):
            found.setdefault(name, []).append(workload_of(manifest))
    return {name: _in_turn(each, release) for name, each in sorted(found.items())}


def written_in(api: Api, namespace: str = "") -> list[Manifest]:
    """Return the Knative Services and Deployments of a namespace, or of all."""
    return [each for kind in _KINDS for each in _all(api, *kind, namespace)]


def image_now(found: Images) -> dict[str, str]:
    """Return the image that KServe decided on for each service."""
    return {name: workloads[0].image for name, workloads in found.items()}


def service_of(manifest: Manifest) -> str:
    """Return the service that a workload belongs to; empty for what is nobody's.

    A Deployment that Knative made for a revision belongs to that.
    """
    meta = manifest["metadata"]
    owners = meta.get("ownerReferences", [])
    if [one["kind"] for one in owners] != ["InferenceService"] or meta["namespace"] == PROBE:
        return ""
    return f"{meta['namespace']}/{owners[0]['name']}"


def workload_of(manifest: Manifest) -> Workload:
    """Return what is looked at of a Knative Service or Deployment."""
    containers = manifest["spec"]["template"]["spec"]["containers"]
    one = next((c for c in containers if c.get("name") == _OWN_CONTAINER), containers[0])
    name = manifest["metadata"]["name"]
    return Workload(manifest["kind"], name, one.get("name", ""), one.get("image", ""))


def _in_turn(workloads: list[Workload], release: str) -> tuple[Workload, ...]:
    """0.16 gave up the former name; 0.16 and 0.17 make a Knative Service of RawDeployment."""
    version = tuple(map(int, release.split(".")))
    has_new_name, wants_knative = version >= (0, 16), (0, 16) <= version < (0, 19)

    def rank(one: Workload) -> tuple[bool, bool]:
        is_former = one.name.endswith(_FORMER)
        return (is_former is has_new_name, (one.kind == "Service") is not wants_knative)

    return tuple(sorted(workloads, key=rank))


def _all(api: Api, api_version: str, kind: str, namespace: str) -> list[Manifest]:
    try:
        return api.list(api_version, kind, namespace)
    except ApiError as error:
        if error.status == 404:
            return []
        raise
