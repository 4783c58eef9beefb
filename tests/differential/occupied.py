"""One live cluster that generated clusters are put into, one after the other."""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import TypeVar

from tests.differential import collect
from tests.differential.bypass import bypass
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
    key_of,
)
from tests.testbed.api import ApiError, basic_object
from tests.testbed.kserve import KNATIVE, KServe
from tests.testbed.waiting import wait_until

T = TypeVar("T")
R = TypeVar("R")
_THREADS = 16
_SECONDS = 60
# A webhook that panics has its connection closed, with a number that differs each time.
_STREAM = re.compile(r"stream error: stream ID \d+")
_REQUEST = re.compile(r"^\d+: [A-Z]+ \S+: ")


class CrashedError(RuntimeError):
    """The manager ended while it was asked; the text is the beginning of its last words."""


class Occupied:
    """A cluster taken over: its runtimes are deleted, its webhooks changed."""

    def __init__(self, kserve: KServe) -> None:
        self.kserve, self.api = kserve, kserve.api
        self.past = bypass(kserve, self.new_namespace("past"))
        self.settings = Settings(kserve.api)
        self._pid = kserve.manager_pid
        self._kinds = _runtime_kinds(kserve.release.version)
        for known in (*((SERVING_ALPHA, kind) for kind in self._kinds), (KNATIVE, "Service")):
            wait_until(partial(self._is_served, *known), _SECONDS, f"{known} to be served")
        self.clear()

    def begin(self) -> None:
        """Have a manager that runs, and from now on hold it against this one."""
        self.kserve.wait_controller()
        self._pid = self.kserve.manager_pid

    def put_runtimes(self, waves: list[list[Manifest]], names: Names) -> list[Manifest]:
        """Create all runtimes; return what there is to say of each, stored or denied."""
        told: list[Manifest] = []
        for number, wave in enumerate(waves):
            if number:
                self._wait_next_second()
            # One after the other: from 0.11 on each is compared with those before it.
            told += [self._put_runtime(names.put(runtime)) for runtime in wave]
        return told

    def put_services(self, cluster: Cluster, names: Names) -> dict[str, Manifest]:
        """Create all services; return what there is to say of those that were refused."""
        unadmitted = set(cluster["unadmitted"])

        def put(service: Manifest) -> dict[str, Manifest]:
            sent = names.put(service)
            api = self.past if key_of(service) in unadmitted else self.api
            try:
                api.create(sent)
            except ApiError as error:
                return {key_of(sent): collect.refused(said(error))}
            return {}

        refused = _all(put, cluster["services"])
        self.still_runs()
        return dict(chain.from_iterable(one.items() for one in refused))

    def clear(self) -> None:
        """Delete services and runtimes; what the services own is the garbage collector's."""
        services = self.api.list(SERVING, SERVICE)
        _all(self.remove, services)
        for kind in self._kinds:
            _all(self.api.delete, self.api.list(SERVING_ALPHA, kind))
        wait_until(lambda: not self.api.list(SERVING, SERVICE), _SECONDS, "no service to be left")

    def new_namespace(self, name: str) -> str:
        """Create a namespace, and return its name."""
        self.api.apply(basic_object("v1", "Namespace", name))
        return name

    def still_runs(self) -> None:
        """Raise CrashedError if the manager of ``begin`` has ended."""
        if self.has_ended():
            raise CrashedError

    def has_ended(self) -> bool:
        """Whether the manager of ``begin`` runs no more."""
        return self.kserve.manager_pid != self._pid

    def _put_runtime(self, runtime: Manifest) -> Manifest:
        self.still_runs()
        try:
            return {"stored": collect.stored_runtime(self.api.create(runtime))}
        except ApiError as error:
            return {"denied": said(error)}

    def remove(self, service: Manifest) -> None:
        """Deleted first: nobody adds a finalizer to what is being deleted."""
        self.past.delete(service)
        try:
            self.past.patch(service, {"metadata": {"finalizers": None}})
        except ApiError as error:
            if error.status != 404:
                raise

    def _wait_next_second(self) -> None:
        """Creation times have whole seconds: wait until the API server's clock shows another."""
        last = self._clock()
        wait_until(lambda: self._clock() > last, _SECONDS, "the next second")

    def _clock(self) -> dt.datetime:
        path = self.api.path("v1", "ConfigMap", "default")
        made = basic_object("v1", "ConfigMap", "clock")
        answer = self.api.request("POST", f"{path}?dryRun=All", made)
        return dt.datetime.fromisoformat(answer["metadata"]["creationTimestamp"])

    def _is_served(self, api_version: str, kind: str) -> bool:
        """Of a kind that was just defined, the first lists may be refused."""
        try:
            self.api.list(api_version, kind)
        except ApiError as error:
            if error.status != 429:
                raise
            return False
        return True


def _runtime_kinds(release: str) -> tuple[str, ...]:
    return () if release == WITHOUT_RUNTIMES else (CLUSTER_RUNTIME, RUNTIME)


def _all(action: Callable[[T], R], items: Iterable[T]) -> list[R]:
    with ThreadPoolExecutor(_THREADS) as workers:
        return list(workers.map(action, items))


def said(error: ApiError) -> str:
    """The server's own words, without the request that our client puts before them."""
    return _STREAM.sub("stream error", _REQUEST.sub("", str(error)))
