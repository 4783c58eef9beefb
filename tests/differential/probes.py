"""Probes: services and runtimes of our own that show how far the manager has come.

Each cache of the manager is filled by one watch, in the order of the writes. So a marker written
last, once acted on, proves that everything of its kind before it has been seen: a runtime of each
scope, and in the ConfigMap the image of an explainer. The manager reconciles with one worker, and
the services of a watch are queued in their order: a probe created last, once reported on, proves
that every service before it was reconciled at least once. Its report is an event where it can be,
because events are written one after the other, too.
"""

import json
from collections.abc import Callable
from functools import partial

from tests.differential.shapes import (
    CLUSTER_RUNTIME,
    RUNTIME,
    SERVICE,
    SERVING,
    SERVING_ALPHA,
    WITHOUT_RUNTIMES,
    Manifest,
    version_of,
)
from tests.testbed.api import basic_object
from tests.testbed.kserve import KNATIVE, KServe
from tests.testbed.waiting import WaitTimeoutError, wait_until

_MODE = "serving.kserve.io/deploymentMode"
_CONTAINER = {"name": "kserve-container", "image": "reg.example:5000/probe/server:1"}
# From 0.12 on the ConfigMap is read from the API server each time.
_FIRST_WITHOUT_CACHED_CONFIG = (0, 12)
_SECONDS = 90
_TRIES = 10


class Probes:
    """The probes of one cluster, in a namespace that nothing else uses.

    ``still_runs`` raises if the manager does not run any more, so that nothing waits for it.
    """

    def __init__(self, kserve: KServe, namespace: str, still_runs: Callable[[], None]) -> None:
        self._api = kserve.api
        self._release = kserve.release.version
        self._mode = "RawDeployment" if kserve.mode != "Serverless" else "Serverless"
        self.namespace = namespace
        self._still_runs = still_runs
        self._count = 0

    @property
    def caches_config(self) -> bool:
        """Whether the manager reads the ConfigMap from a cache that has to be waited for."""
        return version_of(self._release) < _FIRST_WITHOUT_CACHED_CONFIG

    def wait_runtimes_seen(self) -> None:
        """Wait until the manager knows all runtimes, by a marker of each scope."""
        if self._release == WITHOUT_RUNTIMES:
            return
        names = [self._mark(kind) for kind in (CLUSTER_RUNTIME, RUNTIME)]
        for name in names:
            self._api.create(self._service(name, _of_runtime(name)))
        for name in names:
            self._wait(partial(self._has_workload, name, "predictor"), name)

    def wait_config_seen(self, image: str) -> None:
        """Wait until the manager's ConfigMap is one whose explainer ``art`` has this image."""
        for _ in range(_TRIES):
            if image in self._explainer_in_use():
                return
        raise WaitTimeoutError(f"the manager goes on without the ConfigMap with {image}")

    def wait_all_reconciled(self) -> None:
        """Wait until every service created before was reconciled, and reported on if it failed."""
        name = self._fresh("last")
        if self._release == WITHOUT_RUNTIMES:
            self._api.create(self._service(name, {"predictor": {"containers": [_CONTAINER]}}))
            self._wait(lambda: self._has_workload(name, "predictor"), name)
            return
        self._api.create(self._service(name, _of_runtime("there-is-none")))
        self._wait(lambda: self._has_event(name), name)

    def _explainer_in_use(self) -> str:
        """A custom predictor with an explainer: nothing else of the cluster plays a part."""
        name = self._fresh("config")
        spec: Manifest = {"predictor": {"containers": [_CONTAINER]}}
        spec["explainer"] = {"art": {"type": "SquareAttack"}}
        self._api.create(self._service(name, spec))
        self._wait(lambda: self._has_workload(name, "explainer"), name)
        return json.dumps([found["spec"] for found in self._workloads(name, "explainer")])

    def _mark(self, kind: str) -> str:
        """Create a runtime that nobody chooses, and return its name."""
        name = self._fresh("marker")
        formats = [{"name": "probe", "version": "1"}]
        spec = {"supportedModelFormats": formats, "containers": [_CONTAINER]}
        namespace = self.namespace if kind == RUNTIME else ""
        self._api.create(basic_object(SERVING_ALPHA, kind, name, namespace, spec=spec))
        return name

    def _fresh(self, word: str) -> str:
        self._count += 1
        return f"{word}-{self._count}"

    def _service(self, name: str, spec: Manifest) -> Manifest:
        service = basic_object(SERVING, SERVICE, name, self.namespace, spec=spec)
        service["metadata"]["annotations"] = {_MODE: self._mode}
        return service

    def _has_workload(self, service: str, component: str) -> bool:
        return bool(self._workloads(service, component))

    def _workloads(self, service: str, component: str) -> list[Manifest]:
        kind = (KNATIVE, "Service") if self._mode == "Serverless" else ("apps/v1", "Deployment")
        names = f"{service}-{component}-default", f"{service}-{component}"
        found = (self._api.get(*kind, name, self.namespace) for name in names)
        return [workload for workload in found if workload]

    def _has_event(self, service: str) -> bool:
        events = self._api.list("v1", "Event", self.namespace)
        return any(event["involvedObject"]["name"] == service for event in events)

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        def holds() -> bool:
            self._still_runs()
            return condition()

        wait_until(holds, _SECONDS, f"the manager to act on {what}")


def _of_runtime(runtime: str) -> Manifest:
    return {"predictor": {"model": {"modelFormat": {"name": "probe"}, "runtime": runtime}}}
