"""A failed upgrade of 0.9.0 to 0.10.2, taken back, and then `rollback CHECKPOINT`.

The real controllers and the released manifests. Containers are simulated.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import pytest

from migrate.cluster.kube import connect
from migrate.objects import Manifest
from tests.conftest import StartKServe
from tests.real.claims import only_if_all
from tests.real.cli import kmigrate, runs_of
from tests.real.tenants import FEW, OVERRIDES, Tenants, make_tenants
from tests.real.upgraded import REGISTRIES, RUNTIMES, Field, Services, made, ref_of_service
from tests.real.world import CONFIG
from tests.testbed.api import is_true
from tests.testbed.kserve import SERVING, KServe
from tests.testbed.samples import framework_service
from tests.testbed.waiting import wait_until

OLD: Services = {
    "team-a/iris": ("sklearn", {}),
    "team-b/old": ("sklearn", {"runtimeVersion": "v0.6.1"}),
    "team-a/two": ("sklearn", {"protocolVersion": "v2"}),
    "team-c/flow": ("tensorflow", {}),
    "team-b/trees": ("lightgbm", {}),
}
"""Made under 0.7, in the framework form since then: 0.10 has no image for them."""
NEW = ("team-a/prices", "team-c/stones")
"""Made under 0.9.0, on a ClusterServingRuntime that somebody edited."""
XGB = "kserve-xgbserver"
IMAGE = f"{REGISTRIES['0.9.0']}/xgbserver:ours"


@pytest.mark.parametrize("setup", ["plain", "runtimes", *only_if_all("knative")])
def test_a_failed_upgrade_is_undone(start_kserve: StartKServe, tmp_path: Path, setup: str) -> None:
    field = _overridden(start_kserve("0.7.0", knative=setup == "knative"))
    before = _State.of(field)
    assert {name for name, image in before.images.items() if "registry.example" in image} == {
        *(name for name in OLD if name != "team-b/trees"),
        *NEW,
    }
    file = tmp_path / "before.json.gz"
    kmigrate(field.kserve.admin, "checkpoint", "before", "--out", str(file))
    if setup == "runtimes":
        kmigrate(field.kserve.admin, "apply", "--to-runtimes", "--yes")
        assert field.copies() == {f"team-a/{XGB}", f"team-c/{XGB}"}
    field.kserve.upgrade("0.10.2")
    _without_images(field)
    done = kmigrate(field.kserve.admin, "rollback", "before", "--yes", expect=7)
    assert "0.10.2 runs now" in done.stderr
    field.kserve.upgrade("0.9.0")
    lost = _State.of(field)
    assert lost.data != before.data

    named = "before" if setup != "plain" else str(file)
    done = kmigrate(field.kserve.admin, "rollback", named, "--yes", timeout=300)
    assert "byte for byte as at the checkpoint" in done.stdout
    assert _State.of(field) == before
    assert field.copies() == set()
    field.reconcile(*OLD, *NEW)
    assert _State.of(field) == before
    done = kmigrate(field.kserve.admin, "rollback", named, "--yes")
    assert "nothing to roll back" in done.stdout

    kmigrate(field.kserve.admin, "rollback", runs_of(field.kserve.admin)[0], "--yes", timeout=300)
    assert _State.of(field).data == lost.data
    assert bool(field.copies()) is (setup == "runtimes")


@pytest.mark.parametrize("newer", only_if_all("0.10.2"))
def test_who_was_converted_meanwhile_is_told_and_is_no_success(
    start_kserve: StartKServe, tmp_path: Path, newer: str
) -> None:
    field = _overridden(start_kserve("0.7.0"))
    before = _State.of(field)
    admin, name = field.kserve.admin, "team-b/old"
    kmigrate(admin, "checkpoint", "before", "--out", str(tmp_path / "before.json.gz"))
    field.kserve.upgrade(newer)
    _without_images(field)
    cluster = connect(str(admin))
    cluster.patch(ref_of_service(name), {})
    cluster.close()
    assert field.forms()[name] == "model"
    field.kserve.upgrade("0.9.0")
    done = kmigrate(admin, "rollback", "before", "--yes", expect=4, timeout=300)
    told = " ".join(done.stderr.split())
    assert "KM304: converted since the checkpoint" in told
    assert "kmigrate plan --from-checkpoint before --to-runtimes" in told
    lost, then = "kserve/sklearnserver:v0.6.1", f"{field.registry}/sklearnserver:v0.6.1"
    assert f"NOT OK InferenceService {name}: runs {lost}, at the checkpoint {then}" in (
        " ".join(done.stdout.split())
    )
    assert _State.of(field) == replace(before, images={**before.images, name: lost})


@pytest.mark.parametrize("way", only_if_all("0.15.2 0.16.0", "0.11.2 0.15.2"))
def test_runtimes_that_were_edited_come_back_with_pods(
    start_kserve: StartKServe, tmp_path: Path, way: str
) -> None:
    """The same with Deployments: everybody is on a ClusterServingRuntime, and Ready."""
    release, _, newer = way.partition(" ")
    tenants = make_tenants(start_kserve(release), FEW)
    kserve = tenants.kserve
    before = tenants.runtimes(), _raw(tenants), kserve.api.get_same(CONFIG)
    assert set(_raw(tenants).values()) == {(OVERRIDES["kserve-sklearnserver"], True)}
    kmigrate(kserve.admin, "checkpoint", "before", "--out", str(tmp_path / "before.json.gz"))
    kserve.upgrade(newer)
    kserve.upgrade(release)
    done = kmigrate(kserve.admin, "rollback", "before", "--yes", timeout=300)
    assert ("KM311" in done.stderr) is (newer == "0.16.0")
    after = kserve.api.get_same(CONFIG)
    assert before[2] is not None
    assert after is not None
    assert after["data"] == before[2]["data"]
    assert (tenants.runtimes(), _raw(tenants)) == before[:2]


def _raw(tenants: Tenants) -> dict[str, tuple[str, bool]]:
    """The image of each service, and whether it is Ready, once all is at rest."""
    found = {}
    for key, sight in tenants.settled().items():
        service = tenants.kserve.api.get(SERVING, "InferenceService", *reversed(key.split("/")))
        assert service is not None
        [image] = [image for (kind, _), image in sight.images.items() if kind == "Deployment"]
        found[key] = (image, is_true(service, "Ready"))
    return found


@dataclass(frozen=True)
class _State:
    """What is to be as before: bytes, the runtime, images, and who is Ready."""

    data: dict[str, str]
    runtime: Manifest
    images: dict[str, str]
    ready: dict[str, bool]

    @classmethod
    def of(cls, field: Field) -> Self:
        """Read it."""
        config = field.kserve.api.get_same(CONFIG)
        runtime = field.kserve.api.get(RUNTIMES, "ClusterServingRuntime", XGB, "")
        services = field.kserve.api.list(SERVING, "InferenceService")
        assert config is not None
        assert runtime is not None
        ready = {_name(one): is_true(one, "Ready") for one in services}
        return cls(config["data"], runtime["spec"], field.images(), ready)


def _name(found: Manifest) -> str:
    return f"{found['metadata']['namespace']}/{found['metadata']['name']}"


def _overridden(kserve: KServe) -> Field:
    """Return a cluster of 0.9.0 with images set in both places, that everybody follows."""
    field = made(kserve, OLD)
    kserve.upgrade("0.9.0")
    field = replace(field, registry=REGISTRIES["0.9.0"])
    _edit(field)
    for name in NEW:
        namespace, _, own = name.partition("/")
        kserve.api.create(framework_service(own, namespace, "xgboost"))
        kserve.wait_knative_service(namespace, own)
    document = json.loads(field.predictors())
    document["sklearn"]["v1"]["image"] = f"{field.registry}/sklearnserver"
    document["sklearn"]["v2"]["image"] = f"{field.registry}/mlserver"
    document["tensorflow"]["image"] = f"{field.registry}/serving"
    field.write(json.dumps(document, indent=1))

    def follows() -> bool:
        field.reconcile(*OLD)
        images = field.images()
        moved = [name for name in OLD if name != "team-b/trees"]
        return all(images[name].startswith(field.registry) for name in moved)

    wait_until(follows, 60, "the images of predictors")
    if kserve.has_knative:
        for name in (*OLD, *NEW):
            kserve.wait_ready(*name.split("/"))
    return field


def _edit(field: Field) -> None:
    """Set another image in the ClusterServingRuntime."""
    live = field.kserve.api.get(RUNTIMES, "ClusterServingRuntime", XGB, "")
    assert live is not None
    containers = live["spec"]["containers"]
    containers[0]["image"] = IMAGE
    field.kserve.api.patch(live, {"spec": {"containers": containers}})


def _without_images(field: Field) -> None:
    """Wait until 0.10 has taken the images of all who are in the framework form."""

    def lost() -> bool:
        field.reconcile(*OLD)
        return not any(field.images()[name] for name in OLD)

    wait_until(lost, 60, "services without an image")
