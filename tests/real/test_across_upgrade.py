"""A run killed under 0.9.0, then an upgrade, then on or back; and services that came too late.

The controllers are real, containers do not run: a Knative Service tells what KServe decided.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import StartKServe
from tests.real.claims import only_if_all
from tests.real.cli import KMIGRATE, environment, kmigrate, status_of, words_of
from tests.real.kills import TO_RUNTIMES
from tests.real.tenants import FEW, OVERRIDES, Tenants, make_tenants
from tests.real.upgraded import Field, Services, made
from tests.testbed.control_plane import ControlPlane
from tests.testbed.kills import Moment
from tests.testbed.kserve import SERVING_ALPHA, KServe
from tests.testbed.proxy import KillProxy
from tests.testbed.waiting import wait_until

StartProxy = Callable[[ControlPlane], KillProxy]
QUICK = ("--yes", "--lease-duration", "1", "--timeout", "120")
COPIES = {("team-a", "kserve-sklearnserver"), ("team-b", "kserve-sklearnserver")}
WAYS = ["0.9.0 0.10.2", *only_if_all("0.9.0 0.11.2", "0.16.0 0.20.0")]


def _killed(start_kserve: StartKServe, kill_proxy: StartProxy, way: str) -> Tenants:
    """Kill the run between its two copies, then upgrade."""
    before, after = way.split()
    tenants = make_tenants(start_kserve(before), FEW)
    proxy = kill_proxy(tenants.kserve.plane)
    for request in range(4, 9):
        proxy.arm(request, Moment.BEFORE)
        command = [str(KMIGRATE), *TO_RUNTIMES["apply"]]
        done = proxy.run(command, env=environment(proxy.kubeconfig), timeout=120)
        assert done.returncode == -9, done
        if len(tenants.copies()) == 1:
            break
    assert len(tenants.copies()) == 1
    tenants.kserve.upgrade(after)
    tenants.settled()
    assert tenants.runtimes()["kserve-sklearnserver"]["containers"][0]["image"] not in _images()
    return tenants


def _images() -> set[str]:
    return set(OVERRIDES.values())


def _running(tenants: Tenants) -> set[str]:
    return {image for sight in tenants.settled().values() for image in sight.images.values()}


@pytest.mark.parametrize("way", WAYS)
def test_the_run_goes_on_under_the_new_release(
    start_kserve: StartKServe, kill_proxy: StartProxy, way: str
) -> None:
    tenants = _killed(start_kserve, kill_proxy, way)
    admin, (before, after) = tenants.kserve.admin, way.split()
    told = f"begun under KServe {before}, and {after} runs now"
    assert told in kmigrate(admin, "status").stdout
    assert told in kmigrate(admin, "apply", *QUICK).stderr
    assert tenants.copies() == COPIES
    assert _running(tenants) == {OVERRIDES["kserve-sklearnserver"]}
    # Nothing becomes Ready without a Knative that makes pods.
    assert {words[:2] for words in words_of(status_of(admin))} == {("applied", "Succeeded")}
    _back(tenants)


@pytest.mark.parametrize("way", WAYS)
def test_the_run_goes_back_under_the_new_release(
    start_kserve: StartKServe, kill_proxy: StartProxy, way: str
) -> None:
    _back(_killed(start_kserve, kill_proxy, way))


def _back(tenants: Tenants) -> None:
    """Nothing of the run is left, and everybody runs what the release gives."""
    done = kmigrate(tenants.kserve.admin, "rollback", *QUICK)
    assert "KM553" in done.stderr
    assert tenants.copies() == set()
    stock = tenants.runtimes()["kserve-sklearnserver"]["containers"][0]["image"]
    assert _running(tenants) == {stock}
    assert status_of(tenants.kserve.admin)["state"] == "rolled back"


LATE: Services = {
    "team-a/iris": ("sklearn", {}),
    "team-a/prices": ("xgboost", {}),
    "team-b/flow": ("tensorflow", {"runtimeVersion": "1.14.0"}),
}
WANTED = "registry.example.com:5000/ml/sklearnserver:v0.7.0"


@pytest.mark.fixed_port  # It begins with 0.7.0.
@pytest.mark.parametrize("release", ["0.10.2", *only_if_all("0.11.2", "0.15.2")])
def test_services_without_an_image_are_converted_after_the_upgrade(
    start_kserve: StartKServe, release: str
) -> None:
    field = made(start_kserve("0.7.0"), LATE)
    field.kserve.upgrade(release)
    _end_the_former(field)
    _without_images(field, release)
    admin = field.kserve.admin
    asked = ("--to-runtimes", "--convert", "--set", f"sklearn={WANTED}")
    done = kmigrate(admin, "plan", *asked, "-n", "team-a")
    assert "KM558" in done.stdout
    assert "KM244" not in done.stdout
    kmigrate(admin, "apply", *asked, "-n", "team-a", *QUICK)
    assert {name: form == "model" for name, form in field.forms().items()} == {
        name: name.startswith("team-a") for name in LATE
    }
    assert _image(field, "team-a/iris") == WANTED
    kmigrate(admin, "rollback", *QUICK)
    assert field.copies() == set()
    shipped = _shipped(field.kserve, "kserve-sklearnserver").rpartition(":")[0]
    assert _image(field, "team-a/iris") == f"{shipped}:v0.7.0"
    kmigrate(admin, "apply", "--to-runtimes", "--convert", *QUICK)
    assert set(field.forms().values()) == {"model"}
    assert all(_image(field, name) for name in LATE)


def _end_the_former(field: Field) -> None:
    """The manifests from 0.10 on leave the StatefulSet of 0.7 as it is: 0.9 had stopped it."""
    told = kmigrate(field.kserve.admin, "check", expect=7).stdout
    command = "kubectl scale statefulset -n kserve kserve-controller-manager --replicas=0"
    assert command in " ".join(told.split())
    former = {**field.kserve.controller, "kind": "StatefulSet"}
    field.kserve.api.patch(former, {"spec": {"replicas": 0}})


def _without_images(field: Field, release: str) -> None:
    """From 0.11 on the controller makes no Knative Service anew; the old one loses its image."""

    def lost() -> bool:
        field.reconcile(*LATE)
        return not any(_image(field, name) for name in LATE)

    wait_until(lost, 60, f"{release} to take the images away")


def _image(field: Field, name: str) -> str:
    return field.images().get(name, "")


def _shipped(kserve: KServe, name: str) -> str:
    found = kserve.api.get(SERVING_ALPHA, "ClusterServingRuntime", name)
    assert found is not None
    return str(found["spec"]["containers"][0]["image"])
