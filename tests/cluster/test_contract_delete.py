"""The contract of the port, asked of every cluster: delete."""

import pytest

from migrate.cluster.port import Cluster
from migrate.errors import ConflictError, NotFoundError
from migrate.objects import Manifest, ref_of
from tests.cluster.conftest import Start
from tests.cluster.manifests import config_map, service


def test_a_deleted_object_is_gone(start: Start, namespace: str) -> None:
    wanted = config_map("a", namespace)
    cluster = start(wanted)
    meta = cluster.get(ref_of(wanted))["metadata"]
    _delete(cluster, wanted, meta)
    with pytest.raises(NotFoundError):
        cluster.get(ref_of(wanted))
    with pytest.raises(NotFoundError):
        _delete(cluster, wanted, meta)


def test_what_was_deleted_can_be_created_again_as_another(start: Start, namespace: str) -> None:
    wanted = config_map("a", namespace, data={"k": "v"})
    cluster = start(wanted)
    old = cluster.get(ref_of(wanted))["metadata"]
    _delete(cluster, wanted, old)
    new = cluster.create(config_map("a", namespace))
    assert new["metadata"]["uid"] != old["uid"]
    assert "data" not in new
    assert cluster.get(ref_of(wanted)) == new


@pytest.mark.parametrize(
    "wrong", [{"uid": "other"}, {"uid": ""}, {"resourceVersion": "1"}, {"resourceVersion": ""}]
)
def test_only_that_very_object_is_deleted(start: Start, namespace: str, wrong: Manifest) -> None:
    wanted = config_map("a", namespace)
    cluster = start(wanted)
    meta = cluster.patch(ref_of(wanted), {"data": {"k": "v"}})["metadata"]
    with pytest.raises(ConflictError) as caught:
        _delete(cluster, wanted, {**meta, **wrong})
    assert caught.value.status == 409
    assert cluster.get(ref_of(wanted))["metadata"]["uid"] == meta["uid"]


def test_a_version_that_was_read_before_a_write_no_longer_deletes(
    start: Start, namespace: str
) -> None:
    wanted = config_map("a", namespace)
    cluster = start(wanted)
    read = cluster.get(ref_of(wanted))["metadata"]
    written = cluster.patch(ref_of(wanted), {"data": {"k": "v"}})["metadata"]
    with pytest.raises(ConflictError):
        _delete(cluster, wanted, read)
    _delete(cluster, wanted, written)


def test_a_finalizer_keeps_a_deleted_object(start: Start, namespace: str) -> None:
    held = service("s", namespace, meta={"finalizers": ["example.com/hold"]}, spec={})
    cluster = start(held)
    before = cluster.get(ref_of(held))["metadata"]
    _delete(cluster, held, before)
    dying = cluster.get(ref_of(held))["metadata"]
    assert dying["deletionTimestamp"] > "2026"
    assert dying["generation"] == before["generation"] + 1
    _delete(cluster, held, dying)
    assert cluster.get(ref_of(held))["metadata"] == dying
    cluster.patch(ref_of(held), {"metadata": {"finalizers": None}})
    with pytest.raises(NotFoundError):
        cluster.get(ref_of(held))


def _delete(cluster: Cluster, wanted: Manifest, meta: Manifest) -> None:
    uid, version = meta["uid"], meta["resourceVersion"]
    cluster.delete(ref_of(wanted), uid=uid, resource_version=version)
