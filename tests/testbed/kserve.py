"""A cluster with KServe installed and its real controller running."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.testbed.api import Manifest, basic_object, is_true
from tests.testbed.claims import claimed_port
from tests.testbed.control_plane import ControlPlane
from tests.testbed.install import (
    Stop,
    apply_before_controller,
    apply_controller,
    apply_crds,
    apply_runtimes,
    knows,
    restore,
)
from tests.testbed.knative import install_bare, knative_serving
from tests.testbed.kubelet import Kubelet
from tests.testbed.manager import write_webhook_certificate
from tests.testbed.manifests import (
    NAMESPACE,
    WEBHOOK_PORT,
    istio_crds,
    release_manifests,
)
from tests.testbed.nodes import start_nodes
from tests.testbed.ports import free_port
from tests.testbed.programs import build
from tests.testbed.releases import RELEASES, SERVERLESS, Release
from tests.testbed.waiting import WaitTimeoutError, wait_until

SERVING = "serving.kserve.io/v1beta1"
SERVING_ALPHA = "serving.kserve.io/v1alpha1"
KNATIVE = "serving.knative.dev/v1"
_CONTROLLER = "kserve-controller-manager"
_USERS_OBJECTS = (
    (SERVING_ALPHA, "InferenceGraph"),
    (SERVING_ALPHA, "TrainedModel"),
    (SERVING, "InferenceService"),
    (SERVING_ALPHA, "ServingRuntime"),
)
_OURS = {"app.kubernetes.io/managed-by": "kmigrate-testbed"}
_SECONDS = 60


class KServe:
    """A running cluster with one KServe release; see ``plane`` for the control plane itself.

    ``admin`` is a kubeconfig for everything, ``api`` the testbed's own client, ``audit`` the
    audit log, ``installed`` the releases it has had, the present one last. Use it as a context
    manager, or call stop(). With ``knative`` the Serverless releases get real revisions and
    pods; without, what KServe decided is to be read in the Knative Service it writes. Up to 0.9
    one such cluster runs on a machine at a time; another raises PortTakenError.
    """

    def __init__(self, release: str, folder: Path | None = None, *, knative: bool = False) -> None:
        self.release = self._first = RELEASES[release]
        self.has_knative = knative
        # A build may take minutes: not while a half started control plane waits for it.
        build(f"kserve-manager-{release}")
        with ExitStack() as undo:
            self.port = undo.enter_context(_webhook_port(self.release))
            self.plane = undo.enter_context(ControlPlane(folder))
            self.api, self.audit = self.plane.api, self.plane.audit
            self.admin = self.plane.admin
            start_nodes(self.plane)
            write_webhook_certificate(self.plane)
            apply_crds(self.api, istio_crds())
            if knative:
                undo.enter_context(knative_serving(self.plane))
            else:
                install_bare(self.api)
            self.kubelet: Kubelet | None = None
            self.installed: list[str] = []
            undo.callback(self._stop_kubelet)
            self._install(self.release, Stop.END)
            self._undo = undo.pop_all()

    def stop(self) -> None:
        """End every process and remove the files."""
        self._undo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def mode(self) -> str:
        """The default deployment mode; a cluster that began as Serverless stays so."""
        return self._first.mode if self._first.mode == SERVERLESS else self.release.mode

    @property
    def controller(self) -> Manifest:
        """The workload that owns the controller's pod, without its spec."""
        return basic_object("apps/v1", self.release.workload, _CONTROLLER, NAMESPACE)

    @property
    def manager_pid(self) -> int | None:
        """The process id of the manager, None while none runs."""
        return self.kubelet.pid if self.kubelet else None

    def is_as_installed(self, release: str, *, knative: bool = False) -> bool:
        """Whether it is as if just started so: never upgraded, and its manager runs."""
        is_same = self.installed == [release] and self.has_knative == knative
        return is_same and self.manager_pid is not None

    def upgrade(self, release: str, until: Stop = Stop.END) -> None:
        """Install another release, newer or older, over this one, and wait for its controller.

        Like ``kubectl apply`` of its manifests, given up at ``until``: what only the former
        release had stays, but for the controller's workload if it was of another kind, or two
        controllers would run.
        """
        build(f"kserve-manager-{release}")
        if not RELEASES[release].port_flag and self.port != WEBHOOK_PORT:
            raise ValueError(f"KServe {release} can serve at no port but {WEBHOOK_PORT}")
        former = self.controller
        self._install(RELEASES[release], until)
        if former["kind"] == "Deployment" != self.release.workload:
            self.api.delete(former)

    def wait_controller(self, timeout: float = _SECONDS) -> None:
        """Wait until the controller's rollout is complete and its pod Ready (webhooks answer)."""

        def runs() -> bool:
            serving = self.kubelet and self.kubelet.serving
            return serving == self.release and _is_rolled_out(self.api.get_same(self.controller))

        what = f"the controller of KServe {self.release.version} to run"
        try:
            wait_until(runs, timeout, what)
        except WaitTimeoutError as error:
            process = self.kubelet and self.kubelet.process
            raise WaitTimeoutError(f"{error}{process.tail() if process else ''}") from None

    def create_namespace(self, prefix: str = "test") -> str:
        """Create a namespace with a fresh name and return the name; clear() deletes it."""
        namespace = basic_object("v1", "Namespace", f"{prefix}-{uuid.uuid4().hex[:8]}")
        namespace["metadata"]["labels"] = _OURS
        return str(self.api.create(namespace)["metadata"]["name"])

    def wait_predictor(self, namespace: str, name: str) -> Manifest:
        """Wait for what KServe writes for the predictor of InferenceService ``name``; return it.

        That is a Knative Service in releases that run Serverless, else a Deployment.
        """
        if self.mode == SERVERLESS:
            return self.wait_knative_service(namespace, name)
        return self._wait_written("apps/v1", "Deployment", namespace, f"{name}-predictor")

    def wait_ready(self, namespace: str, name: str) -> Manifest:
        """Wait until InferenceService ``name`` is Ready, and return it.

        Never so in releases that run Serverless, unless the cluster has real Knative Serving.
        """

        def ready() -> Manifest | None:
            service = self.api.get(SERVING, "InferenceService", name, namespace)
            return service if service and is_true(service, "Ready") else None

        return wait_until(ready, _SECONDS, f"InferenceService {namespace}/{name} to be Ready")

    def wait_knative_service(self, namespace: str, name: str) -> Manifest:
        """Wait for the Knative Service of InferenceService ``name``, and return it.

        Its name ends in ``-default`` if a release up to 0.10 made it.
        """
        names = f"{name}-predictor-default", f"{name}-predictor"
        return self._wait_written(KNATIVE, "Service", namespace, *names)

    def clear(self) -> None:
        """Delete what tests left: KServe objects of all namespaces, and their namespaces."""
        for api_version, kind in _USERS_OBJECTS:
            if knows(self.api, kind):
                self._delete_all(api_version, kind)
        labels = ",".join(f"{key}={value}" for key, value in _OURS.items())
        for namespace in self.api.list("v1", "Namespace", labels=labels):
            self.api.delete(namespace)

    def reset(self) -> None:
        """Do what clear() does, and put KServe's configuration and runtimes back as released.

        ConfigMaps and Leases that the release does not have are deleted from KServe's namespace.
        """
        self.clear()
        restore(self.api, self._manifests(self.release))

    def _wait_written(self, api_version: str, kind: str, namespace: str, *names: str) -> Manifest:
        def written() -> Manifest | None:
            found = (self.api.get(api_version, kind, name, namespace) for name in names)
            return next(filter(None, found), None)

        what = f"KServe to write {kind} {namespace}/{' or '.join(names)}"
        return wait_until(written, _SECONDS, what)

    def _delete_all(self, api_version: str, kind: str) -> None:
        for manifest in self.api.list(api_version, kind):
            self.api.delete(manifest)
        wait_until(lambda: not self.api.list(api_version, kind), _SECONDS, f"no {kind} to be left")

    def _manifests(self, release: Release) -> list[Manifest]:
        mode = self.mode if self.mode == SERVERLESS else release.mode
        return release_manifests(release, self.plane.authority.ca, mode, self.port)

    def _install(self, release: Release, stop: Stop) -> None:
        """From 0.11 on a webhook of the new release checks the runtimes: they come last."""
        manifests = self._manifests(release)
        self.installed.append(release.version)
        apply_before_controller(self.api, manifests, stop)
        if stop >= Stop.CONTROLLER:
            self.release = release
            apply_controller(self.api, manifests)
            self.kubelet = self.kubelet or Kubelet(self.plane, self.port)
            self.wait_controller()
        apply_runtimes(self.api, manifests, stop)

    def _stop_kubelet(self) -> None:
        if self.kubelet:
            self.kubelet.stop()


@contextmanager
def _webhook_port(release: Release) -> Iterator[int]:
    if release.port_flag:
        yield free_port()
        return
    with claimed_port(WEBHOOK_PORT, "KServe's manager"):
        yield WEBHOOK_PORT


def _is_rolled_out(workload: Manifest | None) -> bool:
    if workload is None:
        return False
    status, replicas = workload.get("status", {}), workload["spec"]["replicas"]
    counts = (status.get(f"{kind}Replicas", 0) for kind in ("updated", "ready", "available"))
    seen = status.get("observedGeneration", 0) >= workload["metadata"]["generation"]
    return seen and all(n == replicas for n in (status.get("replicas", 0), *counts))
