"""What only the memory cluster does: taking objects as they are, and many threads at once."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import InvalidError, UsageError
from migrate.objects import ref_of
from tests.cluster.manifests import config_map, manifest, service


def test_given_objects_keep_their_identity() -> None:
    meta = {"uid": "u", "resourceVersion": "41", "generation": 7, "creationTimestamp": "t"}
    given = service("s", "team", meta=meta, spec={"n": 1}, status={"x": 1})
    assert MemoryCluster([given]).get(ref_of(given)) == given


def test_versions_go_on_above_those_that_were_given() -> None:
    given = [
        config_map(n, "team", meta={"resourceVersion": v}) for n, v in (("a", "7"), ("b", "41"))
    ]
    cluster = MemoryCluster(given)
    written = cluster.patch(ref_of(given[0]), {"data": {"k": "v"}})
    created = cluster.create(config_map("c", "team"))
    assert int(written["metadata"]["resourceVersion"]) > 41
    assert int(created["metadata"]["resourceVersion"]) > int(written["metadata"]["resourceVersion"])


def test_a_missing_identity_is_the_same_each_time() -> None:
    given = [service("s", "team", spec={}), service("s", "other", spec={})]
    metas = [[MemoryCluster(given).get(ref_of(each))["metadata"] for each in given] for _ in "12"]
    assert metas[0] == metas[1]
    assert metas[0][0]["uid"] != metas[0][1]["uid"]
    assert metas[0][0]["resourceVersion"] != metas[0][1]["resourceVersion"]
    assert metas[0][0]["generation"] == 1


def test_given_objects_are_copied() -> None:
    given = config_map("a", "team", data={"k": "v"})
    cluster = MemoryCluster([given])
    given["data"]["k"] = "w"
    assert cluster.get(ref_of(given))["data"] == {"k": "v"}


def test_an_object_of_an_unknown_kind_is_not_taken() -> None:
    with pytest.raises(UsageError, match="Ingress"):
        MemoryCluster([manifest("networking.k8s.io/v1", "Ingress", "i", "team", None, {})])


@pytest.mark.parametrize("selector", ["a in (b)", "!a", "a!=b", "=b", "a==b"])
def test_a_selector_of_another_kind_is_not_misread(selector: str) -> None:
    with pytest.raises(ValueError, match="selector"):
        list(MemoryCluster().list("v1", "ConfigMap", dict, selector=selector))


@pytest.fixture
def _restless() -> Iterator[None]:
    """Have threads take turns all the time, so that none finishes a write undisturbed."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_restless")
def test_of_many_writers_with_one_guard_one_wins() -> None:
    wanted = config_map("a", "team", data={"winner": ""})
    cluster = MemoryCluster([wanted])
    guard = {"op": "test", "path": "/data/winner", "value": ""}

    def claim(number: int) -> int:
        name = f"{number}"
        try:
            cluster.patch(
                ref_of(wanted), [guard, {"op": "add", "path": "/data/winner", "value": name}]
            )
        except InvalidError:
            return 0
        return 1

    with ThreadPoolExecutor(16) as workers:
        assert sum(workers.map(claim, range(1, 200))) == 1


@pytest.mark.usefixtures("_restless")
def test_no_write_of_many_threads_is_lost() -> None:
    wanted = config_map("a", "team")
    cluster = MemoryCluster([wanted])
    with ThreadPoolExecutor(16) as workers:
        changes = ({"data": {f"k{number}": "v"}} for number in range(200))
        versions = list(workers.map(lambda c: _version(cluster.patch(ref_of(wanted), c)), changes))
    assert len(set(versions)) == 200
    assert len(cluster.get(ref_of(wanted))["data"]) == 200


def _version(of: dict[str, dict[str, str]]) -> str:
    return of["metadata"]["resourceVersion"]
