"""A stand-in for the kubelet that runs the KServe controller's pod as a process."""

import queue
import threading
from dataclasses import dataclass

import urllib3

from tests.testbed.api import STRATEGIC, Api, ApiError, Manifest
from tests.testbed.cache import say
from tests.testbed.control_plane import ControlPlane
from tests.testbed.manager import start_manager, wait_serving
from tests.testbed.manifests import NAMESPACE
from tests.testbed.nodes import CONTROLLER_LABEL
from tests.testbed.pods import refused_status, running_status
from tests.testbed.processes import Process
from tests.testbed.releases import RELEASES, Release

_LABELS = ",".join(f"{key}={value}" for key, value in CONTROLLER_LABEL.items())
_WATCH_SECONDS = 300
_FIRST_BACKOFF = 0.2
_LONGEST_BACKOFF = 5.0


@dataclass
class _Running:
    pod: Manifest
    process: Process
    release: Release
    restarts: int = 0
    ready: bool = False

    @property
    def uid(self) -> str:
        return str(self.pod["metadata"]["uid"])


class Kubelet:
    """Runs the manager that the newest controller pod asks for, and reports the pod's state.

    Its webhooks are served at ``port``, whichever release runs.

    A new pod (restart, upgrade, downgrade) stops the old process and starts one of the release
    that its image names; a process that dies is started again after a short pause, with
    ``restartCount`` raised. The pod is Ready only while the manager's webhooks answer. An image
    of no known release is reported as ErrImagePull, and the old process goes on.

    Unlike on a real node, two pods of a rolling update never run side by side, because both
    would need the same port: for about two seconds the webhooks are down, which a real
    Deployment would avoid (a real StatefulSet, as up to 0.8, would not).
    """

    def __init__(self, plane: ControlPlane, port: int) -> None:
        self._plane, self._port = plane, port
        self._api = Api(plane.kubeconfig("kubelet"))
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._seen: dict[str, int] = {}
        self._refused: set[str] = set()
        self._running: _Running | None = None
        self._threads = [
            threading.Thread(target=target, name=target.__name__, daemon=True)
            for target in (self._watch, self._serve)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int | None:
        """The process id of the manager, None while none runs."""
        running = self._running
        return running.process.pid if running and running.process.exit_code is None else None

    @property
    def serving(self) -> Release | None:
        """The release whose manager runs, serves its webhooks and is reported as Ready."""
        running = self._running
        return running.release if running and running.ready and self.pid else None

    @property
    def process(self) -> Process | None:
        """The manager's process, None while none was started."""
        return self._running.process if self._running else None

    def stop(self) -> None:
        """Stop the manager and this stand-in; call it before the API server stops."""
        self._stopping.set()
        self._wake.put(None)
        if process := self.process:
            process.kill()
        self._threads[1].join()
        self._stop_manager()
        self._api.close()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                for _ in self._api.watch("v1", "Pod", NAMESPACE, _LABELS, _WATCH_SECONDS):
                    self._wake.put(None)
            except (urllib3.exceptions.HTTPError, OSError, ApiError, ValueError):
                # The server is stopping, or the connection broke: look at the pods, watch anew.
                self._wake.put(None)
                self._stopping.wait(_FIRST_BACKOFF)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._wake.get()
            try:
                if not self._stopping.is_set():
                    self._sync()
            except ApiError as error:
                # The pod went away meanwhile; its successor's event follows.
                say(f"kubelet: {error}")
            except (urllib3.exceptions.HTTPError, OSError) as error:
                say(f"kubelet: {error}")

    def _sync(self) -> None:
        pods = self._pods()
        wanted = next((pod for pod in pods if self._can_run(pod)), None)
        if self._running and (wanted is None or wanted["metadata"]["uid"] != self._running.uid):
            self._stop_manager()
        if wanted and self._running is None:
            self._run(wanted, restarts=0)
        elif self._running and self._running.process.exit_code is not None:
            self._run_again(self._running)

    def _pods(self) -> list[Manifest]:
        """The controller's pods on our node that are meant to run, the newest first."""
        pods = self._api.list("v1", "Pod", NAMESPACE, _LABELS)
        for pod in sorted(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"])):
            # Creation times have whole seconds: two restarts within one need our own order.
            self._seen.setdefault(pod["metadata"]["uid"], len(self._seen))
        bound = [pod for pod in pods if _is_to_run(pod)]
        return sorted(bound, key=lambda pod: -self._seen[pod["metadata"]["uid"]])

    def _can_run(self, pod: Manifest) -> bool:
        if _release_of(pod):
            return True
        uid = pod["metadata"]["uid"]
        if uid not in self._refused:
            self._refused.add(uid)
            self._report(pod, refused_status(pod))
        return False

    def _run(self, pod: Manifest, restarts: int) -> None:
        release = _release_of(pod)
        assert release is not None
        process = start_manager(self._plane, release, self._port)
        self._running = _Running(pod, process, release, restarts)
        threading.Thread(target=self._wake_at_end, args=[process], daemon=True).start()
        self._report(pod, running_status(pod, restarts, ready=False))
        if wait_serving(process, self._port):
            self._report(pod, running_status(pod, restarts, ready=True))
            self._running.ready = True

    def _run_again(self, dead: _Running) -> None:
        say(f"kubelet: the manager ended ({dead.process.exit_code}); starting it again")
        restarts = dead.restarts + 1
        self._report(dead.pod, running_status(dead.pod, restarts, ready=False))
        pause = min(_FIRST_BACKOFF * 2**dead.restarts, _LONGEST_BACKOFF)
        if not self._stopping.wait(pause):
            self._run(dead.pod, restarts)

    def _stop_manager(self) -> None:
        if self._running:
            self._running.process.stop()
            self._running = None

    def _wake_at_end(self, process: Process) -> None:
        process.wait()
        self._wake.put(None)

    def _report(self, pod: Manifest, status: Manifest) -> None:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"]}
        self._api.patch(pod, {"status": status}, STRATEGIC, "status")


def _is_to_run(pod: Manifest) -> bool:
    return "nodeName" in pod["spec"] and "deletionTimestamp" not in pod["metadata"]


def _release_of(pod: Manifest) -> Release | None:
    containers = {item["name"]: item["image"] for item in pod["spec"]["containers"]}
    tag = containers.get("manager", "").rpartition(":")[2]
    return RELEASES.get(tag.removeprefix("v"))
