"""Namespaces that take no copy, and people who are at work during a run, on real controllers.

Containers do not run here: pods are simulated, the controllers are real.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml

from migrate.__main__ import main
from migrate.cluster.kube import connect
from migrate.commands.target import Target
from migrate.kserve.namespaces import COUNTED
from migrate.objects import ObjectRef
from tests.commands.meddling import Around
from tests.real.claims import (
    OTHER_IMAGE,
    RUNTIME,
    add_service,
    container_of,
    get_service,
    image_of,
    only_if_all,
    stock_runtime,
    wait_image,
)
from tests.real.cli import kmigrate
from tests.real.everything import everything, traces
from tests.real.test_rbac import grant
from tests.testbed.api import ApiError, Manifest, basic_object
from tests.testbed.kserve import SERVING_ALPHA, KServe
from tests.testbed.ports import HOST, free_port
from tests.testbed.samples import model_service
from tests.testbed.waiting import wait_until

pytestmark = pytest.mark.parametrize(
    "kserve_cluster", ["0.20.0", *only_if_all("0.16.0")], indirect=True
)
WANTED = ("--to-runtimes", "--set", f"sklearn={OTHER_IMAGE}")
HOOKS = "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"
CRD = basic_object(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "servingruntimes.serving.kserve.io",
)
HOLD = "example.com/hold"
FROZEN = {"serving.kserve.io/disable-auto-update": "true"}
SECONDS = 60


@pytest.fixture(scope="module")
def teams(kserve_cluster: KServe) -> list[str]:
    """Three namespaces of equal services; the first test takes the third away."""
    found = [kserve_cluster.create_namespace(f"team-{letter}") for letter in "abc"]
    for namespace in found:
        add_service(kserve_cluster, namespace, "iris")
    return found


def runtimes(cluster: KServe) -> list[str]:
    return sorted(
        each["metadata"]["namespace"] for each in cluster.api.list(SERVING_ALPHA, "ServingRuntime")
    )


def quota(cluster: KServe, namespace: str) -> Manifest:
    """A quota without room; its status is written here, as its controller would."""
    hard = {COUNTED: "0"}
    made = basic_object("v1", "ResourceQuota", "few", namespace, spec={"hard": hard})
    cluster.api.create(made)
    cluster.api.patch(made, {"status": {"hard": hard, "used": hard}}, subresource="status")
    return made


@contextmanager
def pruning(cluster: KServe) -> Iterator[None]:
    """Let the CRD of ServingRuntimes not know node selectors, and the stock runtime have one."""
    crd, stock = cluster.api.get_same(CRD), stock_runtime(cluster)
    assert crd is not None
    versions = crd["spec"]["versions"]
    known = versions[0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    former = known.pop("nodeSelector")
    cluster.api.patch(CRD, {"spec": {"versions": versions}})
    cluster.api.patch(stock, {"spec": {"nodeSelector": {"disk": "fast"}}})
    try:
        yield
    finally:
        known["nodeSelector"] = former
        cluster.api.patch(CRD, {"spec": {"versions": versions}})
        cluster.api.patch(stock, {"spec": {"nodeSelector": None}})


@contextmanager
def webhooks_down(cluster: KServe) -> Iterator[None]:
    """Let nobody answer for KServe's webhooks that judge runtimes."""
    every = [hook for hook in cluster.api.list(*HOOKS) if "servingruntime" in json.dumps(hook)]
    before = [(hook, hook["webhooks"]) for hook in every]
    for hook, called in before:
        other = {"url": f"https://{HOST}:{free_port()}/validate"}
        config = [{**c, "clientConfig": {**c["clientConfig"], **other}} for c in called]
        cluster.api.patch(hook, {"webhooks": config})
    assert before
    try:
        yield
    finally:
        for hook, called in before:
            cluster.api.patch(hook, {"webhooks": called})


def test_who_comes_goes_and_is_edited_during_a_run(
    kserve_cluster: KServe,
    teams: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also who is left alone while Ready; all of it during one run, and during its way back."""
    cluster, (near, far, lost) = kserve_cluster, teams
    add_service(cluster, near, "gone")
    cluster.api.patch(add_service(cluster, near, "frozen"), {"metadata": {"annotations": FROZEN}})
    frozen, stock = container_of(cluster, near, "frozen"), image_of(cluster, near, "iris")
    fresh = list[str]()

    def edit() -> None:
        cluster.api.delete(get_service(cluster, near, "gone"))
        cluster.api.create(model_service("late", near, "sklearn"))
        uri = {"spec": {"predictor": {"model": {"storageUri": "gs://models/edited"}}}}
        cluster.api.patch(get_service(cluster, far, "iris"), uri)
        fresh.append(cluster.create_namespace("fresh"))
        add_service(cluster, fresh[0], "iris")
        namespace = basic_object("v1", "Namespace", lost)
        cluster.api.delete(namespace)
        wait_until(lambda: cluster.api.get_same(namespace) is None, SECONDS, "it to be gone")

    first = ObjectRef(SERVING_ALPHA, "ServingRuntime", RUNTIME, near)
    around = Around(connect(str(cluster.admin)), first, edit)
    monkeypatch.setattr(Target, "open", lambda *_: around)
    code = main(["apply", "--yes", *WANTED])
    said = capsys.readouterr()
    assert (code, around.is_done) == (0, True), said.err
    assert "KM409" in said.err
    assert f"{lost}/{RUNTIME}: not made: its namespace is being deleted" in said.out
    assert runtimes(cluster) == sorted((near, far))
    wait_image(cluster, near, "late", OTHER_IMAGE)
    assert [image_of(cluster, place, "iris") for place in (near, far)] == [OTHER_IMAGE] * 2
    assert (image_of(cluster, fresh[0], "iris"), container_of(cluster, near, "frozen")) == (
        stock,
        frozen,
    )
    again = json.loads(kmigrate(cluster.admin, "plan", *WANTED, "-o", "json").stdout)["plan"]
    assert [each["target"]["namespace"] for each in again["operations"]] == fresh
    back = kmigrate(cluster.admin, "rollback", "--yes")
    assert runtimes(cluster) == [], back.stderr
    assert [image_of(cluster, near, name) for name in ("iris", "late")] == [stock] * 2
    assert container_of(cluster, near, "frozen") == frozen
    model = get_service(cluster, far, "iris")["spec"]["predictor"]["model"]
    assert model["storageUri"] == "gs://models/edited"


def test_what_forbids_a_copy_is_told_before_anything_is_written(
    kserve_cluster: KServe, teams: list[str]
) -> None:
    """By the plan for who may read why, by the dry run for who may not."""
    cluster, admin, (near, far, *_) = kserve_cluster, kserve_cluster.admin, teams
    runs = json.loads(kmigrate(admin, "status", "-o", "json").stdout)["runs"]
    roles = kmigrate(admin, "plan", *WANTED, "--rbac").stdout
    grant(cluster, "blind", [_blinded(role) for role in yaml.safe_load_all(roles)])
    blind = cluster.plane.kubeconfig("blind", group="")

    def refused(code: str, *words: str) -> None:
        """Neither leaves anything, and both say why."""
        told = kmigrate(admin, "apply", "--yes", *WANTED, expect=7).stderr
        assert code in told, told
        said = kmigrate(blind, "apply", "--yes", *WANTED, expect=7).stderr
        assert code not in said
        assert all(word in said[said.index("error: ") :] for word in words), said

    full = quota(cluster, far)
    wait_until(lambda: not _stored(cluster, far), SECONDS, "the quota to count")
    refused("KM271", "exceeded quota: few", COUNTED, far)
    cluster.api.delete(full)
    wait_until(lambda: _stored(cluster, far), SECONDS, "the quota to be forgotten")
    with pruning(cluster):
        wait_until(lambda: _is_pruned(cluster, near), SECONDS, "the CRD to take effect")
        refused("KM272", "/spec/nodeSelector")
    with webhooks_down(cluster):
        wait_until(lambda: not _stored(cluster, near), SECONDS, "the webhook to be missed")
        told = kmigrate(admin, "apply", "--yes", *WANTED, "--timeout", "1", expect=10).stderr
        assert "failed calling webhook" in told
    wait_until(lambda: _stored(cluster, near), SECONDS, "the webhook to answer again")
    assert not traces(everything(cluster.api))
    assert json.loads(kmigrate(admin, "status", "-o", "json").stdout)["runs"] == runs
    held = get_service(cluster, far, "iris")
    finalizers = held["metadata"]["finalizers"]
    cluster.api.patch(held, {"metadata": {"finalizers": [*finalizers, HOLD]}})
    cluster.api.delete(basic_object("v1", "Namespace", far))
    told = kmigrate(admin, "plan", *WANTED, expect=None).stdout
    cluster.api.patch(held, {"metadata": {"finalizers": None}})
    # Some seconds later the services of the namespace are being deleted, too, and need no copy.
    assert ("KM270" in told) is (f"create ServingRuntime {far}/" in told), told


def _is_pruned(cluster: KServe, namespace: str) -> bool:
    found = _stored(cluster, namespace)
    return found is not None and "nodeSelector" not in found["spec"]


def _blinded(role: Manifest) -> Manifest:
    hidden = {"customresourcedefinitions", "resourcequotas"}
    return {**role, "rules": [r for r in role["rules"] if not hidden & {*r["resources"]}]}


def _stored(cluster: KServe, namespace: str) -> Manifest | None:
    """What a copy would be stored as; None where it is refused."""
    spec = stock_runtime(cluster)["spec"]
    made = basic_object(SERVING_ALPHA, "ServingRuntime", "tried", namespace, spec=spec)
    path = cluster.api.path(SERVING_ALPHA, "ServingRuntime", namespace)
    try:
        return cluster.api.request("POST", f"{path}?dryRun=All", made)
    except ApiError:
        return None
