"""The contract of the port, asked of every cluster: the status and its subresource."""

import pytest

from migrate.errors import InvalidError, NotFoundError
from migrate.objects import Manifest, ref_of
from tests.cluster.conftest import Start
from tests.cluster.manifests import config_map, runtime, service


def test_without_a_status_subresource_the_status_counts(start: Start, namespace: str) -> None:
    wanted = runtime(f"r-{namespace}", spec={"n": 1})
    cluster = start(wanted)
    patched = cluster.patch(ref_of(wanted), {"status": {"x": 1}})
    assert patched["status"] == {"x": 1}
    assert _generation(patched) == 2
    assert _generation(cluster.patch(ref_of(wanted), {"metadata": {"labels": {"a": "b"}}})) == 2


def test_a_patch_of_the_object_leaves_its_status(start: Start, namespace: str) -> None:
    wanted = service("s", namespace, spec={"n": 1}, status={"x": 1})
    cluster = start(wanted)
    before = cluster.get(ref_of(wanted))
    assert before["status"] == {"x": 1}
    assert cluster.patch(ref_of(wanted), {"status": {"x": 2}}) == before
    assert cluster.patch(ref_of(wanted), [{"op": "remove", "path": "/status"}]) == before
    both = cluster.patch(ref_of(wanted), {"spec": {"n": 2}, "status": {"x": 2}})
    assert (both["spec"], both["status"]) == ({"n": 2}, {"x": 1})


def test_a_patch_of_the_status_leaves_the_object(start: Start, namespace: str) -> None:
    wanted = service("s", namespace, spec={"n": 1}, status={"x": 1})
    cluster = start(wanted)
    before = cluster.get(ref_of(wanted))
    changes = {"spec": {"n": 2}, "metadata": {"labels": {"a": "b"}}, "status": {"y": 2}}
    after = cluster.patch(ref_of(wanted), changes, subresource="status")
    assert after["status"] == {"x": 1, "y": 2}
    assert (after["spec"], _generation(after)) == (before["spec"], 1)
    assert "labels" not in after["metadata"]
    assert _version(after) > _version(before)
    assert cluster.get(ref_of(wanted)) == after


def test_a_status_can_be_guarded_and_put_back(start: Start, namespace: str) -> None:
    wanted = service("s", namespace, spec={}, status={"observedGeneration": 1})
    cluster, path = start(wanted), "/status/observedGeneration"
    version = cluster.get(ref_of(wanted))["metadata"]["resourceVersion"]
    guarded = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "replace", "path": path, "value": 0},
    ]
    assert cluster.patch(ref_of(wanted), guarded, subresource="status")["status"] == {
        "observedGeneration": 0
    }
    with pytest.raises(InvalidError):
        cluster.patch(ref_of(wanted), guarded, subresource="status")
    back = [{"op": "test", "path": path, "value": 0}, {"op": "replace", "path": path, "value": 1}]
    restored = cluster.patch(ref_of(wanted), back, subresource="status")
    assert restored["status"] == {"observedGeneration": 1}


def test_a_status_can_be_taken_away(start: Start, namespace: str) -> None:
    wanted = service("s", namespace, spec={}, status={"x": 1})
    cluster = start(wanted)
    patch = [{"op": "remove", "path": "/status"}]
    assert "status" not in cluster.patch(ref_of(wanted), patch, subresource="status")


@pytest.mark.parametrize("kind", ["ConfigMap", "ClusterServingRuntime"])
def test_without_the_subresource_nothing_is_found(start: Start, namespace: str, kind: str) -> None:
    both = config_map("a", namespace), runtime(f"r-{namespace}", spec={})
    wanted = next(each for each in both if each["kind"] == kind)
    with pytest.raises(NotFoundError) as caught:
        start(wanted).patch(ref_of(wanted), {"status": {"x": 1}}, subresource="status")
    assert caught.value.status == 404


def _version(of: Manifest) -> int:
    return int(of["metadata"]["resourceVersion"])


def _generation(of: Manifest) -> int:
    generation: int = of["metadata"]["generation"]
    return generation
