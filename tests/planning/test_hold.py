"""Images held across an upgrade: whom a plan writes, and what the upgrade leaves of that."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from migrate.errors import UsageError
from migrate.planning.codes import HELD, LOST_BY_UPGRADE, LOST_BY_WRITE, NO_IMAGE_AFTER
from migrate.planning.desired import Activate, Selection
from migrate.planning.plan import Outlook
from migrate.planning.snapshot import Snapshot
from migrate.planning.typed import parse_set
from tests.planning.converting import (
    GPU,
    MLSERVER,
    REGISTRY,
    SKLEARN,
    blocked,
    converted,
    copies,
    found,
    names,
    old,
    upgraded,
)
from tests.planning.copies import OVER, cluster, isvc
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


def test_before_0_10_everybody_is_converted_and_overrides_get_a_copy() -> None:
    services = [old("iris"), old("prices", "xgboost", namespace="other")]
    found_9 = upgraded("0.9.0", *services, sklearn_v1=SKLEARN)
    assert images(later(found_9, "0.10.2")) == {"iris": "", "prices": ""}
    made = holding(found_9, "0.10.2")
    assert converted(made) == ["iris", "prices"]
    assert set(copies(made)) == {"team/kserve-sklearnserver"}
    assert blocked(made) == set()
    after = images(later(done(found_9, made), "0.10.2"))
    assert after == {"iris": f"{SKLEARN}:v0.7.0", "prices": "kserve/xgbserver:v0.7.0"}
    rows = {row.service.name: row for row in made.forecast}
    assert rows["iris"].after_upgrade == f"{SKLEARN}:v0.7.0"


def test_from_0_8_to_0_9_only_who_loses_something_is_converted() -> None:
    found_8 = upgraded("0.8.0", old("iris"), old("prices", "xgboost"), sklearn_v1=SKLEARN)
    made = holding(found_8, "0.9.0")
    assert converted(made) == ["iris"]
    assert set(copies(made)) == {"team/kserve-sklearnserver"}
    assert images(later(done(found_8, made), "0.9.0"))["iris"] == f"{SKLEARN}:v0.7.0"


def test_who_has_no_image_gets_one_by_the_conversion_and_that_is_told() -> None:
    made = holding(upgraded("0.9.0", old("torch", "pytorch", runtimeVersion="0.4.1")), "0.10.2")
    assert (converted(made), copies(made)) == (["torch"], {})
    assert "they get pytorch/torchserve-kfs:0.4.1" in found(made, "KM527")[0].text
    assert blocked(made) == set()
    (row,) = made.forecast
    assert row.after_rollback == row.after_plan


def test_an_image_of_its_own_that_the_conversion_would_mangle_is_named_with_the_way() -> None:
    found_9 = upgraded("0.9.0", old("own", image="own/x:1"))
    made = holding(found_9, "0.10.2")
    assert (converted(made), names(made, LOST_BY_UPGRADE)) == ([], ["own"])
    assert "runtimeVersion in the field of their framework to 1," in made.blocking[0].fix


def test_an_edited_runtime_is_copied_and_who_follows_the_release_is_told() -> None:
    found_15 = cluster("0.15.2", isvc("iris"), isvc("prices", "xgboost"))
    made = holding(found_15, "0.16.0")
    assert copies(made) == {"team/kserve-sklearnserver": OVER}
    assert not any(row.restarts for row in made.forecast)
    after = images(later(done(found_15, made), "0.16.0"))
    assert after == {"iris": OVER, "prices": "kserve/xgbserver:v0.16.0"}
    assert names(made, "KM525") == ["prices"]
    assert blocked(made) == set()


def test_nothing_to_do_is_said() -> None:
    made = holding(cluster("0.15.2", isvc("prices", "xgboost")), "0.16.0")
    assert (made.has_work, blocked(made)) == (False, set())
    assert found(made, "KM526")


def test_an_image_of_a_model_is_nobodys_but_its_own() -> None:
    own_image = isvc("own", image="own/x:1")
    made = holding(cluster("0.15.2", own_image, images={}), "0.16.0")
    assert not found(made, "KM525")
    assert blocked(made) == set()


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


def test_an_image_of_its_own_under_its_own_pin_is_converted_before_0_10() -> None:
    """0.10 would give it that image without arguments."""
    found_9 = upgraded("0.9.0", old("own", image="own/x:v0.7.0"))
    made = holding(found_9, "0.10.2")
    assert (converted(made), copies(made), blocked(made)) == (["own"], {}, set())
    assert images(later(done(found_9, made), "0.10.2")) == {"own": "own/x:v0.7.0"}


def test_an_image_that_was_set_is_copied_though_the_runtime_gives_it_today() -> None:
    """The pin gives the tag; what the next release ships may be another repository."""
    made = holding(_of_7_under_9(), "0.10.2")
    assert set(copies(made)) == {"team/kserve-sklearnserver"}
    assert not any(row.restarts for row in made.forecast)


def _of_7_under_9() -> Snapshot:
    """A cluster of 0.9.0 whose `predictors` have the version of 0.7 for sklearn."""
    found_9 = upgraded("0.9.0", old("iris"))
    document = json.loads(found_9.config["data"]["predictors"])
    document["sklearn"]["v1"]["defaultImageVersion"] = "v0.7.0"
    data = {"predictors": json.dumps(document)}
    return replace(found_9, config={**found_9.config, "data": data})


def test_who_cannot_be_held_is_not_told_to_follow_the_release() -> None:
    flow = old("flow", "tensorflow", runtimeVersion="1.14.0", resources=GPU)
    made = holding(seven(flow, tensorflow=f"{REGISTRY}/tf"), "0.9.0")
    assert (names(made, "KM523"), names(made, LOST_BY_UPGRADE)) == (["flow"], ["flow"])
    assert not found(made, "KM525")


def test_a_pin_over_another_repository_of_the_release_is_a_warning() -> None:
    torch = isvc("torch", "pytorch", runtimeVersion="0.4.1")
    made = holding(cluster("0.8.0", torch, images={}), "0.9.0")
    (told,) = found(made, "KM525")
    assert told.severity == "warning"
    assert "pytorch/torchserve-kfs:0.4.1 in place of kserve/torchserve-kfs:0.4.1" in told.text
    assert "see that pytorch/torchserve-kfs has that tag" in told.fix


def test_forms_of_a_release_without_images_are_told_at_each_stop() -> None:
    made = holding(seven(old("iris"), old("prices", "xgboost"), sklearn_v1=SKLEARN), "0.9.0")
    told = found(made, "KM284")
    assert [("0.8.0" in one.text, "0.9.0" in one.text) for one in told] == [
        (True, False),
        (False, True),
    ]
    assert {ref.name for one in told for ref in one.objects} == {"prices"}


def test_an_image_of_its_own_that_a_later_release_renames_is_named() -> None:
    """0.10 puts -gpu behind the tag of an image that TensorFlow Serving's runtime runs."""
    flow = isvc("flow", "tensorflow", image="own/tf:1", resources={"limits": GPU["limits"]})
    made = holding(cluster("0.9.0", flow, images={}), "0.10.2")
    assert names(made, LOST_BY_UPGRADE) == ["flow"]
    assert "own/tf:1-gpu in place of own/tf:1" in found(made, LOST_BY_UPGRADE)[0].text


def test_who_is_broken_before_and_after_is_told_once() -> None:
    made = holding(cluster("0.15.2", isvc("odd", "nonsense")), "0.16.0")
    assert (names(made, "KM209"), names(made, NO_IMAGE_AFTER)) == (["odd"], [])


def test_whom_a_copy_for_others_takes_at_its_first_write_is_told() -> None:
    edited = {"kserve-sklearnserver": f"{REGISTRY}/sk:ours"}
    made = holding(upgraded("0.8.0", old("iris"), isvc("new"), runtimes=edited), "0.9.0")
    assert set(copies(made)) == {"team/kserve-sklearnserver"}
    (told,) = found(made, "KM525")
    assert (told.severity, [ref.name for ref in told.objects]) == ("warning", ["iris"])
    assert f"any write under KServe 0.9.0 converts them: {REGISTRY}/sk:v0.7.0" in told.text
