"""The contract of the port, asked of every cluster: lists."""

import msgspec
import pytest

from migrate.cluster.port import Cluster
from migrate.objects import Manifest, ref_of
from tests.cluster.conftest import PAGE, Start
from tests.cluster.manifests import config_map, runtime, service

MANY = 3 * PAGE + 1


class Meta(msgspec.Struct):
    name: str
    namespace: str = ""
    labels: dict[str, str] = {}


class Typed(msgspec.Struct):
    metadata: Meta
    data: dict[str, str] = {}


def test_a_list_has_every_object_of_all_pages_once(start: Start, namespace: str) -> None:
    names = [f"c-{number:02}" for number in range(MANY)]
    cluster = start(*(config_map(name, namespace) for name in reversed(names)))
    assert _names(cluster, namespace) == names


def test_a_list_holds_whole_manifests(start: Start, namespace: str) -> None:
    # In the answer to a list the items of core kinds do not say what they are.
    plain, custom = config_map("a", namespace, data={"k": "v"}), service("s", namespace, spec={})
    cluster = start(plain, custom)
    for wanted in (plain, custom):
        kind = wanted["apiVersion"], wanted["kind"]
        assert list(cluster.list(*kind, dict, namespace=namespace)) == [cluster.get(ref_of(wanted))]


def test_a_list_is_decoded_into_a_type(start: Start, namespace: str) -> None:
    labels = {"x": "y"}
    cluster = start(config_map("a", namespace, meta={"labels": labels}, data={"k": "v"}))
    found = list(cluster.list("v1", "ConfigMap", Typed, namespace=namespace))
    assert found == [Typed(Meta("a", namespace, labels), {"k": "v"})]


def test_a_list_is_sorted_as_the_api_server_stores(start: Start, namespace: str) -> None:
    # By text, where ``a-b`` comes before ``a.b`` and ``a0``.
    cluster = start(*(config_map(name, namespace) for name in ("b", "a0", "a", "a.b", "a-b")))
    cluster.create(config_map("a1", namespace))
    assert _names(cluster, namespace) == ["a", "a-b", "a.b", "a0", "a1", "b"]


def test_a_list_can_be_empty(start: Start, namespace: str) -> None:
    assert _names(start(), namespace) == []


def test_a_list_is_of_one_namespace_or_of_all(start: Start, namespace: str) -> None:
    elsewhere = f"b-{namespace}"
    cluster = start(config_map("a", namespace), config_map(elsewhere, "default"))
    cluster.create(config_map("c", namespace))
    assert _names(cluster, namespace) == ["a", "c"]
    everywhere = cluster.list("v1", "ConfigMap", Typed)
    found = [(each.metadata.namespace, each.metadata.name) for each in everywhere]
    assert {(namespace, "a"), (namespace, "c"), ("default", elsewhere)} <= set(found)
    assert found == sorted(found, key="/".join)


def test_a_kind_without_namespaces_is_listed(start: Start, namespace: str) -> None:
    cluster = start(runtime(f"r-{namespace}", spec={"n": 1}))
    found = cluster.list("serving.kserve.io/v1alpha1", "ClusterServingRuntime", dict)
    assert {"n": 1} in [each["spec"] for each in found if each["metadata"]["name"][2:] == namespace]


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("app=a", ["one", "two"]),
        ("app=a,tier=x", ["one"]),
        ("tier=x,app=b", []),
        ("app=c", []),
        ("empty=", ["two"]),
        ("missing=", []),
        ("example.com/role=r", ["three"]),
        ("example.com/role", ["three"]),
        ("app", ["one", "three", "two"]),
        ("empty,app=a", ["two"]),
    ],
)
def test_a_selector_picks_by_labels(
    start: Start, namespace: str, selector: str, names: list[str]
) -> None:
    labels = {
        "one": {"app": "a", "tier": "x"},
        "two": {"app": "a", "empty": ""},
        "three": {"app": "b", "example.com/role": "r"},
    }
    many = [config_map(name, namespace, meta={"labels": of}) for name, of in labels.items()]
    cluster = start(*many, config_map("none", namespace))
    assert _names(cluster, namespace, selector) == names


def test_a_list_sees_what_was_written(start: Start, namespace: str) -> None:
    names = [f"c-{number}" for number in range(MANY)]
    cluster = start(*(config_map(name, namespace, data={"k": "v"}) for name in names))
    cluster.create(config_map("c-00", namespace, data={"k": "v"}))
    cluster.patch(ref_of(config_map("c-5", namespace)), {"data": {"k": "w"}})
    _remove(cluster, config_map("c-3", namespace))
    found = list(cluster.list("v1", "ConfigMap", Typed, namespace=namespace))
    values = {each.metadata.name: each.data["k"] for each in found}
    expected = dict.fromkeys(sorted(["c-00", *names]), "v") | {"c-5": "w"}
    del expected["c-3"]
    assert list(values.items()) == sorted(expected.items())


def test_a_selector_sees_labels_that_were_written(start: Start, namespace: str) -> None:
    was = config_map("was", namespace, meta={"labels": {"app": "a"}})
    cluster = start(was, config_map("becomes", namespace))
    cluster.patch(ref_of(was), {"metadata": {"labels": {"app": "b"}}})
    becomes = ref_of(config_map("becomes", namespace))
    cluster.patch(becomes, {"metadata": {"labels": {"app": "a"}}})
    assert _names(cluster, namespace, "app=a") == ["becomes"]
    assert _names(cluster, namespace, "app=b") == ["was"]


def test_a_list_stays_as_it_began(start: Start, namespace: str) -> None:
    names = [f"c-{number}" for number in range(2 * PAGE)]
    cluster = start(*(config_map(name, namespace) for name in names))
    found = cluster.list("v1", "ConfigMap", Typed, namespace=namespace)
    first = next(found).metadata.name
    cluster.create(config_map("c-9", namespace))
    assert [first, *(each.metadata.name for each in found)] == names


def _names(cluster: Cluster, namespace: str, selector: str = "") -> list[str]:
    found = cluster.list("v1", "ConfigMap", Typed, namespace=namespace, selector=selector)
    return [each.metadata.name for each in found]


def _remove(cluster: Cluster, wanted: Manifest) -> None:
    meta = cluster.get(ref_of(wanted))["metadata"]
    cluster.delete(ref_of(wanted), uid=meta["uid"], resource_version=meta["resourceVersion"])
