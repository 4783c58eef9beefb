"""Images held across an upgrade in the services of 0.7: who is written, and what is left of it."""

from __future__ import annotations

import re

import pytest

from migrate.errors import UsageError
from migrate.planning.model.codes import HELD, LOST_BY_UPGRADE, LOST_BY_WRITE, NO_IMAGE_AFTER
from migrate.planning.model.desired import Activate, Selection
from migrate.planning.model.plan import Outlook
from migrate.planning.model.typed import parse_set
from tests.planning.converting import (
    GPU,
    MLSERVER,
    REGISTRY,
    SKLEARN,
    blocked,
    found,
    names,
    old,
)
from tests.planning.holding import done, edits, holding, images, later, written
from tests.planning.upgrading import seven

PORT = "registry.example.com:5000/ml"
DIGEST = f"own/x@sha256:{'a' * 64}"
READ = ("0.8.0", "0.9.0")


@pytest.mark.parametrize("target", READ)
def test_an_override_is_written_into_the_services_that_depend_on_it(target: str) -> None:
    cluster_of_7 = seven(old("iris"), old("prices", "xgboost"), sklearn_v1=SKLEARN)
    made = holding(cluster_of_7, target)
    assert edits(made) == {"iris": {"image": f"{SKLEARN}:v0.7.0"}}
    assert blocked(made) == set()
    assert {row.service.name: row.outlook for row in made.forecast} == {
        "iris": Outlook.UNCHANGED,
        "prices": Outlook.UNCHANGED,
    }
    assert not made.activations
    assert [row.after_upgrade for row in made.forecast] == [
        f"{SKLEARN}:v0.7.0",
        "kserve/xgbserver:v0.7.0",
    ]
    world = later(done(cluster_of_7, made), target)
    assert images(world) == images(written(world)) == images(later(cluster_of_7))
    (told,) = found(made, HELD)
    assert ([ref.name for ref in told.objects], "ships" in told.text) == (["iris"], True)


def test_pytorch_is_held_since_0_8_has_no_image_for_it() -> None:
    services = seven(old("torch", "pytorch", runtimeVersion="0.4.1"))
    assert images(later(services, "0.8.0")) == {"torch": ":0.4.1"}
    made = holding(services, "0.8.0")
    assert edits(made) == {"torch": {"image": "pytorch/torchserve-kfs:0.4.1"}}
    assert images(later(done(services, made), "0.8.0")) == {"torch": "pytorch/torchserve-kfs:0.4.1"}
    assert blocked(made) == set()


def test_the_former_server_of_pytorch_cannot_be_held() -> None:
    made = holding(seven(old("torch", "pytorch", modelClassName="Net")), "0.9.0")
    assert names(made, LOST_BY_UPGRADE) == ["torch"]
    assert "from one with --model_name to torchserve" in found(made, LOST_BY_UPGRADE)[0].text
    assert blocked(made) == {LOST_BY_UPGRADE}


@pytest.mark.parametrize(
    ("image", "pin"), [("own/x:1", "1"), ("own/x", "latest"), (DIGEST, "a" * 64)]
)
def test_a_pin_that_would_mangle_an_image_of_its_own_becomes_its_tag(image: str, pin: str) -> None:
    services = seven(old("own", image=image))
    made = holding(services, "0.9.0")
    assert edits(made) == {"own": {"runtimeVersion": pin}}
    after = images(written(later(done(services, made), "0.9.0")))["own"]
    assert after == (image if image != "own/x" else "own/x:latest")
    assert blocked(made) == set()


def test_an_image_of_its_own_with_its_own_tag_as_pin_is_left_alone() -> None:
    made = holding(seven(old("own", image="own/x:v0.7.0")), "0.9.0")
    assert (made.operations, names(made, "KM526")) == ((), [])
    assert found(made, "KM526")


def test_a_pin_that_the_webhook_refuses_is_not_written() -> None:
    flow = old("flow", "tensorflow", image="own/tf:1", runtimeVersion="1.14.0-gpu", resources=GPU)
    made = holding(seven(flow), "0.9.0")
    assert (edits(made), names(made, "KM523")) == ({}, ["flow"])
    assert "with -gpu" in found(made, "KM523")[0].text


def test_another_server_by_the_first_write_is_an_error_at_the_target() -> None:
    services = seven(old("net", "onnx", runtimeVersion="v1.0.0"))
    made = holding(services, "0.9.0")
    assert (edits(made), blocked(made)) == ({}, {LOST_BY_WRITE})
    assert "tritonserver" in found(made, LOST_BY_WRITE)[0].text
    assert not found(made, "KM526")
    assert blocked(holding(services, "0.9.0", accept=(f"{LOST_BY_WRITE}=team/net",))) == set()
    assert blocked(holding(services, "0.9.0", selection=Selection(exclude=("team/net",)))) == set()


def test_0_8_cuts_an_image_at_the_port_of_its_registry_and_is_only_passed_to_0_9() -> None:
    services = seven(old("iris"), sklearn_v1=f"{PORT}/sk")
    assert blocked(holding(services, "0.8.0")) == {LOST_BY_WRITE}
    made = holding(services, "0.9.0")
    assert blocked(made) == set()
    (told,) = found(made, LOST_BY_WRITE)
    assert (told.severity, "under KServe 0.8.0" in told.text) == ("warning", True)
    assert "without a write" in told.fix


def test_from_0_7_nothing_leads_past_0_9() -> None:
    services = seven(old("iris"), old("prices", "xgboost"), sklearn_v1=SKLEARN)
    made = holding(services, "0.10.2")
    assert blocked(made) == {LOST_BY_UPGRADE, NO_IMAGE_AFTER}
    assert names(made, LOST_BY_UPGRADE) == ["iris"]
    assert names(made, NO_IMAGE_AFTER) == ["prices"]
    fixes = [found(made, code)[0].fix for code in (LOST_BY_UPGRADE, NO_IMAGE_AFTER)]
    assert all("kmigrate apply --target 0.9.0" in fix for fix in fixes)
    assert not found(made, "KM526")


def test_a_selection_narrows_who_is_held_and_what_is_told() -> None:
    services = seven(old("iris"), old("wine"), old("net", "onnx"), sklearn_v1=SKLEARN)
    made = holding(services, "0.9.0", selection=Selection(exclude=("team/wine", "team/net")))
    assert set(edits(made)) == {"iris"}
    assert blocked(made) == set()
    assert "2 InferenceServices not selected" in found(made, "KM528")[0].text
    assert not found(holding(services, "0.9.0"), "KM528")


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("0.7.0", "expected a release after the one that runs, found 0.7.0"),
        ("0.6.1", "expected a release after the one that runs, found 0.7.0"),
        ("0.9.7", "no release that is known"),
        ("1.0.0", "no release that is known"),
    ],
)
def test_a_release_that_is_not_newer_or_not_known_is_refused(target: str, told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        holding(seven(old("iris")), target)


def test_what_does_not_go_with_it_is_refused() -> None:
    with pytest.raises(UsageError, match="other images"):
        holding(seven(old("iris")), "0.9.0", images=(parse_set("sklearn=x:1"),))
    with pytest.raises(UsageError, match="--repin"):
        holding(seven(old("iris")), "0.9.0", repin=True)
    with pytest.raises(UsageError, match="--activate=none"):
        holding(seven(old("iris")), "0.9.0", activate=Activate.NONE)


def test_waves_and_pauses_part_the_writes() -> None:
    services = [old(f"s{number}") for number in range(5)]
    made = holding(seven(*services, sklearn_v1=SKLEARN), "0.9.0", wave_size=2, pause=3.0)
    assert [stage.operations for stage in made.apply] == [(0, 1), (2, 3), (4,)]
    assert [stage.pause for stage in made.apply] == [0.0, 3.0, 3.0]
    assert [stage.operations for stage in made.rollback] == [(0, 1), (2, 3), (4,)]


def test_mlserver_and_a_gpu_are_held_as_well() -> None:
    flow = old("flow", "tensorflow", runtimeVersion="1.14.0-gpu", resources=GPU)
    two = old("two", protocolVersion="v2", runtimeVersion="0.2.1")
    services = seven(flow, two, tensorflow=f"{REGISTRY}/tf", sklearn_v2=MLSERVER)
    made = holding(services, "0.9.0")
    after = {"flow": f"{REGISTRY}/tf:1.14.0-gpu", "two": f"{MLSERVER}:0.2.1"}
    world = later(done(services, made), "0.8.0", "0.9.0")
    assert images(world) == images(written(world)) == after
    assert blocked(made) == set()


def test_who_cannot_be_held_is_not_told_to_follow_the_release() -> None:
    flow = old("flow", "tensorflow", runtimeVersion="1.14.0", resources=GPU)
    made = holding(seven(flow, tensorflow=f"{REGISTRY}/tf"), "0.9.0")
    assert (names(made, "KM523"), names(made, LOST_BY_UPGRADE)) == (["flow"], ["flow"])
    assert not found(made, "KM525")


def test_forms_of_a_release_without_images_are_told_at_each_stop() -> None:
    made = holding(seven(old("iris"), old("prices", "xgboost"), sklearn_v1=SKLEARN), "0.9.0")
    told = found(made, "KM284")
    assert [("0.8.0" in one.text, "0.9.0" in one.text) for one in told] == [
        (True, False),
        (False, True),
    ]
    assert {ref.name for one in told for ref in one.objects} == {"prices"}
