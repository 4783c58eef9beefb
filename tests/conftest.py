"""Fixtures of the testbed: an API server alone, a cluster with KServe, a proxy that kills."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

import pytest

from tests.testbed.control_plane import ControlPlane
from tests.testbed.kserve import KServe
from tests.testbed.proxy import KillProxy
from tests.testbed.releases import RELEASES

DEFAULT, OWN = "0.9.0", "one's own"
REAL = {"api_server", "kserve_cluster", "no_kserve", "plane", "start_kserve"}


def pytest_configure() -> None:
    """Have Ctrl-C reach what tests start, also where a shell has put the tests aside."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark what needs a control plane, and of that what no two test runs can have at a time.

    What needs the same cluster comes together, so that each is started once; what starts
    clusters of its own comes last.
    """
    for item in items:
        cluster = _cluster_of(item)
        if cluster or REAL & _fixtures(item):
            item.add_marker("real")
        if _is_fixed(item, cluster):
            item.add_marker("fixed_port")
    yield
    items.sort(key=_cluster_of)


def _cluster_of(item: pytest.Item) -> str:
    """Return the release of the cluster that a test is given; empty if it is given none."""
    if "start_kserve" in _fixtures(item):
        return OWN
    return (
        _params(item).get("kserve_cluster", DEFAULT) if "kserve_cluster" in _fixtures(item) else ""
    )


def _params(item: pytest.Item) -> dict[str, str]:
    return getattr(getattr(item, "callspec", None), "params", {})


def _is_fixed(item: pytest.Item, cluster: str) -> bool:
    """Whether a manager may run for it that serves at one port only."""
    release = _params(item).get("release", DEFAULT) if cluster == OWN else cluster
    return bool(release) and not RELEASES[release.partition("+")[0]].port_flag


def _fixtures(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))


class StartKServe(Protocol):
    """The type of the fixture ``start_kserve``."""

    def __call__(self, release: str, *, knative: bool = False) -> KServe: ...


class _Slot:
    """Keeps the one KServe cluster that can run at a time, for the next who wants that release."""

    def __init__(self) -> None:
        self.is_lent = False
        self._cluster: KServe | None = None

    def take(self, release: str, *, knative: bool) -> KServe:
        if self._cluster and not self._cluster.is_as_installed(release, knative=knative):
            self.close()
        if self._cluster is None:
            self._cluster = KServe(release, knative=knative)
        return self._cluster

    @contextmanager
    def closed_on_failure(self) -> Iterator[None]:
        """A cluster that cannot be cleaned must not fail the next module's tests as well."""
        try:
            yield
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        if self._cluster:
            self._cluster.stop()
        self._cluster = None


@pytest.fixture(scope="session")
def api_server() -> Iterator[ControlPlane]:
    """An etcd and an API server with nothing else; for tests of reading and writing objects."""
    with ControlPlane() as plane:
        yield plane


@pytest.fixture(scope="session")
def _slot() -> Iterator[_Slot]:
    slot = _Slot()
    yield slot
    slot.close()


@pytest.fixture(scope="module")
def kserve_cluster(request: pytest.FixtureRequest, _slot: _Slot) -> Iterator[KServe]:
    """A cluster with KServe 0.9.0, or the release given as an indirect parameter.

    "0.9.0+knative" is 0.9.0 with real Knative Serving, and so with revisions and pods. Kept for
    the next module that wants the same; left as released at the end of each.
    """
    release, _, extra = getattr(request, "param", DEFAULT).partition("+")
    cluster = _slot.take(release, knative=extra == "knative")
    _slot.is_lent = True
    yield cluster
    _slot.is_lent = False
    with _slot.closed_on_failure():
        cluster.reset()


@pytest.fixture
def start_kserve(request: pytest.FixtureRequest) -> Iterator[StartKServe]:
    """Start a cluster of one's own, to upgrade or to break: ``start_kserve("0.7.0")``.

    It ends with the test, whose parameter ``release`` is the oldest that it starts, else one up
    to 0.9. Not for modules that use ``kserve_cluster``: there is one at a time.
    """
    with ExitStack() as started:

        def start(release: str, *, knative: bool = False) -> KServe:
            request.getfixturevalue("no_kserve")
            return started.enter_context(KServe(release, knative=knative))

        yield start


@pytest.fixture
def no_kserve(_slot: _Slot) -> None:
    """See to it that no KServe cluster of this test run is in the way."""
    if _slot.is_lent:
        pytest.fail("this module's kserve_cluster is in the way")
    _slot.close()


@pytest.fixture
def namespace(kserve_cluster: KServe) -> str:
    """A fresh namespace of the cluster."""
    return kserve_cluster.create_namespace()


@pytest.fixture
def kill_proxy() -> Iterator[Callable[[ControlPlane], KillProxy]]:
    """Put a proxy in front of a control plane: ``kill_proxy(kserve_cluster.plane)``."""
    with ExitStack() as started:
        yield lambda plane: started.enter_context(KillProxy(plane))
