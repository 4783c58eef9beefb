"""Applying KServe's manifests in the order that a cluster needs."""

from collections.abc import Iterable
from enum import IntEnum

from tests.testbed.api import Api, Manifest, is_true
from tests.testbed.manifests import NAMESPACE
from tests.testbed.waiting import wait_until

_CRD = "CustomResourceDefinition"
_RUNTIMES = "ClusterServingRuntime"
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_SECONDS = 60


class Stop(IntEnum):
    """Where an installation ends, in the order of its parts: after these, or not before the end.

    ``RUNTIMES`` is in the middle of the ClusterServingRuntimes, by their names.
    """

    CONFIG = 1
    CRDS = 2
    WEBHOOKS = 3
    CONTROLLER = 4
    RUNTIMES = 5
    END = 6


def apply_crds(api: Api, crds: list[Manifest]) -> None:
    """Apply CRDs and wait until the API server serves their kinds."""
    api.apply_all(crds)

    def are_established() -> bool:
        live = [api.get_same(crd) for crd in crds]
        return all(crd and is_true(crd, "Established") for crd in live)

    wait_until(are_established, _SECONDS, "the CRDs to be established")


def apply_before_controller(api: Api, manifests: list[Manifest], stop: Stop) -> None:
    """Apply a release up to the controller's workload, which is left out, or to ``stop``."""
    api.apply_all(_of_kinds(manifests, "Namespace"))
    api.apply_all(_of_kinds(manifests, "ConfigMap"))
    if stop >= Stop.CRDS:
        apply_crds(api, _of_kinds(manifests, _CRD))
    if stop >= Stop.WEBHOOKS:
        special = ("Namespace", "ConfigMap", _CRD, _RUNTIMES, *_WORKLOADS)
        api.apply_all(manifest for manifest in manifests if manifest["kind"] not in special)


def apply_controller(api: Api, manifests: list[Manifest]) -> None:
    """Apply the workloads of a release."""
    api.apply_all(_of_kinds(manifests, *_WORKLOADS))


def apply_runtimes(api: Api, manifests: list[Manifest], stop: Stop) -> None:
    """Apply the ClusterServingRuntimes of a release, the first half of them, or none."""
    found = sorted(_of_kinds(manifests, _RUNTIMES), key=lambda each: str(each["metadata"]["name"]))
    end = {Stop.END: len(found), Stop.RUNTIMES: len(found) // 2}.get(stop, 0)
    api.apply_all(found[:end])


def restore(api: Api, manifests: list[Manifest]) -> None:
    """Put the ConfigMaps and runtimes of a release back to what was released, and no others."""
    released = _of_kinds(manifests, "ConfigMap", _RUNTIMES)
    for manifest in released:
        api.replace(manifest)
    names = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in released}
    for manifest in _live(api):
        if (manifest["kind"], manifest["metadata"]["name"]) not in names:
            api.delete(manifest)


def knows(api: Api, kind: str) -> bool:
    """Whether some CRD defines ``kind``."""
    crds = api.list("apiextensions.k8s.io/v1", _CRD)
    return any(crd["spec"]["names"]["kind"] == kind for crd in crds)


def _live(api: Api) -> list[Manifest]:
    """What tests may have added to; the certificates of the namespace come from Kubernetes."""
    runtimes = api.list("serving.kserve.io/v1alpha1", _RUNTIMES) if knows(api, _RUNTIMES) else []
    maps = api.list("v1", "ConfigMap", NAMESPACE)
    leases = api.list("coordination.k8s.io/v1", "Lease", NAMESPACE)
    own = [config for config in maps if config["metadata"]["name"] != "kube-root-ca.crt"]
    return [*runtimes, *own, *leases]


def _of_kinds(manifests: Iterable[Manifest], *kinds: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] in kinds]
