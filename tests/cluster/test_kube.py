"""KubeCluster against a real API server that refuses, and against none at all."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from migrate.cluster.kube import KubeCluster, connect
from migrate.errors import (
    ApiError,
    Exit,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    UnauthorizedError,
    UnreachableError,
)
from migrate.objects import ObjectRef, ref_of
from tests.cluster.manifests import V1BETA1, config_map, manifest, service
from tests.testbed.control_plane import ControlPlane
from tests.testbed.pki import Authority, write_kubeconfig
from tests.testbed.ports import free_port

Login = Callable[..., KubeCluster]
PODS = "v1", "Pod", dict


@pytest.fixture
def login(plane: ControlPlane, tmp_path: Path) -> Iterator[Login]:
    """Connect to the real server, but for what is given otherwise."""
    opened: list[KubeCluster] = []

    def log_in(
        server: str = plane.server, ca: Path = plane.authority.ca, timeout: float = 10, **user: str
    ) -> KubeCluster:
        path = write_kubeconfig(tmp_path / "k", server, ca, user)
        opened.append(connect(str(path), request_timeout=timeout))
        return opened[-1]

    yield log_in
    for cluster in opened:
        cluster.close()


@pytest.fixture
def stranger(plane: ControlPlane, namespace: str) -> Iterator[KubeCluster]:
    """A user whom the server knows and who may do nothing."""
    cluster = connect(str(plane.kubeconfig(f"stranger-{namespace}", group="")))
    yield cluster
    cluster.close()


def test_its_name_is_context_and_server(kube: KubeCluster, plane: ControlPlane) -> None:
    assert (kube.context, kube.server) == ("testbed", plane.server)
    assert kube.name == f"context testbed, {plane.server}"


def test_wrong_credentials(login: Login) -> None:
    with pytest.raises(UnauthorizedError) as caught:
        list(login(token="wrong").list(*PODS))
    assert (caught.value.status, caught.value.code) == (401, Exit.DENIED)
    assert "credentials of this context are wrong or expired" in caught.value.message
    assert "context testbed" in caught.value.message
    assert "--context testbed" in caught.value.hint


@pytest.mark.parametrize(
    ("call", "permission", "question"),
    [
        (
            lambda cluster, ref: cluster.get(ref),
            "get on inferenceservices.serving.kserve.io in namespace team",
            "get inferenceservices.serving.kserve.io -n team",
        ),
        (
            lambda cluster, ref: cluster.patch(ref, {}, subresource="status"),
            "patch on inferenceservices/status.serving.kserve.io in namespace team",
            "patch inferenceservices.serving.kserve.io --subresource=status -n team",
        ),
        (
            lambda cluster, ref: cluster.delete(ref, uid="u", resource_version="1"),
            "delete on inferenceservices.serving.kserve.io in namespace team",
            "delete inferenceservices.serving.kserve.io -n team",
        ),
        (
            lambda cluster, _: cluster.create(config_map("a", "team")),
            "create on configmaps in namespace team",
            "create configmaps -n team",
        ),
        (
            lambda cluster, _: list(cluster.list(V1BETA1, "InferenceService", dict)),
            "list on inferenceservices.serving.kserve.io in all namespaces",
            "list inferenceservices.serving.kserve.io -A",
        ),
        (
            lambda cluster, _: cluster.get(ObjectRef("v1", "Namespace", "team")),
            "get on namespaces of the cluster",
            "get namespaces",
        ),
    ],
)
def test_a_missing_permission_is_named(
    stranger: KubeCluster,
    call: Callable[[KubeCluster, ObjectRef], object],
    permission: str,
    question: str,
) -> None:
    with pytest.raises(ForbiddenError) as caught:
        call(stranger, ref_of(service("s", "team")))
    assert (caught.value.status, caught.value.code) == (403, Exit.DENIED)
    assert f"no permission to {permission}:" in caught.value.message
    assert "stranger" in caught.value.message
    assert caught.value.hint == f"kubectl auth can-i {question} --context testbed"


def test_a_port_where_nobody_listens(login: Login) -> None:
    server = f"https://127.0.0.1:{free_port()}"
    error = _unreachable(login(server=server))
    assert error.status == 0
    assert f"{server} does not answer: connection refused" in error.message


def test_a_name_that_nobody_knows(login: Login) -> None:
    error = _unreachable(login(server="https://no-such-host.invalid"))
    assert "https://no-such-host.invalid does not answer: its name cannot be" in error.message


def test_a_server_of_another_authority(login: Login, tmp_path: Path) -> None:
    error = _unreachable(login(ca=Authority(tmp_path / "other").ca, token="t"))
    assert "TLS verification failed: " in error.message
    assert "certificate" in error.message


def test_a_server_that_says_nothing(login: Login) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = f"http://127.0.0.1:{silent.getsockname()[1]}"
        error = _unreachable(login(server=server, timeout=0.1))
    assert f"{server} does not answer: timeout" in error.message


def test_a_server_that_hangs_up(login: Login) -> None:
    with socket.create_server(("127.0.0.1", 0)) as rude:
        rude.settimeout(10)
        cluster = login(server=f"http://127.0.0.1:{rude.getsockname()[1]}")

        def accept_and_close() -> None:
            rude.accept()[0].close()

        hang_up = Thread(target=accept_and_close)
        hang_up.start()
        error = _unreachable(cluster)
        hang_up.join()
    assert "does not answer: the connection was cut" in error.message


def test_a_kind_that_is_not_served(kube: KubeCluster) -> None:
    with pytest.raises(NotFoundError) as caught:
        list(kube.list("serving.knative.dev/v1", "Service", dict))
    assert "list services.serving.knative.dev: 404 page not found" in caught.value.message


def test_a_namespace_that_is_not_there(kube: KubeCluster) -> None:
    with pytest.raises(NotFoundError, match='namespaces "nowhere" not found'):
        kube.create(config_map("a", "nowhere"))


def test_a_json_patch_that_does_not_apply_is_told_in_words(
    kube: KubeCluster, namespace: str
) -> None:
    # All that the server says is that there is an error in our request.
    kube.create(config_map("a", namespace))
    patch = [{"op": "test", "path": "/data/k", "value": "v"}]
    with pytest.raises(InvalidError, match="the JSON Patch does not apply"):
        kube.patch(ref_of(config_map("a", namespace)), patch)


def test_a_rejected_patch_does_not_show_the_object(kube: KubeCluster, namespace: str) -> None:
    secret = service("s", namespace, meta={"annotations": {"token": "hunter2"}}, spec={})
    kube.create(secret)
    with pytest.raises(InvalidError) as caught:
        kube.patch(ref_of(secret), {"metadata": {"labels": {"a": 1}}})
    assert "cannot unmarshal number" in caught.value.message
    assert "hunter2" not in caught.value.message


def test_a_dying_namespace_is_no_missing_permission(kube: KubeCluster, namespace: str) -> None:
    terminating = manifest("v1", "Namespace", f"gone-{namespace}", "", None, {})
    meta = kube.create(terminating)["metadata"]
    kube.delete(ref_of(terminating), uid=meta["uid"], resource_version=meta["resourceVersion"])
    with pytest.raises(RefusedError, match="being terminated") as caught:
        kube.create(config_map("a", f"gone-{namespace}"))
    assert (caught.value.status, caught.value.code) == (403, Exit.BLOCKED)


def test_the_writer_signs(kube: KubeCluster, plane: ControlPlane, namespace: str) -> None:
    mark = plane.audit.mark()
    created = kube.create(config_map("a", namespace, data={"k": "v"}))
    patched = kube.patch(ref_of(created), {"data": {"l": "w"}})
    for written in (created, patched):
        assert [each["manager"] for each in written["metadata"]["managedFields"]] == ["kmigrate"]
    plane.audit.settle(plane.api)
    agents = {each.user_agent for each in plane.audit.since(mark, resource="configmaps")}
    assert len(agents) == 1
    assert agents.pop().startswith("kmigrate/")


def _unreachable(cluster: KubeCluster) -> ApiError:
    with pytest.raises(UnreachableError) as caught:
        list(cluster.list(*PODS))
    assert caught.value.code == Exit.UNREACHABLE
    return caught.value
