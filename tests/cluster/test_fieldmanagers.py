"""Who wrote a field, told from what the real API server notes in managedFields."""

from migrate.cluster.kube import KubeCluster
from migrate.objects import Manifest, pointer, ref_of
from migrate.operations.fieldmanagers import writer_of
from tests.cluster.manifests import config_map, deployment, runtime
from tests.testbed.control_plane import ControlPlane


def by(manifest: Manifest, *parts: str) -> str:
    writer = writer_of(manifest, pointer(*parts))
    return f"{writer.manager} {writer.operation}" if writer else ""


def test_keys_of_a_config_map(plane: ControlPlane, kube: KubeCluster, namespace: str) -> None:
    data = {"predictors": "{}", "ingress": "{}"}
    wanted = config_map("a", namespace, meta={"labels": {"x.y/z": ""}}, data=data)
    plane.api.apply(wanted, manager="argocd-controller")
    live = kube.patch(ref_of(wanted), {"data": {"predictors": '{"sklearn": {}}'}})
    assert by(live, "data", "predictors") == "kmigrate Update"
    assert by(live, "data", "ingress") == "argocd-controller Apply"
    assert by(live, "metadata", "labels", "x.y/z") == "argocd-controller Apply"
    taken_back = plane.api.apply(wanted, manager="argocd-controller")
    assert by(taken_back, "data", "predictors") == "argocd-controller Apply"


def test_who_removed_a_key_is_forgotten(
    plane: ControlPlane, kube: KubeCluster, namespace: str
) -> None:
    wanted = config_map("a", namespace, data={"predictors": "{}", "ingress": "{}"})
    plane.api.apply(wanted, manager="helm")
    live = kube.patch(ref_of(wanted), {"data": {"predictors": None}})
    assert "kmigrate" not in [each["manager"] for each in live["metadata"]["managedFields"]]
    assert by(live, "data", "predictors") == ""


def test_items_of_lists(plane: ControlPlane, kube: KubeCluster, namespace: str) -> None:
    wanted = deployment("a", namespace)
    pod = wanted["spec"]["template"]["spec"]
    port = {"containerPort": 8080}
    pod["containers"] = [
        {"name": "first", "image": "a:1"},
        {"name": "second", "image": "b:1", "args": ["x"], "ports": [port]},
    ]
    plane.api.apply(wanted, manager="install")
    at = ("spec", "template", "spec", "containers")
    live = kube.patch(ref_of(wanted), _of_second("image", "b:2"))
    for item in ("name=second", "1"):
        assert by(live, *at, item, "image") == "kmigrate Update"
        assert by(live, *at, item, "args", "0") == "install Apply"
        assert by(live, *at, item, "ports", "0", "containerPort") == "install Apply"
    assert by(live, *at, "name=first", "image") == "install Apply"


def _of_second(field: str, value: str) -> Manifest:
    # A merge patch replaces the list: all that stays as it is keeps its manager.
    second = {"name": "second", "image": "b:1", "args": ["x"], "ports": [{"containerPort": 8080}]}
    items = [{"name": "first", "image": "a:1"}, {**second, field: value}]
    return {"spec": {"template": {"spec": {"containers": items}}}}


def test_a_list_without_keys(plane: ControlPlane, kube: KubeCluster, namespace: str) -> None:
    containers = [{"name": "kserve-container", "image": "a:1"}]
    wanted = runtime(namespace, spec={"containers": containers, "multiModel": False})
    plane.api.apply(wanted, manager="install")
    changed = [{"name": "kserve-container", "image": "a:2"}]
    live = kube.patch(ref_of(wanted), {"spec": {"containers": changed}})
    assert by(live, "spec", "containers", "name=kserve-container", "image") == "kmigrate Update"
    assert by(live, "spec", "containers", "0", "name") == "kmigrate Update"
    assert by(live, "spec", "multiModel") == "install Apply"
    plane.api.delete(wanted)


def test_the_finalizers_are_a_set(plane: ControlPlane, kube: KubeCluster, namespace: str) -> None:
    wanted = config_map("a", namespace, meta={"finalizers": ["example.com/a"]})
    plane.api.apply(wanted, manager="install")
    both = ["example.com/a", "example.com/b"]
    live = kube.patch(ref_of(wanted), {"metadata": {"finalizers": both}})
    assert by(live, "metadata", "finalizers", "0") == "install Apply"
    assert by(live, "metadata", "finalizers", "1") == "kmigrate Update"
    kube.patch(ref_of(wanted), {"metadata": {"finalizers": []}})
