"""Server dry run: the real API server judges, and nothing of it stays there."""

import pytest

from migrate.cluster.dryrun import ServerDryRun
from migrate.cluster.kube import KubeCluster, connect
from migrate.cluster.memory import MemoryCluster
from migrate.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from migrate.objects import ref_of
from tests.cluster.manifests import config_map, deployment, manifest, service
from tests.testbed.control_plane import ControlPlane


@pytest.fixture
def trial(dry: KubeCluster) -> ServerDryRun:
    return ServerDryRun(dry)


def test_nothing_that_is_written_persists(
    trial: ServerDryRun, kube: KubeCluster, plane: ControlPlane, namespace: str
) -> None:
    old, other, new = (config_map(name, namespace, data={"k": "v"}) for name in ("a", "b", "c"))
    before = [kube.create(old), kube.create(other)]
    mark = plane.audit.mark()
    trial.patch(ref_of(old), {"data": {"k": "w"}})
    meta = before[1]["metadata"]
    trial.delete(ref_of(other), uid=meta["uid"], resource_version=meta["resourceVersion"])
    trial.create(new)
    trial.patch(ref_of(new), {"data": {"k": "w"}})
    assert [kube.get(ref_of(old)), kube.get(ref_of(other))] == before
    with pytest.raises(NotFoundError):
        kube.get(ref_of(new))
    plane.audit.settle(plane.api)
    writes = [each for each in plane.audit.since(mark, resource="configmaps") if each.is_mutating]
    assert [write.verb for write in writes] == ["patch", "delete", "create"]
    assert all(write.is_dry_run for write in writes)


def test_a_dry_cluster_alone_deletes_nothing(
    dry: KubeCluster, kube: KubeCluster, namespace: str
) -> None:
    # With dryRun=All in the query alone the API server would delete it.
    created = kube.create(config_map("a", namespace))
    meta = created["metadata"]
    dry.delete(ref_of(created), uid=meta["uid"], resource_version=meta["resourceVersion"])
    assert kube.get(ref_of(created)) == created


def test_it_sees_its_own_writes(trial: ServerDryRun, kube: KubeCluster, namespace: str) -> None:
    kube.create(config_map("a", namespace, data={"k": "v"}))
    trial.patch(ref_of(config_map("a", namespace)), {"data": {"k": "w"}})
    trial.create(config_map("b", namespace, data={"k": "new"}))
    trial.patch(ref_of(config_map("b", namespace)), {"data": {"l": "more"}})
    found = trial.list("v1", "ConfigMap", dict, namespace=namespace)
    assert [each["data"] for each in found] == [{"k": "w"}, {"k": "new", "l": "more"}]


def test_it_shows_what_the_server_makes_of_a_write(trial: ServerDryRun, namespace: str) -> None:
    wanted = deployment("d", namespace)
    trial.create(wanted)
    spec = trial.get(ref_of(wanted))["spec"]
    assert spec["strategy"]["type"] == "RollingUpdate"
    assert spec["template"]["spec"]["restartPolicy"] == "Always"


def test_the_server_refuses_what_is_not_valid(
    trial: ServerDryRun, kube: KubeCluster, namespace: str
) -> None:
    broken = manifest("apps/v1", "Deployment", "d", namespace, None, {"spec": {"replicas": 1}})
    with pytest.raises(InvalidError, match="selector"):
        trial.create(broken)
    kube.create(deployment("d", namespace))
    with pytest.raises(InvalidError, match="replicas"):
        trial.patch(ref_of(broken), {"spec": {"replicas": -1}})
    assert trial.get(ref_of(broken))["spec"]["replicas"] == 1


def test_the_server_refuses_what_is_not_permitted(plane: ControlPlane, namespace: str) -> None:
    nobody = connect(str(plane.kubeconfig(f"nobody-{namespace}", group="")), dry_run=True)
    with pytest.raises(ForbiddenError):
        ServerDryRun(nobody).create(config_map("a", namespace))
    nobody.close()


def test_a_deleted_object_can_be_created_again(
    trial: ServerDryRun, kube: KubeCluster, namespace: str
) -> None:
    # Here the server, which still has the first one, could only say that it exists.
    meta = kube.create(service("s", namespace, spec={"n": 1}))["metadata"]
    ref = ref_of(service("s", namespace))
    trial.delete(ref, uid=meta["uid"], resource_version=meta["resourceVersion"])
    assert trial.create(service("s", namespace, spec={"n": 2}))["spec"] == {"n": 2}
    assert trial.get(ref)["metadata"]["uid"] != meta["uid"]
    with pytest.raises(ConflictError):
        trial.create(service("s", namespace, spec={"n": 3}))


def test_nobody_acts_on_it(trial: ServerDryRun, dry: KubeCluster, kube: KubeCluster) -> None:
    assert (trial.controllers_act, dry.controllers_act, kube.controllers_act) == (
        False,
        False,
        True,
    )
    assert kube.name in trial.name


def test_what_a_patch_would_store_is_told_and_not_stored(
    kube: KubeCluster, trial: ServerDryRun, plane: ControlPlane, namespace: str
) -> None:
    wanted = service("s", namespace, spec={"k": "v"})
    before = kube.create(wanted)
    mark = plane.audit.mark()
    for cluster in (kube, trial, MemoryCluster(base=kube)):
        told = cluster.would_patch(ref_of(wanted), {"spec": {"k": "w"}})
        assert told is not None
        assert told["spec"] == {"k": "w"}
    assert kube.get(ref_of(wanted)) == before
    plane.audit.settle(plane.api)
    writes = [each for each in plane.audit.since(mark) if each.is_mutating]
    assert [(write.verb, write.is_dry_run) for write in writes] == [("patch", True)] * 3


def test_what_a_create_would_store_is_told_and_not_stored(
    kube: KubeCluster, trial: ServerDryRun, plane: ControlPlane, namespace: str
) -> None:
    wanted, there = deployment("d", namespace), config_map("a", namespace)
    kube.create(there)
    mark = plane.audit.mark()
    for cluster in (kube, trial, MemoryCluster(base=kube)):
        told = cluster.would_create(wanted)
        assert told is not None
        assert told["spec"]["strategy"]["type"] == "RollingUpdate"
        with pytest.raises(NotFoundError):
            kube.get(ref_of(wanted))
        with pytest.raises(ConflictError):
            cluster.would_create(there)
        with pytest.raises(NotFoundError, match="nowhere"):
            cluster.would_create(config_map("a", "nowhere"))
    plane.audit.settle(plane.api)
    writes = [each for each in plane.audit.since(mark) if each.is_mutating]
    assert [(write.verb, write.is_dry_run) for write in writes] == [("create", True)] * 9


def test_where_there_is_no_server_nobody_tells_what_a_write_would_store() -> None:
    cluster = MemoryCluster([config_map("a", "team")])
    assert cluster.would_patch(ref_of(config_map("a", "team")), {}) is None
    assert cluster.would_create(config_map("b", "team")) is None
    with pytest.raises(NotFoundError):
        cluster.get(ref_of(config_map("b", "team")))
