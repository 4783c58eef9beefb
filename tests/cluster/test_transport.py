"""What KubeCluster does with answers that a real API server gives only now and then."""

from email.utils import formatdate
from pathlib import Path

import pytest

from migrate.cluster.kube import KubeCluster, connect
from migrate.errors import ApiError, UnauthorizedError, UnreachableError
from migrate.objects import ObjectRef, ref_of
from tests.cluster.manifests import config_map
from tests.cluster.scripted import Answer, scripted

EXPIRED = {
    # As kube-apiserver 1.34 says it, shortened.
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {"continue": "from-b-in-a-newer-state"},
    "status": "Failure",
    "message": "The provided continue parameter is too old to display a consistent list result.",
    "reason": "Expired",
    "code": 410,
}
DENIED = 401, {"kind": "Status", "reason": "Unauthorized", "message": "Unauthorized"}


def page(*names: str, token: str = "") -> Answer:
    items = [{"metadata": {"name": name, "namespace": "team"}} for name in names]
    return 200, {"metadata": {"continue": token}, "items": items}


def names(cluster: KubeCluster) -> list[str]:
    return [each["metadata"]["name"] for each in cluster.list("v1", "ConfigMap", dict)]


def test_a_list_goes_on_where_its_state_was_forgotten(tmp_path: Path) -> None:
    with scripted(page("a", "b", token="old"), (410, EXPIRED), page("c", "d")) as server:
        assert names(connect(server.kubeconfig(tmp_path))) == ["a", "b", "c", "d"]
    asked = [line.partition("limit=500")[2] for line in server.asked]
    assert asked == ["", "&continue=old", "&continue=from-b-in-a-newer-state"]


def test_a_write_is_sent_once(tmp_path: Path) -> None:
    wanted = config_map("a", "team")
    with scripted((429, "later", {"Retry-After": "1"})) as server:
        with pytest.raises(UnreachableError) as caught:
            connect(server.kubeconfig(tmp_path)).create(wanted)
        assert len(server.asked) == 1
    assert (caught.value.is_passing, caught.value.retry_after) == (True, 1.0)


AT, BEFORE = (formatdate(seconds, usegmt=True) for seconds in (1_000_000_090, 1_000_000_000))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": AT, "Date": BEFORE}, 90.0),
        ({"Retry-After": BEFORE, "Date": AT}, 0.0),
        ({"Retry-After": BEFORE}, 0.0),
        *[({"Retry-After": text}, 0.0) for text in ("-1", "soon", "1.5", "\xb2", "inf")],
    ],
)
def test_how_long_a_server_wants_to_be_left_alone(
    tmp_path: Path, headers: dict[str, str], seconds: float
) -> None:
    with scripted((503, "later", headers)) as server:
        with pytest.raises(UnreachableError) as caught:
            connect(server.kubeconfig(tmp_path)).get(ref_of(config_map("a", "team")))
        assert len(server.asked) == 1
    assert caught.value.retry_after == seconds


def test_a_server_that_never_answered_is_not_waited_for(tmp_path: Path) -> None:
    with scripted(page("a")) as server:
        cluster = connect(server.kubeconfig(tmp_path))
        assert names(cluster) == ["a"]
        never = connect(server.kubeconfig(tmp_path))
    for asked, is_passing in ((cluster, True), (never, False)):
        with pytest.raises(UnreachableError) as caught:
            asked.get(ref_of(config_map("a", "team")))
        assert caught.value.is_passing is is_passing


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    answer = 302, "", {"Location": "/elsewhere"}
    with scripted(answer) as server, pytest.raises(ApiError) as caught:
        names(connect(server.kubeconfig(tmp_path)))
    assert (caught.value.status, len(server.asked)) == (302, 1)


def test_a_packed_answer_is_unpacked(tmp_path: Path) -> None:
    with scripted(page("a")) as server:
        server.packs = True
        assert names(connect(server.kubeconfig(tmp_path))) == ["a"]
    assert "gzip" in server.headers[0]["Accept-Encoding"]


def test_refused_credentials_are_read_once_more(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")
    with scripted(DENIED, page("a"), page("b")) as server:
        cluster = connect(server.kubeconfig(tmp_path, tokenFile="token"))
        token.write_text("new\n")
        assert names(cluster) == ["a"]
        assert names(cluster) == ["b"]
    sent = [headers["Authorization"] for headers in server.headers]
    assert sent == ["Bearer old", "Bearer new", "Bearer new"]


def test_credentials_that_stay_wrong_are_tried_twice(tmp_path: Path) -> None:
    with scripted(DENIED, DENIED) as server, pytest.raises(UnauthorizedError):
        names(connect(server.kubeconfig(tmp_path, token="wrong")))
    assert len(server.asked) == 2


def test_a_dry_run_says_so_on_every_write(tmp_path: Path) -> None:
    wanted = config_map("a", "team")
    with scripted(*[(200, wanted)] * 3) as server:
        cluster = connect(server.kubeconfig(tmp_path), dry_run=True)
        cluster.create(wanted)
        cluster.patch(ref_of(wanted), {})
        cluster.delete(ref_of(wanted), uid="u", resource_version="1")
    assert all("dryRun=All" in line for line in server.asked)
    assert b'"dryRun":["All"]' in server.bodies[2]


def test_a_write_is_signed_and_goes_to_its_path(tmp_path: Path) -> None:
    wanted = config_map("a", "team")
    with scripted(*[(200, wanted)] * 3) as server:
        cluster = connect(server.kubeconfig(tmp_path))
        cluster.create(wanted)
        cluster.patch(ref_of(wanted), [])
        cluster.patch(ref_of(wanted), {}, subresource="status")
    path = "/api/v1/namespaces/team/configmaps"
    assert server.asked == [
        f"POST {path}?fieldManager=kmigrate",
        f"PATCH {path}/a?fieldManager=kmigrate",
        f"PATCH {path}/a/status?fieldManager=kmigrate",
    ]
    assert [headers["Content-Type"] for headers in server.headers] == [
        "application/json",
        "application/json-patch+json",
        "application/merge-patch+json",
    ]


def test_the_log_of_a_container_is_text(tmp_path: Path) -> None:
    pod = ObjectRef("v1", "Pod", "iris-0", "team")
    with scripted(
        (200, "loading\nno model: \u00e9\n"), (400, {"message": "waiting to start"})
    ) as server:
        cluster = connect(server.kubeconfig(tmp_path))
        assert cluster.logs(pod, "kserve-container", lines=5) == "loading\nno model: \u00e9\n"
        with pytest.raises(ApiError, match="waiting to start"):
            cluster.logs(pod, "kserve-container", lines=5)
    path = "/api/v1/namespaces/team/pods/iris-0/log?container=kserve-container&tailLines=5"
    assert server.asked == [f"GET {path}"] * 2
