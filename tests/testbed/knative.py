"""Real Knative Serving: with it the Serverless releases get revisions, Deployments and pods."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import urllib3

from tests.testbed.api import Api, ApiError, Manifest, basic_object
from tests.testbed.claims import claimed_port
from tests.testbed.control_plane import ControlPlane
from tests.testbed.install import apply_crds
from tests.testbed.modules import documents, module_folder
from tests.testbed.pods import now
from tests.testbed.ports import free_port
from tests.testbed.processes import Process
from tests.testbed.waiting import wait_until

NAMESPACE = "knative-serving"
_PARTS = ("configuration", "labeler", "revision", "route", "serverlessservice", "service")
_RECONCILER = "controller.knative.dev.serving.pkg.reconciler.{}.reconciler.00-of-01"
# In this order, for both want the one port below. The autoscaler that does not get it hangs,
# the controller only misses the server of its health probes.
_LEASES = {
    "knative-autoscaler": frozenset({"autoscaler-bucket-00-of-01"}),
    "knative-controller": frozenset(map(_RECONCILER.format, _PARTS)),
}
# Where the autoscaler listens for statistics; it knows no other port.
_STATS_PORT = 8080
_INGRESS = ("networking.internal.knative.dev/v1alpha1", "Ingress")
_INGRESS_CLASS = "stand-in.ingress.networking.knative.dev"
_INGRESS_CONDITIONS = ("LoadBalancerReady", "NetworkConfigured", "Ready")
_LOAD_BALANCER = {"ingress": [{"domainInternal": "gateway.kmigrate-testbed.svc.cluster.local"}]}
# Written into Endpoints, which refuse loopback addresses; nothing is ever sent there.
_POD_IP = "10.1.0.2"
_WATCH_SECONDS = 300
_SECONDS = 60
# The images of the tests are in no registry, so that their digests cannot be looked up.
_SETTINGS = {
    "config-deployment": {
        "queue-sidecar-image": "knative.dev/queue:v0.48.1",
        "registries-skipping-tag-resolving": "index.docker.io,docker.io,gcr.io,ghcr.io,quay.io"
        ",nvcr.io,mcr.microsoft.com,kind.local,ko.local,dev.local,registry.example.com"
        ",registry.example.com:5000,registry.corp.example,registry.corp.example:5000"
        ",reg.example,reg.example:5000,mirror.example:443",
    },
    "config-network": {"ingress-class": _INGRESS_CLASS},
    "config-domain": {"example.com": ""},
}


@contextmanager
def knative_serving(plane: ControlPlane) -> Iterator[None]:
    """Run Knative Serving's controller and autoscaler, and mark every ingress Ready.

    Not there: its webhook (nothing is defaulted or refused), the activator and a real ingress,
    so no traffic flows and nothing scales to or from zero by load. Raises PortTakenError.
    """
    with claimed_port(_STATS_PORT, "Knative's autoscaler"):
        _install(plane.api)
        for name, leases in _LEASES.items():
            _lead(plane, name, leases)
        with _marked_ingresses(plane):
            yield


@contextmanager
def _marked_ingresses(plane: ControlPlane) -> Iterator[None]:
    stop, api = threading.Event(), Api(plane.kubeconfig("knative-ingress"))
    threading.Thread(target=_mark_ingresses, args=[api, stop], daemon=True).start()
    try:
        yield
    finally:
        stop.set()
        api.close()


def install_bare(api: Api) -> None:
    """Install what KServe looks for when Knative's programs do not run.

    The Knative Service that KServe then writes shows its decision all the same. The ConfigMap is
    read by KServe from 0.15 on.
    """
    core = module_folder("knative.dev/serving") / "config/core"
    found = documents(*sorted((core / "300-resources").glob("*.yaml")))
    apply_crds(api, [_bare(m) for m in found if m["spec"].get("group") == "serving.knative.dev"])
    api.apply(basic_object("v1", "Namespace", NAMESPACE))
    api.apply(_config(*documents(core / "configmaps/autoscaler.yaml")))


def _install(api: Api) -> None:
    api.apply(basic_object("v1", "Namespace", NAMESPACE))
    found = documents(*_files())
    apply_crds(api, [_bare(m) for m in found if m["kind"] == "CustomResourceDefinition"])
    api.apply_all(_config(manifest) for manifest in found if manifest["kind"] == "ConfigMap")
    api.apply_all(_activator())


def _files() -> Iterator[Path]:
    pinned = partial(module_folder, pins="knative")
    for folder in (
        pinned("knative.dev/serving") / "config/core/300-resources",
        pinned("knative.dev/serving") / "config/core/configmaps",
        pinned("knative.dev/networking") / "config",
        pinned("knative.dev/caching") / "config",
    ):
        yield from sorted(folder.glob("*.yaml"))


def _bare(crd: Manifest) -> Manifest:
    """Without what the API server refuses, and the webhook that would convert versions."""
    crd["metadata"].pop("creationTimestamp", None)
    crd["spec"].pop("conversion", None)
    return crd


def _config(config: Manifest) -> Manifest:
    """With our settings, and without the example and the checksum that guards it."""
    name = config["metadata"]["name"]
    data = {key: value for key, value in config.get("data", {}).items() if key != "_example"}
    return basic_object(
        "v1", "ConfigMap", name, NAMESPACE, data={**data, **_SETTINGS.get(name, {})}
    )


def _activator() -> list[Manifest]:
    """Knative wants the activator's address before it routes anything."""
    ports = [{"name": "http", "port": 8012}, {"name": "http2", "port": 8013}]
    subsets = [{"addresses": [{"ip": _POD_IP}], "ports": ports}]
    name = "activator-service"
    return [
        basic_object("v1", "Service", name, NAMESPACE, spec={"ports": ports}),
        basic_object("v1", "Endpoints", name, NAMESPACE, subsets=subsets),
    ]


def _start(plane: ControlPlane, name: str) -> Process:
    env = {
        "SYSTEM_NAMESPACE": NAMESPACE,
        "CONFIG_LOGGING_NAME": "config-logging",
        "CONFIG_OBSERVABILITY_NAME": "config-observability",
        "METRICS_DOMAIN": "knative.dev/serving",
        "POD_NAME": name,
        "POD_IP": _POD_IP,
        "METRICS_PROMETHEUS_PORT": str(free_port()),
        "PROFILING_PORT": str(free_port()),
    }
    return plane.run(name, [f"-kubeconfig={plane.kubeconfig(name)}"], env)


def _lead(plane: ControlPlane, name: str, leases: frozenset[str]) -> None:
    """Start a program and wait for its leases: it acts once it holds them."""
    process = _start(plane, name)

    def hold_leases() -> bool:
        found = plane.api.list("coordination.k8s.io/v1", "Lease", NAMESPACE)
        held = {lease["metadata"]["name"] for lease in found if lease["spec"]["holderIdentity"]}
        return held >= leases

    wait_until(hold_leases, _SECONDS, f"{name} to hold its leases", [process])


def _mark_ingresses(api: Api, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            for event in api.watch(*_INGRESS, "", "", _WATCH_SECONDS):
                if event["type"] in ("ADDED", "MODIFIED"):
                    _mark(api, event["object"])
        except (urllib3.exceptions.HTTPError, OSError, ApiError, ValueError):
            stop.wait(0.2)


def _mark(api: Api, ingress: Manifest) -> None:
    generation = ingress["metadata"]["generation"]
    if ingress.get("status", {}).get("observedGeneration") == generation:
        return
    status = {
        "observedGeneration": generation,
        "conditions": [
            {"type": kind, "status": "True", "lastTransitionTime": now()}
            for kind in _INGRESS_CONDITIONS
        ],
        "publicLoadBalancer": _LOAD_BALANCER,
        "privateLoadBalancer": _LOAD_BALANCER,
    }
    ingress = {"apiVersion": _INGRESS[0], "kind": _INGRESS[1], "metadata": ingress["metadata"]}
    api.patch(ingress, {"status": status}, subresource="status")
