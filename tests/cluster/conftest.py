"""One contract, seven clusters: the real API server, and all that pretend to be one."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate.cluster.dryrun import ServerDryRun
from migrate.cluster.kube import KubeCluster, connect
from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import Cluster
from migrate.cluster.snapshot import load
from migrate.objects import Manifest, ref_of
from tests.cluster.manifests import DEFINITIONS
from tests.execute.counting import CountingCluster
from tests.testbed.api import Api, ApiError, basic_object
from tests.testbed.control_plane import ControlPlane
from tests.testbed.waiting import wait_until

PAGE = 3
"""Few objects in a page, so that every list has several."""

Start = Callable[..., Cluster]
"""Returns the cluster under test, holding the given objects (with their status)."""

Write = Callable[..., str]
"""Writes a kubeconfig and returns its path."""

_numbers = itertools.count()


@pytest.fixture(scope="package")
def plane(api_server: ControlPlane) -> Iterator[ControlPlane]:
    """The real API server, with KServe's kinds as these tests want them."""
    for definition in DEFINITIONS:
        api_server.api.apply(definition)
    wait_until(lambda: _are_served(api_server.api), 30, "the CRDs to be served")
    yield api_server
    for definition in DEFINITIONS:
        api_server.api.delete(definition)


@pytest.fixture
def namespace(plane: ControlPlane) -> str:
    """A namespace of one's own, in the real API server too."""
    name = f"contract-{next(_numbers)}"
    plane.api.create(basic_object("v1", "Namespace", name))
    return name


@pytest.fixture
def kube(plane: ControlPlane) -> Iterator[KubeCluster]:
    """The real API server, as an administrator."""
    with_pages = connect(str(plane.admin), page_size=PAGE)
    yield with_pages
    with_pages.close()


@pytest.fixture
def dry(plane: ControlPlane) -> Iterator[KubeCluster]:
    """The same, with writes that do not persist."""
    cluster = connect(str(plane.admin), dry_run=True, page_size=PAGE)
    yield cluster
    cluster.close()


@pytest.fixture(
    params=[
        "memory",
        "counting",
        "overlay",
        "snapshot",
        "kube",
        "overlay-on-kube",
        "server-dry-run",
    ]
)
def start(
    request: pytest.FixtureRequest, tmp_path: Path, kube: KubeCluster, dry: KubeCluster
) -> Start:
    """Start the cluster under test with some objects in it."""

    def begin(*objects: Manifest) -> Cluster:  # noqa: PLR0911 -- one for each cluster
        match request.param:
            case "memory":
                return _seeded(MemoryCluster(), objects)
            case "counting":
                return _seeded(CountingCluster(MemoryCluster()), objects)
            case "overlay":
                return MemoryCluster(base=_seeded(MemoryCluster(), objects))
            case "snapshot":
                return load(_written(_seeded(MemoryCluster(), objects), objects, tmp_path))
            case "kube":
                return _seeded(kube, objects)
            case "overlay-on-kube":
                return MemoryCluster(base=_seeded(kube, objects))
        _seeded(kube, objects)
        return ServerDryRun(dry)

    return begin


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's own kubeconfig, and no pod."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a kubeconfig whose contexts are of the given names and lead to ``https://NAME``."""

    def write(*names: str, file: str = "config", current: str = "", **cluster: Any) -> str:
        entry = {"certificate-authority-data": "", **cluster}
        clusters = [{"name": n, "cluster": {"server": f"https://{n}", **entry}} for n in names]
        users = [{"name": name, "user": {"token": name}} for name in names]
        uses = [{"name": name, "context": {"cluster": name, "user": name}} for name in names]
        content = {"clusters": clusters, "users": users, "contexts": uses}
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content | ({"current-context": current} if current else {})))
        return str(path)

    return write


def _are_served(api: Api) -> bool:
    try:
        for definition in DEFINITIONS:
            spec = definition["spec"]
            version = spec["versions"][0]["name"]
            api.list(f"{spec['group']}/{version}", spec["names"]["kind"])
    except ApiError:
        return False
    return True


def _seeded(cluster: Cluster, objects: tuple[Manifest, ...]) -> Cluster:
    for each in objects:
        cluster.create(each)
        if "status" in each:
            cluster.patch(ref_of(each), {"status": each["status"]}, subresource="status")
    return cluster


def _written(cluster: Cluster, objects: tuple[Manifest, ...], folder: Path) -> Path:
    items = [cluster.get(ref_of(each)) for each in objects]
    other = basic_object("v1", "Namespace", "so-that-it-is-not-empty")
    file = folder / "snapshot.yaml"
    content = {"apiVersion": "v1", "kind": "List", "items": [*items, other]}
    file.write_text(yaml.safe_dump(content))
    return file
