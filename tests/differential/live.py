"""Asking the real controller of a release what it makes of a cluster."""

from tests.differential import collect
from tests.differential.managerlog import ManagerLog
from tests.differential.occupied import CrashedError, Occupied
from tests.differential.probes import Probes
from tests.differential.quiet import hold_still
from tests.differential.rename import Names
from tests.differential.shapes import SERVING_ALPHA, Cluster, Manifest, Verdict
from tests.testbed.api import ApiError
from tests.testbed.install import knows
from tests.testbed.kserve import KServe
from tests.testbed.waiting import wait_until

_ROUNDS = 5
_SECONDS = 60
_NO_WEBHOOK = "failed calling webhook"


def storage_containers(kserve: KServe) -> list[Manifest]:
    """What makes more URIs of models acceptable, as installed; nothing before 0.11."""
    if not knows(kserve.api, "ClusterStorageContainer"):
        return []
    found = kserve.api.list(SERVING_ALPHA, "ClusterStorageContainer")
    return [collect.stored_runtime(one) for one in found]


class Asker:
    """Puts generated clusters before one release's controller, one after the other.

    Takes the cluster over, and stops what makes pods of Deployments.
    """

    def __init__(self, kserve: KServe) -> None:
        self._live = Occupied(kserve)
        hold_still(kserve)
        self._storage = storage_containers(kserve)

    def ask(self, cluster: Cluster) -> Verdict:
        """Put the cluster in, have its services reconciled, and return what came of them."""
        self._live.begin()
        log = ManagerLog(self._live.kserve)
        try:
            return self._answer(cluster, Names(), log)
        except (CrashedError, ApiError) as error:
            # The API server may notice that the webhooks are gone before we see the process end.
            if isinstance(error, ApiError) and _NO_WEBHOOK not in str(error):
                raise
            wait_until(self._live.has_ended, _SECONDS, "the manager to end")
            return {"release": cluster["release"], "crashed": log.panic()}
        finally:
            self._live.clear()

    def _answer(self, cluster: Cluster, names: Names, log: ManagerLog) -> Verdict:
        live = self._live
        namespaces = [live.new_namespace(names.live(name)) for name in cluster["namespaces"]]
        probes = Probes(live.kserve, live.new_namespace(names.live("probes")), live.still_runs)
        live.settings.put(cluster["config"], probes)
        runtimes = live.put_runtimes(cluster["runtimes"], names)
        probes.wait_runtimes_seen()
        refused = live.put_services(cluster, names)
        found = self._settled(namespaces, probes, log)
        services = collect.told(found, log.errors()) | refused
        told = {"config": live.settings.told(), "runtimes": runtimes, "services": services}
        return {"release": cluster["release"], "storage": self._storage, **names.back(told)}

    def _settled(self, namespaces: list[str], probes: Probes, log: ManagerLog) -> collect.Found:
        """Read when every service was reconciled and none of them is about to change its mind."""
        for _ in range(_ROUNDS):
            probes.wait_all_reconciled()
            found = collect.read(self._live.api, namespaces)
            if not log.has_stale_errors() and not found.unreported() & set(log.errors()):
                break
        return found
