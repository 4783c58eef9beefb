"""Two controllers at once, and manifests that were applied in part: told, and not written to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeVar

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import ForbiddenError
from migrate.objects import Manifest, ObjectRef
from tests.commands.moving import NEW, cluster
from tests.commands.upgrading import CONFIG, MANAGER, begun, copies
from tests.commands.verbs import Verbs
from tests.kserve.installations import config_of, crds_of

T = TypeVar("T")
ASKED = ("--to-runtimes", "--set", NEW)
YES = ("--yes", "--timeout", "5")
Capsys = pytest.CaptureFixture[str]


def manager(kind: str, release: str, name: str = "kserve-controller-manager") -> Manifest:
    container = {"name": "manager", "image": f"kserve/kserve-controller:v{release}"}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "kserve"},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [container]}}},
    }


def pod(name: str, release: str) -> Manifest:
    container = {"name": "manager", "image": f"kserve/kserve-controller:v{release}"}
    meta = {"name": name, "namespace": "kserve"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": {"containers": [container]},
    }


def crd(name: str, found: dict[str, Any]) -> Manifest:
    kind = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    return {**kind, "metadata": {"name": name}, **found}


def codes(out: str) -> set[str]:
    """The codes of the findings of a plan or a check, as JSON."""
    told = json.loads(out)
    return {one["code"] for one in told.get("plan", told)["findings"]}


@pytest.fixture
def doubled() -> MemoryCluster:
    found = cluster("0.9.0")
    found.create(manager("StatefulSet", "0.8.0"))
    return found


def test_reading_verbs_say_that_two_controllers_run(
    doubled: MemoryCluster, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    verbs = Verbs(doubled, monkeypatch, capsys)
    code, out, _ = verbs("plan", "--kserve-version", "0.9.0")
    assert code == 0
    assert "warning KM550: two controllers run at once: Deployment" in " ".join(out.split())
    words = " ".join(verbs("check", "--kserve-version", "0.9.0")[1].split())
    assert "KM550" in words
    assert "(v0.9.0) and StatefulSet kserve/kserve-controller-manager (v0.8.0)" in words
    old = "kubectl scale statefulset -n kserve kserve-controller-manager --replicas=0"
    assert f"{old} ends the older one; where the upgrade is given up, end the newer" in words
    said = verbs("explain", "team/iris", "--kserve-version", "0.9.0")[1]
    assert "not certain: two controllers run at once" in " ".join(said.split())


def test_writing_verbs_refuse_two_controllers(
    doubled: MemoryCluster, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    verbs = Verbs(doubled, monkeypatch, capsys)
    version = ("--kserve-version", "0.9.0")
    code, out, _ = verbs("plan", *ASKED, *version, "-o", "json")
    assert (code, "KM550" in codes(out)) == (7, True)
    assert verbs("apply", *ASKED, *version, *YES)[0] == 7
    code, _, said = verbs("apply", *ASKED, *version, "--accept", "KM550", *YES)
    assert (code, "--accept KM550: expected one of" in said) == (64, True)
    assert copies(doubled) == {}


def test_two_objects_of_one_name_are_told_by_their_kinds(
    doubled: MemoryCluster, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    words = " ".join(Verbs(doubled, monkeypatch, capsys)("check")[1].split())
    name = "kserve/kserve-controller-manager"
    assert f"objects: Deployment {name}, StatefulSet {name}" in words


@pytest.mark.parametrize("mode", ["Serverless", "RawDeployment"])
@pytest.mark.parametrize("verb", [("plan", *ASKED, "-o", "json"), ("check", "-o", "json")])
@pytest.mark.parametrize(
    ("name", "release"),
    [("kserve-controller-manager-new", "0.10.2"), ("operator-made", "0.9.0")],
)
def test_a_second_controller_is_told_whatever_it_is_called(
    name: str,
    release: str,
    verb: tuple[str, ...],
    mode: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capsys,
) -> None:
    found = cluster("0.9.0")
    found.patch(CONFIG, {"data": {"deploy": json.dumps({"defaultDeploymentMode": mode})}})
    found.create(manager("Deployment", release, name))
    verbs = Verbs(found, monkeypatch, capsys)
    code, out, _ = verbs(*verb, "--kserve-version", "0.9.0")
    assert (code, "KM550" in codes(out)) == (7, True)
    assert f"Deployment kserve/{name} (v{release})" in out
    old = name if release == "0.9.0" else "kserve-controller-manager"
    assert f"kubectl scale deployment -n kserve {old} --replicas=0" in out


def test_the_only_controller_is_found_whatever_it_is_called(
    monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    found = cluster("0.9.0")
    meta = found.get(MANAGER)["metadata"]
    found.delete(MANAGER, uid=meta["uid"], resource_version=meta["resourceVersion"])
    assert "KM103" in codes(Verbs(found, monkeypatch, capsys)("plan", *ASKED, "-o", "json")[1])
    found.create(manager("Deployment", "0.9.0", "operator-made"))
    assert not {"KM103", "KM550"} & codes(
        Verbs(found, monkeypatch, capsys)("plan", *ASKED, "-o", "json")[1]
    )


def test_a_run_goes_neither_on_nor_back_while_two_run(
    monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    found = begun("0.9.0", 1)
    found.create(manager("StatefulSet", "0.8.0"))
    verbs, before = Verbs(found, monkeypatch, capsys), copies(found)
    version = ("--kserve-version", "0.10.2")
    for verb in ("apply", "rollback"):
        code, _, said = verbs(verb, *version, *YES)
        assert (code, "two controllers run at once" in " ".join(said.split())) == (7, True), said
    assert copies(found) == before
    assert "two controllers run at once" in " ".join(verbs("status")[1].split())


def test_the_statefulset_that_0_9_ships_without_replicas_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    found = cluster("0.9.0")
    empty = manager("StatefulSet", "0.8.0")
    empty["spec"]["replicas"] = 0
    found.create(empty)
    assert "KM550" not in codes(Verbs(found, monkeypatch, capsys)("check", "-o", "json")[1])


@pytest.mark.parametrize(
    ("former", "updated", "is_told"),
    [("0.8.0", 1, True), ("0.9.0", 1, False), ("0.8.0", 2, False)],
    ids=["of two releases", "a restart", "at its end"],
)
def test_while_a_rollout_is_under_way_the_pods_are_asked(
    former: str, updated: int, is_told: bool, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    found = cluster("0.9.0")
    status = {"replicas": 2, "updatedReplicas": updated}
    found.patch(MANAGER, {"status": status}, subresource="status")
    found.create(pod("kserve-controller-manager-7d9f8b6c5-x2x4z", former))
    found.create(pod("another-controller-manager-7d9f8b6c5-b5b6b", "0.7.0"))
    found.create(pod("kserve-controller-manager-new-7d9f8b6c5-c7c8c", "0.7.0"))
    code, out, _ = Verbs(found, monkeypatch, capsys)("check", "-o", "json")
    assert ("KM550" in codes(out)) is is_told
    if is_told:
        assert code == 7
        assert "kubectl rollout status deployment -n kserve" in out


def test_older_crds_forbid_writes_unless_accepted(
    monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    found = cluster("0.15.2")
    for name, each in crds_of("0.11.2", "chart").items():
        found.create(crd(name, each))
    verbs = Verbs(found, monkeypatch, capsys)
    code, out, _ = verbs("plan", *ASKED, "-o", "json")
    assert (code, "KM551" in codes(out)) == (7, True)
    assert "of KServe 0.11, and 0.15.2 runs" in out
    assert "apply the manifests of KServe 0.15.2 again" in out
    assert verbs("plan", *ASKED, "--accept", "KM551")[0] == 0
    assert "KM551" in codes(verbs("check", "-o", "json")[1])


def test_newer_crds_and_another_configmap_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    found = cluster("0.9.0")
    for name, each in crds_of("0.10.2", "chart").items():
        found.create(crd(name, each))
    found.patch(CONFIG, {"data": {"agent": config_of("0.10.2", "chart")["agent"]}})
    code, out, _ = Verbs(found, monkeypatch, capsys)("plan", *ASKED, "-o", "json")
    assert code == 0
    told = [one for one in json.loads(out)["plan"]["findings"] if one["code"] == "KM552"]
    kinds = {ref["kind"] for one in told for ref in one["objects"]}
    assert kinds == {"CustomResourceDefinition", "ConfigMap"}
    assert any("of KServe 0.10, and 0.9.0 runs: images tagged v0.10.2" in t["text"] for t in told)


WEBHOOK = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": "servingruntime.serving.kserve.io"},
    "webhooks": [],
}


@pytest.mark.parametrize(("release", "is_told"), [("0.10.2", True), ("0.11.2", False)])
def test_a_webhook_of_a_later_release_is_named(
    release: str, is_told: bool, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    found = cluster(release)
    found.create(WEBHOOK)
    _, out, _ = Verbs(found, monkeypatch, capsys)("check", "-o", "json")
    assert ("KM551" in codes(out)) is is_told


class Narrow(MemoryCluster):
    """A cluster of which one may read no CRD, no webhook and no pod."""

    CLOSED = ("CustomResourceDefinition", "ValidatingWebhookConfiguration", "Pod")

    def get(self, ref: ObjectRef) -> Manifest:
        if ref.kind in self.CLOSED:
            raise ForbiddenError(f"cannot get {ref}")
        return super().get(ref)

    def list(
        self, api_version: str, kind: str, into: type[T], *, namespace: str = "", selector: str = ""
    ) -> Iterator[T]:
        if kind in self.CLOSED:
            raise ForbiddenError(f"cannot list {kind}")
        return super().list(api_version, kind, into, namespace=namespace, selector=selector)


def test_what_may_not_be_read_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    below = cluster("0.10.2")
    status = {"replicas": 2, "updatedReplicas": 1}
    below.patch(MANAGER, {"status": status}, subresource="status")
    found = Narrow(base=below)
    code, out, said = Verbs(found, monkeypatch, capsys)("plan", *ASKED, "-o", "json")
    assert code == 0, said
    assert not {"KM550", "KM551", "KM552"} & codes(out)
