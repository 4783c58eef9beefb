"""Which workloads run the controller: by what they run and how they are labelled (section 6)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from migrate.kserve.controllers import Controllers, controller_of, is_controller, pods_of
from migrate.kserve.releases import detect
from migrate.kserve.terms import CONTROLLER_NAMES
from migrate.kserve.workloads import Deployment, Pod, StatefulSet, Workload
from tests.kserve.test_workloads import NAME, controller, workload

SHIPPED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "cases" / "controllers.json").read_text()
)
KINDS = {"Deployment": Deployment, "StatefulSet": StatefulSet}
OWN = "registry.example.com/ml/kserve-controller@sha256:" + 64 * "0"


def as_shipped(places: str, name: str = "") -> Workload:
    found = json.loads(json.dumps(SHIPPED[places]))
    found["metadata"]["name"] = name or found["metadata"]["name"]
    return msgspec.convert(found, KINDS[found["kind"]])


def unlabelled(found: Workload) -> Workload:
    """The workload with no label on it and its pods."""
    bare = msgspec.to_builtins(found)
    bare["metadata"]["labels"] = bare["spec"]["template"]["metadata"]["labels"] = None
    return msgspec.convert(bare, type(found))


def rebuilt(found: Workload) -> Workload:
    """The workload with images of names that nobody knows."""
    other = msgspec.to_builtins(found)
    for number, container in enumerate(other["spec"]["template"]["spec"]["containers"]):
        container["image"] = f"registry.example.com/ml/build-{number}:1"
    return msgspec.convert(other, type(found))


def test_workloads_of_every_release_are_there() -> None:
    releases = {place.split()[0] for places in SHIPPED for place in places.split(", ")}
    assert {"0.7.0", "0.8.0", "0.9.0", "0.10.2", "0.15.2", "0.16.0", "0.20.0"} <= releases
    others = {found["metadata"]["name"] for found in SHIPPED.values()} - CONTROLLER_NAMES
    assert others == {
        "kserve-localmodel-controller-manager",
        "llmisvc-controller-manager",
        "modelmesh-controller",
    }


@pytest.mark.parametrize("places", SHIPPED)
def test_under_another_name_it_is_told_by_its_image_or_its_labels(places: str) -> None:
    is_one = SHIPPED[places]["metadata"]["name"] in CONTROLLER_NAMES
    renamed = as_shipped(places, "kserve-controller-manager-new")
    for found in (as_shipped(places), renamed, unlabelled(renamed), rebuilt(renamed)):
        assert is_controller(found) is is_one
    if is_one:
        assert is_controller(rebuilt(unlabelled(as_shipped(places))))
        assert not is_controller(rebuilt(unlabelled(renamed)))


def test_a_label_of_the_workload_alone_is_enough() -> None:
    meta: dict[str, Any] = {"name": "mine", "labels": {"control-plane": NAME}}
    found = {
        "metadata": meta,
        "spec": {"template": {"spec": {"containers": [{"name": "manager"}]}}},
    }
    assert is_controller(msgspec.convert(found, Deployment))
    meta["labels"]["control-plane"] = "another"
    assert not is_controller(msgspec.convert(found, Deployment))


def test_the_image_is_that_of_the_controller_whatever_its_container_is_called() -> None:
    found = workload(name="mine", manager="proxy:1", kserve=OWN)
    assert controller_of([found]).images == (OWN,)
    assert not is_controller(workload(name="mine", kserve="ml/kserve-controller-tools:1"))
    assert not is_controller(workload(name="mine", manager="no image at all"))


@pytest.mark.parametrize(
    ("kind", "pod", "is_its"),
    [
        (Deployment, f"{NAME}-7d9f8b6c5-x2x4z", True),
        (Deployment, f"{NAME}-new-7d9f8b6c5-x2x4z", False),
        (Deployment, f"{NAME}-0", False),
        (StatefulSet, f"{NAME}-0", True),
        (StatefulSet, f"{NAME}-7d9f8b6c5-x2x4z", False),
        (StatefulSet, "another-0", False),
        (StatefulSet, "0", False),
    ],
)
def test_pods_are_told_from_those_of_a_longer_name(
    kind: type[Workload], pod: str, is_its: bool
) -> None:
    one = msgspec.convert({"metadata": {"name": pod}}, Pod)
    assert (list(pods_of(workload(kind), [one])) == [one]) is is_its


def test_the_empty_stateful_set_of_0_9_is_not_the_controller() -> None:
    deployment, empty = controller(Deployment, 1), controller(StatefulSet, 0)
    assert controller_of([empty, deployment]) == Controllers((deployment,), (empty,))


def test_two_controllers_are_both_told() -> None:
    """After 0.8 -> 0.9 a StatefulSet that nobody emptied goes on."""
    new, old = controller(Deployment, 1), controller(StatefulSet, None, "v0.8.0")
    found = controller_of([new, old])
    assert found.running == (new, old)
    assert detect(found.images) is None


def test_the_images_are_those_of_the_managers_that_run() -> None:
    new, old = controller(Deployment, 1), controller(StatefulSet, 0, "v0.8.0")
    assert controller_of([new, old]).images == ("kserve/controller:v0.9.0",)
    assert controller_of([old]).images == ("kserve/controller:v0.8.0",)
    assert controller_of([]).images == ()


def test_others_are_not_the_controller() -> None:
    others = [
        workload(name="kfserving-models-web-app", manager="x:1"),
        workload(name=NAME, web="x:1"),
    ]
    assert controller_of(others) == Controllers((), ())


def test_the_controller_of_kfserving_counts() -> None:
    assert controller_of([workload(name="kfserving-controller-manager", manager=None)]).running
