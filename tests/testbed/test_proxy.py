"""The proxy: what it counts, when it kills, and that it is no obstacle otherwise."""

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.testbed.api import Api, ApiError, basic_object
from tests.testbed.control_plane import ControlPlane
from tests.testbed.kills import Moment
from tests.testbed.proxy import KillProxy

Proxies = Callable[[ControlPlane], KillProxy]

# A client with one mutating request after another: three ConfigMaps, each name printed once done.
_CLIENT = """
import os, pathlib, sys
from tests.testbed.api import Api, basic_object
api = Api(pathlib.Path(os.environ["KUBECONFIG"]), "three-writes")
for number in range(3):
    api.create(basic_object("v1", "ConfigMap", f"{sys.argv[1]}-{number}", "default"))
    print(number, flush=True)
"""


def _write_three(proxy: KillProxy, prefix: str) -> subprocess.CompletedProcess[str]:
    return proxy.run([sys.executable, "-c", _CLIENT, prefix])


def _written(plane: ControlPlane, prefix: str) -> list[int]:
    names = [config["metadata"]["name"] for config in plane.api.list("v1", "ConfigMap", "default")]
    return sorted(int(name[-1]) for name in names if name.startswith(f"{prefix}-"))


@pytest.mark.parametrize(
    ("moment", "written"),
    [(Moment.BEFORE, [0]), (Moment.DONE, [0, 1]), (Moment.ANSWERED, [0, 1])],
)
def test_proxy_kills_at_each_moment(
    api_server: ControlPlane, kill_proxy: Proxies, moment: Moment, written: list[int]
) -> None:
    proxy = kill_proxy(api_server)
    prefix = moment.name.lower()
    proxy.arm(2, moment)
    done = _write_three(proxy, prefix)
    assert done.returncode == -signal.SIGKILL
    assert proxy.has_killed
    assert _written(api_server, prefix) == written
    assert [write.method for write in proxy.requests] == ["POST", "POST"]


def test_proxy_lets_a_client_live_that_makes_fewer_writes(
    api_server: ControlPlane, kill_proxy: Proxies
) -> None:
    proxy = kill_proxy(api_server)
    proxy.arm(4, Moment.BEFORE)
    done = _write_three(proxy, "lives")
    assert (done.returncode, done.stdout) == (0, "0\n1\n2\n")
    assert not proxy.has_killed
    assert _written(api_server, "lives") == [0, 1, 2]


def test_proxy_counts_neither_dry_runs_nor_reviews_nor_renewals(
    api_server: ControlPlane, kill_proxy: Proxies
) -> None:
    proxy = kill_proxy(api_server)
    api = Api(proxy.kubeconfig)
    lease = basic_object("coordination.k8s.io/v1", "Lease", "proxied", "default")
    api.create(lease)
    api.patch(lease, {"spec": {"holderIdentity": "me"}})
    api.patch(lease, {"spec": {"renewTime": "2026-01-01T00:00:00.000000Z"}})
    path = api.path("v1", "ConfigMap", "default")
    api.request("POST", f"{path}?dryRun=All", basic_object("v1", "ConfigMap", "dry", "default"))
    review = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
    api.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    api.close()
    assert [write.method for write in proxy.requests] == ["POST", "PATCH"]
    assert b"holderIdentity" in proxy.requests[1].body


def test_proxy_streams_a_watch(api_server: ControlPlane, kill_proxy: Proxies) -> None:
    api = Api(kill_proxy(api_server).kubeconfig)
    seen = api.watch("v1", "ConfigMap", "kube-public", "testbed=streamed", seconds=30)
    config = basic_object("v1", "ConfigMap", "streamed", "kube-public")
    config["metadata"]["labels"] = {"testbed": "streamed"}
    api_server.api.apply(config)
    assert next(seen)["object"]["metadata"]["name"] == "streamed"
    api_server.api.patch(config, {"data": {"key": "changed"}})
    assert next(seen)["object"]["data"] == {"key": "changed"}
    seen.close()
    api.close()


def test_proxy_passes_a_token_on(api_server: ControlPlane, kill_proxy: Proxies) -> None:
    """A client with a token is itself, not the administrator that the proxy otherwise is."""
    account = basic_object("v1", "ServiceAccount", "nobody", "default")
    api_server.api.apply(account)
    path = api_server.api.path("v1", "ServiceAccount", "default", "nobody")
    token = api_server.api.request("POST", f"{path}/token", {"spec": {}})["status"]["token"]
    proxy = kill_proxy(api_server)
    mark = api_server.audit.mark()
    api = Api(proxy.kubeconfig, token=token)
    with pytest.raises(ApiError, match="403"):
        api.list("v1", "Secret", "default")
    api.close()
    api_server.audit.settle(api_server.api)
    users = {request.user for request in api_server.audit.since(mark, resource="secrets")}
    assert users == {"system:serviceaccount:default:nobody"}


# Eight threads, each with five writes; what the client hears is of no interest here.
_BUSY_CLIENT = """
import os, pathlib, sys
from concurrent.futures import ThreadPoolExecutor
from tests.testbed.api import Api, basic_object
api = Api(pathlib.Path(os.environ["KUBECONFIG"]), "many-writes")
def write(number):
    api.create(basic_object("v1", "ConfigMap", f"{sys.argv[1]}-{number}", "default"))
with ThreadPoolExecutor(8) as threads:
    list(threads.map(write, range(40)))
"""


@pytest.mark.parametrize(("moment", "written"), [(Moment.BEFORE, 19), (Moment.DONE, 20)])
def test_proxy_lets_the_same_number_through_with_many_threads(
    api_server: ControlPlane, kill_proxy: Proxies, moment: Moment, written: int
) -> None:
    proxy = kill_proxy(api_server)
    prefix = f"busy-{moment.name.lower()}"
    proxy.arm(20, moment)
    done = proxy.run([sys.executable, "-c", _BUSY_CLIENT, prefix])
    assert done.returncode == -signal.SIGKILL
    found = [
        config
        for config in api_server.api.list("v1", "ConfigMap", "default")
        if config["metadata"]["name"].startswith(prefix)
    ]
    assert len(found) == written


_WATCHER = """
import os, pathlib
from tests.testbed.api import Api, basic_object
api = Api(pathlib.Path(os.environ["KUBECONFIG"]), "watcher")
watch = api.watch("v1", "Namespace", "", "", 600)
print(next(watch)["type"], flush=True)
api.create(basic_object("v1", "ConfigMap", "while-watching", "default"))
"""


def test_proxy_does_not_wait_for_the_watch_of_a_dead_client(
    api_server: ControlPlane, kill_proxy: Proxies
) -> None:
    proxy = kill_proxy(api_server)
    proxy.arm(1, Moment.DONE)
    done = proxy.run([sys.executable, "-c", _WATCHER], timeout=30)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "ADDED\n")
    assert api_server.api.get("v1", "ConfigMap", "while-watching", "default")
