"""The contract of the port, asked of every cluster: get and create, and what has no name.

Where the real API server and the others differ, the others are wrong.
"""

import re

import pytest

from migrate.errors import ApiError, ConflictError, InvalidError, NotFoundError, UsageError
from migrate.objects import Manifest, ObjectRef, ref_of
from tests.cluster.conftest import Start
from tests.cluster.manifests import config_map, manifest, named, runtime, service

ODD_TEXTS = {
    "crlf": "first\r\nsecond\r\n",
    "ends-in-space": "a \n  b\t\n \n",
    "no-newline": "x",
    "empty": "",
    "only-newlines": "\n\n\n",
    "lone-cr": "a\rb",
    "not-ascii": "schöne Grüße, 世界 \U0001f600\ufeff\u2028\u00a0",
    "markup": "<a href='x?y&z'>\\ /</a>",
    "next-line": "a\x85b",
    "control": "\x00\x01\x1f\x7f",
    "json": '{\n  "sklearn" : {"image":"kfserving/sklearnserver",\t"v":1.0}\n}\n',
    "yaml-lookalikes": "2026-01-01T00:00:00Z",
    "number": "012",
    "long": "0123456789abcde\n" * 12_800,
}


def test_what_is_created_is_returned_and_can_be_read(start: Start, namespace: str) -> None:
    cluster = start()
    wanted = config_map("a", namespace, meta={"labels": {"x": "y"}}, data={"k": "v"})
    created = cluster.create(wanted)
    assert cluster.get(ref_of(wanted)) == created
    assert created["data"] == {"k": "v"}
    assert created["metadata"]["labels"] == {"x": "y"}
    assert (created["apiVersion"], created["kind"]) == ("v1", "ConfigMap")


def test_what_is_created_gets_an_identity(start: Start, namespace: str) -> None:
    created = start().create(config_map("a", namespace))["metadata"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", created["uid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", created["creationTimestamp"])
    assert int(created["resourceVersion"]) > 0


def test_a_second_object_has_another_uid_and_a_higher_version(start: Start, namespace: str) -> None:
    cluster = start()
    first, second = (cluster.create(config_map(name, namespace))["metadata"] for name in "ab")
    assert first["uid"] != second["uid"]
    assert int(first["resourceVersion"]) < int(second["resourceVersion"])


def test_what_the_server_sets_cannot_be_given(start: Start, namespace: str) -> None:
    claims = {"uid": "mine", "creationTimestamp": "2001-01-01T00:00:00Z", "generation": 7}
    gone = {"deletionTimestamp": "2001-01-01T00:00:00Z", "deletionGracePeriodSeconds": 1}
    created = start().create(service("s", namespace, meta={**claims, **gone}, spec={"a": 1}))
    meta = created["metadata"]
    assert meta["uid"] != "mine"
    assert meta["creationTimestamp"] > "2026"
    assert meta["generation"] == 1
    assert "deletionTimestamp" not in meta
    assert "deletionGracePeriodSeconds" not in meta


def test_a_resource_version_cannot_be_given(start: Start, namespace: str) -> None:
    with pytest.raises(ApiError) as caught:
        start().create(config_map("a", namespace, meta={"resourceVersion": "5"}))
    assert caught.value.status == 500
    assert "resourceVersion" in caught.value.message


def test_a_status_is_dropped_where_it_is_a_subresource(start: Start, namespace: str) -> None:
    cluster = start()
    assert "status" not in cluster.create(service("s", namespace, spec={}, status={"x": 1}))
    kept = cluster.create(runtime(f"r-{namespace}", spec={}, status={"x": 1}))
    assert kept["status"] == {"x": 1}


def test_a_config_map_has_no_generation(start: Start, namespace: str) -> None:
    assert "generation" not in start().create(config_map("a", namespace))["metadata"]


def test_empty_maps_are_not_stored(start: Start, namespace: str) -> None:
    empty: Manifest = {"labels": {}, "annotations": {}, "finalizers": [], "ownerReferences": []}
    cluster = start()
    plain = cluster.create(config_map("a", namespace, meta=empty, data={}, binaryData={}))
    custom = cluster.create(service("s", namespace, meta=empty, spec={"e": {}, "l": []}))
    assert not {"data", "binaryData"} & set(plain)
    assert not set(empty) & (set(plain["metadata"]) | set(custom["metadata"]))
    assert custom["spec"] == {"e": {}, "l": []}


def test_a_cluster_scoped_object_has_no_namespace(start: Start, namespace: str) -> None:
    meta = {"namespace": "somewhere"}
    cluster, name = start(), f"r-{namespace}"
    assert "namespace" not in cluster.create(runtime(name, meta=meta, spec={}))["metadata"]
    assert cluster.get(ref_of(runtime(name)))["spec"] == {}


@pytest.mark.parametrize("name", ODD_TEXTS)
def test_texts_come_back_to_the_byte(start: Start, namespace: str, name: str) -> None:
    before = config_map("before", namespace, data={"text": ODD_TEXTS[name]})
    cluster = start(before)
    assert cluster.get(ref_of(before))["data"]["text"] == ODD_TEXTS[name]
    after = cluster.create(config_map("after", namespace, data={"text": ODD_TEXTS[name]}))
    assert after["data"]["text"] == ODD_TEXTS[name]
    assert cluster.get(ref_of(after))["data"]["text"] == ODD_TEXTS[name]


@pytest.mark.parametrize("where", ["before", "during"])
def test_an_object_cannot_be_created_twice(start: Start, namespace: str, where: str) -> None:
    wanted = config_map("a", namespace)
    cluster = start(wanted) if where == "before" else start()
    if where == "during":
        cluster.create(wanted)
    with pytest.raises(ConflictError) as caught:
        cluster.create(wanted)
    assert caught.value.status == 409
    assert "already exists" in caught.value.message


@pytest.mark.parametrize("name", ["", ".", "a/b", "A", "a_b", "-a"])
def test_an_object_needs_a_good_name(start: Start, namespace: str, name: str) -> None:
    with pytest.raises(InvalidError) as caught:
        start().create(config_map(name, namespace))
    assert caught.value.status == 422


@pytest.mark.parametrize("namespace", ["", ".", "a/b"])
def test_an_object_needs_a_good_namespace(start: Start, namespace: str) -> None:
    with pytest.raises(UsageError, match="namespace"):
        start().create(config_map("a", namespace))


def test_an_object_that_is_not_there_is_not_found(start: Start, namespace: str) -> None:
    cluster = start()
    missing = ref_of(config_map("a", namespace))
    for call in (
        lambda: cluster.get(missing),
        lambda: cluster.patch(missing, {"data": {}}),
        lambda: cluster.patch(missing, []),
        lambda: cluster.delete(missing, uid="u", resource_version="1"),
    ):
        with pytest.raises(NotFoundError) as caught:
            call()
        assert caught.value.status == 404


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../pods", "a%2fb", "A", "-a"])
def test_a_name_that_cannot_be_leads_nowhere(start: Start, namespace: str, name: str) -> None:
    # ``DELETE .../configmaps/`` would delete them all, ``.../configmaps/..`` the namespace.
    kept = config_map("kept", namespace)
    cluster, bad = start(kept), named(kept, name)
    meta = cluster.get(ref_of(kept))["metadata"]
    for call in (
        lambda: cluster.get(bad),
        lambda: cluster.patch(bad, {}),
        lambda: cluster.delete(bad, uid=meta["uid"], resource_version=meta["resourceVersion"]),
    ):
        with pytest.raises(UsageError):
            call()
    assert cluster.get(ref_of(kept))["metadata"] == meta


def test_a_namespaced_object_needs_its_namespace(start: Start) -> None:
    with pytest.raises(UsageError, match="namespace"):
        start().get(ObjectRef("v1", "ConfigMap", "a"))


def test_an_unknown_kind_is_refused_by_name(start: Start, namespace: str) -> None:
    cluster, other = start(), manifest("v1", "Endpoints", "a", namespace, None, {})
    for call in (
        lambda: cluster.get(ref_of(other)),
        lambda: cluster.create(other),
        lambda: list(cluster.list("v1", "Endpoints", dict)),
    ):
        with pytest.raises(UsageError, match="Endpoints of v1"):
            call()


def test_an_access_review_is_answered_and_not_kept(start: Start) -> None:
    wanted = {"verb": "get", "resource": "configmaps"}
    kind = "SelfSubjectAccessReview"
    review = manifest("authorization.k8s.io/v1", kind, "", "", None, {})
    answer = start().create({**review, "metadata": {}, "spec": {"resourceAttributes": wanted}})
    assert answer["status"]["allowed"] is True
