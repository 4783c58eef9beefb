"""A generated cluster put before the real controllers, until they have nothing left to do."""

from dataclasses import dataclass

from tests.differential import collect
from tests.differential.dice import Dice
from tests.differential.managerlog import ManagerLog, is_stale
from tests.differential.occupied import Occupied
from tests.differential.prediction import REFUSED
from tests.differential.probes import Probes
from tests.differential.rename import Names
from tests.differential.shapes import (
    CLUSTER_RUNTIME,
    RUNTIME,
    SERVICE,
    SERVING,
    SERVING_ALPHA,
    WITHOUT_RUNTIMES,
    Cluster,
    Manifest,
    key_of,
)
from tests.forecasts import edits, generator
from tests.forecasts.seen import Sight, is_quiet, look
from tests.testbed.api import basic_object
from tests.testbed.manifests import NAMESPACE
from tests.testbed.waiting import wait_until

CONTAINER = "kserve-container"
_SECONDS = 180
_ROUNDS = 30
# So many of those that end without a workload stay: people have them, too.
_FAILING = 1


class RestlessError(RuntimeError):
    """The controller does not come to rest."""


@dataclass
class Scene:
    """One generated cluster on the live one; ``live.begin`` was called before it is made."""

    live: Occupied
    cluster: Cluster
    left_out: int = 0

    def __post_init__(self) -> None:
        self._names = Names()
        self.namespaces = [
            self.live.new_namespace(self._names.live(n)) for n in self.cluster["namespaces"]
        ]
        own = self.live.new_namespace(self._names.live("probes"))
        self._probes = Probes(self.live.kserve, own, self.live.still_runs)
        self._all = self._log = ManagerLog(self.live.kserve)

    def put(self) -> dict[str, Sight]:
        """Put it in, and leave out what the controllers refuse, but for a few."""
        self._put_settings(self.cluster["config"])
        self.live.put_runtimes(self.cluster["runtimes"], self._names)
        self._probes.wait_runtimes_seen()
        self.left_out += len(self.live.put_services(self.cluster, self._names))
        self.settle()
        self._leave_out()
        return self.settle()

    def edit(self, dice: Dice, seen: dict[str, Sight], *, always: bool = False) -> list[str]:
        """Edit here and there what sets images, waking nobody; return what was edited."""
        api, images = self.live.api, {i for s in seen.values() for i in s.images.values()}
        runtimes = edits.in_use(self._runtimes(), images)
        done = self._edit_predictors(dice)
        done += edits.edit_runtimes(dice, api, runtimes, always=always)
        done += edits.hide_runtime(dice, api, runtimes, self.namespaces)
        self.settle()
        return done

    def settle(self) -> dict[str, Sight]:
        """Return what is seen once nothing changes any more: all is reconciled, and at rest."""
        former: dict[str, Sight] = {}
        for _ in range(_ROUNDS):
            self._probes.wait_runtimes_seen()
            self._probes.wait_all_reconciled()
            wait_until(self._is_quiet, _SECONDS, "the Deployments to be rolled out")
            seen = look(self.live.api, self.namespaces)
            if seen == former and not self._log.has_stale_errors():
                self._remove_probes()
                return seen
            former, self._log = seen, ManagerLog(self.live.kserve)
        raise RestlessError(f"{_differing(former, seen)} still change")

    def follow(self) -> None:
        """Go on with the manager that runs now, whichever it is."""
        self.live.begin()
        self._log = ManagerLog(self.live.kserve)

    def settings(self) -> tuple[object, dict[str, object]]:
        """What sets images, as it is: the ConfigMap, and the runtimes."""
        config = basic_object("v1", "ConfigMap", "inferenceservice-config", NAMESPACE)
        data = (self.live.api.get_same(config) or {}).get("data")
        own = [] if self.cluster["release"] == WITHOUT_RUNTIMES else self._own_runtimes()
        of_cluster = {one["metadata"]["name"]: one["spec"] for one in self._runtimes()}
        return data, of_cluster | {key_of(one): one["spec"] for one in own}

    def end(self) -> None:
        """Take it away, with the records of runs."""
        self.live.clear()
        self.live.kserve.wait_controller()
        for name in self.namespaces:
            self.live.api.delete(basic_object("v1", "Namespace", name))
        for kind in (("v1", "ConfigMap"), ("coordination.k8s.io/v1", "Lease")):
            for found in self.live.api.list(*kind, NAMESPACE):
                if found["metadata"]["name"].startswith("kmigrate"):
                    self.live.api.delete(found)

    def _is_quiet(self) -> bool:
        has_knative = self.live.kserve.has_knative
        return is_quiet(self.live.api, self.namespaces, has_knative=has_knative)

    def _put_settings(self, changes: dict[str, str]) -> None:
        """Told apart from those of the cluster before, or they might be taken for the same."""
        mark = f"{self.cluster['seed']}-{self.cluster['index']}"
        self._settings = changes
        self.live.settings.put({**changes, "generated": mark}, self._probes)

    def _leave_out(self) -> None:
        """Delete the services with errors: of those, some moves would be refused, others not."""
        found = collect.read(self.live.api, self.namespaces)
        errors = self._all.errors()
        failing = [s for s in found.services if _has_failed(s, found, errors)]
        kept = [s for s in failing if _fails_by_itself(s, found, errors)][:_FAILING]
        gone = [service for service in failing if service not in kept]
        self.left_out += len(gone)
        for service in gone:
            self.live.remove(service)

    def _edit_predictors(self, dice: Dice) -> list[str]:
        told = self.live.settings.told()["predictors"]
        if told is None or not dice.chance(50):
            return []
        self._put_settings(
            {**self._settings, "predictors": generator.edited_predictors(dice, told)}
        )
        return ["predictors"]

    def _runtimes(self) -> list[Manifest]:
        return edits.cluster_runtimes(self.live.api, self.cluster["release"])

    def _own_runtimes(self) -> list[Manifest]:
        names = self.namespaces
        return [one for name in names for one in self.live.api.list(SERVING_ALPHA, RUNTIME, name)]

    def _remove_probes(self) -> None:
        """Nothing of the probes is to be part of a plan."""
        for service in self.live.api.list(SERVING, SERVICE, self._probes.namespace):
            self.live.remove(service)
        if self.cluster["release"] != WITHOUT_RUNTIMES:
            for runtime in self.live.api.list(SERVING_ALPHA, CLUSTER_RUNTIME):
                if runtime["metadata"]["name"].startswith(edits.MARKER):
                    self.live.api.delete(runtime)


def _has_failed(service: Manifest, found: collect.Found, errors: dict[str, str]) -> bool:
    key, workloads = key_of(service), found.workloads_of(service)
    if any(map(_has_no_image, workloads)) or _is_named_otherwise(service):
        return True
    if key in errors:
        return not is_stale(errors[key])
    return not workloads and found.warning(key) is not None


def _is_named_otherwise(service: Manifest) -> bool:
    """Whether its pods are refused by KServe's webhook, which looks for the usual container."""
    return service["spec"]["predictor"].get("model", {}).get("name", "") not in ("", CONTAINER)


def _has_no_image(workload: Manifest) -> bool:
    """What Knative's webhook would refuse, which does not run here."""
    containers = workload["spec"]["template"]["spec"]["containers"]
    return any(not container.get("image") for container in containers)


def _fails_by_itself(service: Manifest, found: collect.Found, errors: dict[str, str]) -> bool:
    """Whether KServe makes nothing of it, and not the API server that refuses what it makes."""
    return not found.workloads_of(service) and not REFUSED.search(errors.get(key_of(service), ""))


def _differing(one: dict[str, Sight], other: dict[str, Sight]) -> list[str]:
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
