"""Images held across an upgrade from 0.8 on: by conversions, and by copies of runtimes."""

from __future__ import annotations

import json
from dataclasses import replace

from migrate.planning.model.codes import LOST_BY_UPGRADE, NO_IMAGE_AFTER
from migrate.planning.world.snapshot import Snapshot
from tests.planning.converting import (
    GPU,
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
from tests.planning.holding import done, holding, images, later

PORT = "registry.example.com:5000/ml"
DIGEST = f"own/x@sha256:{'a' * 64}"
READ = ("0.8.0", "0.9.0")


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


def test_a_pin_over_another_repository_of_the_release_is_a_warning() -> None:
    torch = isvc("torch", "pytorch", runtimeVersion="0.4.1")
    made = holding(cluster("0.8.0", torch, images={}), "0.9.0")
    (told,) = found(made, "KM525")
    assert told.severity == "warning"
    assert "pytorch/torchserve-kfs:0.4.1 in place of kserve/torchserve-kfs:0.4.1" in told.text
    assert "see that pytorch/torchserve-kfs has that tag" in told.fix


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


def test_who_cannot_be_converted_is_sent_to_what_the_upgrade_makes_of_it() -> None:
    """Left out of the plan it is still there: 0.10 gives the framework form no image."""
    made = holding(upgraded("0.9.0", old("on", "onnx"), onnx=f"{REGISTRY}/onnx"), "0.11.2")
    (told,) = found(made, "KM242")
    assert [ref.name for ref in told.objects] == ["on"]
    assert "--exclude NAMESPACE/NAME; kmigrate check --target 0.11.2 tells" in told.fix
    assert "stay in the framework form" not in told.fix
