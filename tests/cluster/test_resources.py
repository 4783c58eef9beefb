"""The table of kinds, against the discovery of the real API server."""

import pytest

from migrate.cluster.resources import RESOURCES, Resource, resource_of
from migrate.errors import UsageError
from migrate.objects import ObjectRef
from tests.testbed.control_plane import ControlPlane

KNATIVE = "serving.knative.dev/v1"
SERVED = [each for each in RESOURCES if each.api_version != KNATIVE]


@pytest.mark.parametrize("resource", SERVED, ids=lambda each: each.full_name)
def test_the_table_says_what_the_api_server_says(plane: ControlPlane, resource: Resource) -> None:
    root = resource.collection().removesuffix(f"/{resource.plural}")
    served = {each["name"]: each for each in plane.api.request("GET", root)["resources"]}
    assert served[resource.plural]["kind"] == resource.kind
    assert served[resource.plural]["namespaced"] is resource.namespaced
    assert (f"{resource.plural}/status" in served) is resource.status


def test_paths() -> None:
    pods, leases = resource_of("v1", "Pod"), resource_of("coordination.k8s.io/v1", "Lease")
    assert pods.collection() == "/api/v1/pods"
    assert pods.collection("a") == "/api/v1/namespaces/a/pods"
    ref = ObjectRef("coordination.k8s.io/v1", "Lease", "l", "a")
    path = "/apis/coordination.k8s.io/v1/namespaces/a/leases/l"
    assert leases.item(ref) == path
    assert leases.item(ref, "status") == f"{path}/status"
    namespaces = resource_of("v1", "Namespace")
    assert namespaces.item(ObjectRef("v1", "Namespace", "a", "ignored")) == "/api/v1/namespaces/a"


@pytest.mark.parametrize("namespace", ["", ".", "..", "a/b"])
def test_a_namespace_that_cannot_be_makes_no_path(namespace: str) -> None:
    with pytest.raises(UsageError):
        resource_of("v1", "Pod").item(ObjectRef("v1", "Pod", "p", namespace))


@pytest.mark.parametrize("namespace", [".", "..", "a/../b", "a?b", "a%2fb"])
def test_a_collection_is_of_one_namespace(namespace: str) -> None:
    with pytest.raises(UsageError):
        resource_of("v1", "Pod").collection(namespace)
