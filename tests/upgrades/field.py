"""A cluster on its way through the releases: services made, images set, everybody reconciled."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from tests.real.world import CONFIG
from tests.testbed.api import Manifest, basic_object, is_true
from tests.testbed.install import Stop, apply_runtimes, knows
from tests.testbed.kserve import SERVING, SERVING_ALPHA, KServe
from tests.testbed.waiting import wait_until
from tests.upgrades.images import PROBE, Images, images, written_in
from tests.upgrades.shipped import shipped_runtimes
from tests.upgrades.walk import Made, Step

_NEVER_OBSERVED = itertools.count(1_000_000)
_SECONDS = 120


@dataclass
class Field:
    """A KServe and the services that were made on it so far."""

    kserve: KServe
    probes: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def images(self) -> Images:
        """What KServe wrote for each service."""
        return images(self.kserve.api, self.kserve.release.version)

    def config(self) -> Mapping[str, str]:
        """The data of the ConfigMap."""
        found = self.kserve.api.get_same(CONFIG)
        assert found is not None
        data: Mapping[str, str] = found["data"]
        return data

    def has_runtimes(self) -> bool:
        """Whether the release that runs knows ServingRuntimes."""
        return knows(self.kserve.api, "ServingRuntime")

    def upgrade(self, release: str) -> None:
        """Install another release, with the runtimes that it ships itself."""
        self.kserve.upgrade(release, Stop.CONTROLLER)
        apply_runtimes(self.kserve.api, shipped_runtimes(release), Stop.END)

    def people(self, step: Step) -> None:
        """Have people set and make what they do under a release."""
        self.set_images(step)
        self.make(step.made)

    def services(self) -> list[Manifest]:
        """Everybody's services, without one that a probe left while no controller could run."""
        every = self.kserve.api.list(SERVING, "InferenceService")
        return [each for each in every if each["metadata"]["namespace"] != PROBE]

    def ready(self) -> frozenset[str]:
        """Who is Ready; nobody in Knative's mode without real Knative Serving."""
        return frozenset(_name(each) for each in self.services() if is_true(each, "Ready"))

    def make(self, made: Iterable[Made]) -> None:
        """Make services, and wait until KServe has written something for each."""
        wanted = [each.manifest for each in made]
        self._make_namespaces({each["metadata"]["namespace"] for each in wanted})
        for manifest in wanted:
            self.kserve.api.create(manifest)
        names = {_name(each) for each in wanted}
        wait_until(lambda: names <= set(self.images()), _SECONDS, f"workloads of {names}")

    def set_images(self, step: Step) -> None:
        """Set what the administrator sets under a release, each with the tag that was there."""
        if step.predictors:
            self._set_predictors(step.predictors)
        for name, repository in step.runtimes.items():
            self._set_runtime(name, repository)

    def configure(self, key: str, document: object) -> None:
        """Set one key of the ConfigMap, as who applies an edited manifest.

        So what a newer release no longer ships goes with it, as it does with kubectl.
        """
        data = {**self.config(), key: json.dumps(document)}
        self.kserve.api.apply({**CONFIG, "data": data})

    def restart(self, timeout: float) -> None:
        """Restart the controller, and wait for it; raises WaitTimeoutError."""
        stamp = {"kmigrate-testbed/restarted": str(next(_NEVER_OBSERVED))}
        change = {"spec": {"template": {"metadata": {"annotations": stamp}}}}
        self.kserve.api.patch(self.kserve.controller, change)
        self.kserve.wait_controller(timeout)

    def settle(self) -> Images:
        """Have KServe look at every service, and return what there is then.

        Its queue is served in turn by one worker (a Reconciler without MaxConcurrentReconciles,
        all releases): a service that is made after the others were woken is done after them.
        """
        if self.has_runtimes():
            self._see_runtimes()
        for service in self.services():
            self._wake(service)
        self._probe({"containers": [{"name": "kserve-container", "image": "probe/server:v1"}]})
        return self.images()

    def _see_runtimes(self) -> None:
        """Wait until the controller knows all runtimes: a new one reaches it after the others."""
        name = f"probe-{next(self.probes)}"
        containers = [{"name": "kserve-container", "image": "probe/server:v1"}]
        spec = {"supportedModelFormats": [{"name": name}], "containers": containers}
        runtime = basic_object(SERVING_ALPHA, "ClusterServingRuntime", name, spec=spec)
        self.kserve.api.create(runtime)
        model = {"modelFormat": {"name": name}, "runtime": name, "storageUri": "gs://models/probe"}
        try:
            self._probe({"model": model})
        finally:
            self.kserve.api.delete(runtime)

    def _wake(self, service: Manifest) -> None:
        status = {"status": {"observedGeneration": next(_NEVER_OBSERVED)}}
        self.kserve.api.patch(service, status, subresource="status")

    def _probe(self, predictor: Mapping[str, object]) -> None:
        """Have one more service reconciled, and take it away again."""
        name = f"probe-{next(self.probes)}"
        service = basic_object(SERVING, "InferenceService", name, PROBE)
        self._make_namespaces({PROBE})
        self.kserve.api.create({**service, "spec": {"predictor": predictor}})
        try:
            wait_until(partial(self._is_done, service), _SECONDS, f"{name} to be reconciled")
        finally:
            self.kserve.api.delete(service)
        wait_until(partial(self._is_gone, service), _SECONDS, f"{name} to be gone")

    def _is_done(self, service: Manifest) -> bool:
        name = service["metadata"]["name"]
        if self._is_written(name):
            return True
        self._wake(service)
        return False

    def _is_gone(self, service: Manifest) -> bool:
        return self.kserve.api.get_same(service) is None

    def _is_written(self, name: str) -> bool:
        written = written_in(self.kserve.api, PROBE)
        return any(each["metadata"]["name"].startswith(f"{name}-predictor") for each in written)

    def _make_namespaces(self, names: Iterable[str]) -> None:
        for name in names:
            self.kserve.api.apply(basic_object("v1", "Namespace", name))

    def _set_predictors(self, repositories: Mapping[tuple[str, str], str]) -> None:
        document = json.loads(self.config()["predictors"])
        for (kind, protocol), repository in repositories.items():
            document[kind][protocol]["image"] = repository
        self.configure("predictors", document)

    def _set_runtime(self, name: str, repository: str) -> None:
        found = self.kserve.api.get(SERVING_ALPHA, "ClusterServingRuntime", name)
        assert found is not None, name
        containers = found["spec"]["containers"]
        tag = containers[0]["image"].rpartition(":")[2]
        containers[0]["image"] = f"{repository}:{tag}"
        self.kserve.api.patch(found, {"spec": {"containers": containers}})


def _name(manifest: Manifest) -> str:
    return f"{manifest['metadata']['namespace']}/{manifest['metadata']['name']}"
