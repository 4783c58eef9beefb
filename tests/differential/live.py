"""Asking the real controller of a release what it makes of a cluster."""

import datetime as dt
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import Any

from tests.differential import collect
from tests.differential.bypass import bypass
from tests.differential.managerlog import ManagerLog
from tests.differential.probes import Probes
from tests.differential.quiet import hold_still
from tests.differential.rename import Names
from tests.differential.settings import Settings
from tests.differential.shapes import (
    CLUSTER_RUNTIME,
    RUNTIME,
    SERVICE,
    SERVING,
    SERVING_ALPHA,
    WITHOUT_RUNTIMES,
    Cluster,
    Manifest,
    Verdict,
    key_of,
)
from tests.testbed.api import ApiError, basic_object
from tests.testbed.install import knows
from tests.testbed.kserve import KNATIVE, KServe
from tests.testbed.waiting import wait_until

_THREADS = 16
_ROUNDS = 5
_SECONDS = 60
_NO_WEBHOOK = "failed calling webhook"
# A webhook that panics has its connection closed, with a number that differs each time.
_STREAM = re.compile(r"stream error: stream ID \d+")
_REQUEST = re.compile(r"^\d+: [A-Z]+ \S+: ")


class CrashedError(RuntimeError):
    """The manager ended while it was asked; the text is the beginning of its last words."""


def storage_containers(kserve: KServe) -> list[Manifest]:
    """What makes more URIs of models acceptable, as installed; nothing before 0.11."""
    if not knows(kserve.api, "ClusterStorageContainer"):
        return []
    found = kserve.api.list(SERVING_ALPHA, "ClusterStorageContainer")
    return [collect.stored_runtime(one) for one in found]


class Asker:
    """Puts generated clusters before one release's controller, one after the other.

    Takes the cluster over: its runtimes are deleted, its webhooks changed, and what makes pods of
    Deployments is stopped.
    """

    def __init__(self, kserve: KServe) -> None:
        self._kserve, self._api = kserve, kserve.api
        self._past = bypass(kserve, self._new_namespace("past"))
        self._settings = Settings(kserve.api)
        self._pid = kserve.manager_pid
        hold_still(kserve)
        self._kinds = _runtime_kinds(kserve.release.version)
        for known in (*((SERVING_ALPHA, kind) for kind in self._kinds), (KNATIVE, "Service")):
            wait_until(partial(self._is_served, *known), _SECONDS, f"{known} to be served")
        self._storage = storage_containers(kserve)
        self._clear()

    def ask(self, cluster: Cluster) -> Verdict:
        """Put the cluster in, have its services reconciled, and return what came of them."""
        self._kserve.wait_controller()
        self._pid = self._kserve.manager_pid
        log = ManagerLog(self._kserve)
        try:
            return self._answer(cluster, Names(), log)
        except (CrashedError, ApiError) as error:
            # The API server may notice that the webhooks are gone before we see the process end.
            if isinstance(error, ApiError) and _NO_WEBHOOK not in str(error):
                raise
            wait_until(self._has_ended, _SECONDS, "the manager to end")
            return {"release": cluster["release"], "crashed": log.panic()}
        finally:
            self._clear()

    def _answer(self, cluster: Cluster, names: Names, log: ManagerLog) -> Verdict:
        namespaces = [self._new_namespace(names.live(name)) for name in cluster["namespaces"]]
        probes = Probes(self._kserve, self._new_namespace(names.live("probes")), self._still_runs)
        self._settings.put(cluster["config"], probes)
        runtimes = self._put_runtimes(cluster["runtimes"], names)
        probes.wait_runtimes_seen()
        refused = self._put_services(cluster, names)
        found = self._settled(namespaces, probes, log)
        services = collect.told(found, log.errors()) | refused
        told = {"config": self._settings.told(), "runtimes": runtimes, "services": services}
        return {"release": cluster["release"], "storage": self._storage, **names.back(told)}

    def _settled(self, namespaces: list[str], probes: Probes, log: ManagerLog) -> collect.Found:
        """Read when every service was reconciled and none of them is about to change its mind."""
        for _ in range(_ROUNDS):
            probes.wait_all_reconciled()
            found = collect.read(self._api, namespaces)
            if not log.has_stale_errors() and not found.unreported() & set(log.errors()):
                break
        return found

    def _put_runtimes(self, waves: list[list[Manifest]], names: Names) -> list[Manifest]:
        told: list[Manifest] = []
        for number, wave in enumerate(waves):
            if number:
                self._wait_next_second()
            # One after the other: from 0.11 on each is compared with those before it.
            told += [self._put_runtime(names.put(runtime)) for runtime in wave]
        return told

    def _put_runtime(self, runtime: Manifest) -> Manifest:
        self._still_runs()
        try:
            return {"stored": collect.stored_runtime(self._api.create(runtime))}
        except ApiError as error:
            return {"denied": _said(error)}

    def _put_services(self, cluster: Cluster, names: Names) -> dict[str, Manifest]:
        """Create all services; return what there is to say of those that were refused."""
        unadmitted = set(cluster["unadmitted"])

        def put(service: Manifest) -> dict[str, Manifest]:
            sent = names.put(service)
            api = self._past if key_of(service) in unadmitted else self._api
            try:
                api.create(sent)
            except ApiError as error:
                return {key_of(sent): collect.refused(_said(error))}
            return {}

        refused = _all(put, cluster["services"])
        self._still_runs()
        return dict(chain.from_iterable(one.items() for one in refused))

    def _wait_next_second(self) -> None:
        """Creation times have whole seconds: wait until the API server's clock shows another."""
        last = self._clock()
        wait_until(lambda: self._clock() > last, _SECONDS, "the next second")

    def _clock(self) -> dt.datetime:
        path = self._api.path("v1", "ConfigMap", "default")
        made = basic_object("v1", "ConfigMap", "clock")
        answer = self._api.request("POST", f"{path}?dryRun=All", made)
        return dt.datetime.fromisoformat(answer["metadata"]["creationTimestamp"])

    def _still_runs(self) -> None:
        if self._has_ended():
            raise CrashedError

    def _has_ended(self) -> bool:
        return self._kserve.manager_pid != self._pid

    def _clear(self) -> None:
        """Delete services and runtimes; what the services own stays, as nobody collects it."""
        services = self._api.list(SERVING, SERVICE)
        _all(self._remove, services)
        for kind in self._kinds:
            _all(self._api.delete, self._api.list(SERVING_ALPHA, kind))
        wait_until(lambda: not self._api.list(SERVING, SERVICE), _SECONDS, "no service to be left")

    def _remove(self, service: Manifest) -> None:
        """Deleted first: nobody adds a finalizer to what is being deleted."""
        self._past.delete(service)
        try:
            self._past.patch(service, {"metadata": {"finalizers": None}})
        except ApiError as error:
            if error.status != 404:
                raise

    def _is_served(self, api_version: str, kind: str) -> bool:
        """Of a kind that was just defined, the first lists may be refused."""
        try:
            self._api.list(api_version, kind)
        except ApiError as error:
            if error.status != 429:
                raise
            return False
        return True

    def _new_namespace(self, name: str) -> str:
        self._api.apply(basic_object("v1", "Namespace", name))
        return name


def _runtime_kinds(release: str) -> tuple[str, ...]:
    return () if release == WITHOUT_RUNTIMES else (CLUSTER_RUNTIME, RUNTIME)


def _all(action: Any, items: Iterable[Any]) -> list[Any]:
    with ThreadPoolExecutor(_THREADS) as workers:
        return list(workers.map(action, items))


def _said(error: ApiError) -> str:
    """The server's own words, without the request that our client puts before them."""
    return _STREAM.sub("stream error", _REQUEST.sub("", str(error)))
