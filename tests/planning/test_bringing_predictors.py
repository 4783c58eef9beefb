"""Former images of `predictors` wanted back: entries, pins, and what meets in one runtime."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from migrate.planning.model.formerof import FormerOf
from tests.planning.converting import (
    GPU,
    MLSERVER,
    REGISTRY,
    SKLEARN,
    blocked,
    found,
    names,
    old,
    upgraded,
)
from tests.planning.copies import SKLEARN as RUNTIME
from tests.planning.copies import isvc
from tests.planning.formerly import INTO, after_upgrade, brought, former_of, lots, texts


@pytest.mark.parametrize("release", ["0.8.0", "0.9.0"])
def test_predictors_come_back_for_services_in_the_framework_form(release: str) -> None:
    services = [old("iris"), old("two", protocolVersion="v2"), old("prices", "xgboost")]
    before = upgraded("0.7.0", *services, sklearn_v1=SKLEARN, sklearn_v2=MLSERVER)
    now = after_upgrade(before, release)
    made = brought(now, former_of(before))
    assert lots(made) == {
        "iris": (f"{SKLEARN}:v0.7.0",) * 2,
        "two": (f"{MLSERVER}:v0.7.0",) * 2,
        "prices": (UNSET, "kserve/xgbserver:v0.7.0"),
    }
    assert [op.target.kind for op in made.operations] == ["ConfigMap"]
    assert blocked(made) == set()


def test_a_pin_that_makes_the_former_image_is_no_error() -> None:
    """The tag of the entry is another one than that of its services, then as now."""
    one = old("iris", runtimeVersion="v0.6.1")
    before = upgraded("0.7.0", one, sklearn_v1=SKLEARN)
    made = brought(after_upgrade(before, "0.9.0"), former_of(before))
    assert lots(made) == {"iris": (f"{SKLEARN}:v0.6.1",) * 2}
    assert not found(made, "KM201")


def test_a_pin_that_came_since_is_told() -> None:
    before = upgraded("0.7.0", old("iris"), sklearn_v1=SKLEARN)
    now = after_upgrade(before, "0.9.0")
    moved = upgraded("0.9.0", old("iris", runtimeVersion="v0.6.1"))
    made = brought(replace(now, services=moved.services), former_of(before))
    assert lots(made) == {"iris": (f"{SKLEARN}:v0.7.0", f"{SKLEARN}:v0.6.1")}
    assert names(made, "KM533") == names(made, "KM201") == ["iris"]
    assert "another tag" in texts(made, "KM533")
    assert blocked(made) == set()


def test_an_entry_that_names_no_image_any_more_comes_back_though_it_was_stock() -> None:
    """0.8 and 0.9 ship `pytorch` in a shape that they do not read."""
    one = old("torch", "pytorch", runtimeVersion="0.4.1")
    before = upgraded("0.7.0", one)
    now = after_upgrade(before, "0.9.0")
    assert {row.image for row in now.workloads.values()} == {":0.4.1"}
    made = brought(now, former_of(before))
    assert lots(made) == {"torch": ("pytorch/torchserve-kfs:0.4.1",) * 2}


def test_two_entries_that_meet_in_one_runtime_are_ambiguous() -> None:
    v2 = {"protocolVersion": "v2"}
    services = [old("a", **v2), old("b", "xgboost", **v2)]
    other = f"{REGISTRY}/other"
    before = upgraded("0.7.0", *services, sklearn_v2=MLSERVER, xgboost_v2=other)
    now = after_upgrade(before, "0.9.0")
    made = brought(now, former_of(before), convert=True, **INTO)
    assert not made.has_work
    assert "its services share runtime kserve-mlserver" in texts(made, "KM532")
    assert lots(brought(now, former_of(before)))["b"] == (f"{other}:v0.7.0",) * 2


def test_two_entries_of_pytorch_cannot_both_come_back_where_there_is_one() -> None:
    services = [
        old("plain", "pytorch", runtimeVersion="0.4.1"),
        old("classy", "pytorch", modelClassName="Net"),
    ]
    set_ = {"pytorch_v1": f"{REGISTRY}/one", "pytorch_v2": f"{REGISTRY}/two"}
    before = upgraded("0.7.0", *services, **set_)
    assert {one.entry for one in former_of(before).services} == {"pytorch/v1", "pytorch/v2"}
    made = brought(after_upgrade(before, "0.9.0"), former_of(before))
    assert not made.has_work
    assert texts(made, "KM532").count("KServe 0.9 has one image for pytorch") == 4


def test_what_a_runtime_itself_had_comes_before_what_predictors_had() -> None:
    """Both were set on 0.9: for services in the framework form, and for those in the model form."""
    other = f"{REGISTRY}/other:1"
    services = [old("iris"), isvc("new", protocolVersion="v1")]
    set_: dict[str, Any] = {"sklearn_v1": SKLEARN, "runtimes": {RUNTIME: other}}
    before = upgraded("0.9.0", *services, **set_)
    now = after_upgrade(before, "0.10.2")
    made = brought(now, former_of(before), convert=True, **INTO)
    assert lots(made)["new"] == (other, other)
    assert f"share runtime {RUNTIME}, and it comes back with {other}" in texts(made, "KM532")
    both = brought(upgraded("0.9.0", *services), former_of(before))
    assert lots(both) == {"iris": (f"{SKLEARN}:v0.7.0",) * 2, "new": (other, other)}


def test_with_pins_only_the_repository_must_be_the_same() -> None:
    """The tags of the entries and of the runtime differ, and reach nobody who has a pin."""
    v2 = {"protocolVersion": "v2"}
    services = [old("a", **v2), old("b", "xgboost", **v2), old("iris")]
    repositories = {"sklearn_v2": MLSERVER, "xgboost_v2": MLSERVER, "sklearn_v1": SKLEARN}
    set_: dict[str, Any] = {**repositories, "runtimes": {RUNTIME: f"{SKLEARN}:ours"}}
    before = upgraded("0.9.0", *services, **set_)
    made = brought(after_upgrade(before, "0.10.2"), former_of(before), convert=True, **INTO)
    assert lots(made) == {
        "a": (f"{MLSERVER}:v0.7.0",) * 2,
        "b": (f"{MLSERVER}:v0.7.0",) * 2,
        "iris": (f"{SKLEARN}:v0.7.0",) * 2,
    }
    assert not found(made, "KM532")


def test_variables_of_a_runtime_and_an_image_of_predictors_come_back_in_one() -> None:
    before = upgraded("0.9.0", old("iris"), sklearn_v1=SKLEARN)
    ref = next(ref for ref in before.originals if ref.name == RUNTIME)
    manifest = before.originals[ref]
    manifest["spec"]["containers"][0]["env"] = [{"name": "A", "value": "1"}]
    before = replace(before, originals={**before.originals, ref: manifest})
    made = brought(after_upgrade(before, "0.10.2"), former_of(before))
    (wanted,) = made.options.images
    assert (wanted.runtime, [one.name for one in wanted.env]) == (RUNTIME, ["A"])
    assert wanted.image.startswith(SKLEARN)


def test_predictors_and_runtimes_are_told_apart_where_both_count() -> None:
    """On 0.9 a wish for a format is one for both; what was set in one comes back there alone."""
    services = [old("iris"), isvc("new", protocolVersion="v1")]
    before = upgraded("0.9.0", *services, sklearn_v1=SKLEARN)
    made = brought(upgraded("0.9.0", *services), former_of(before))
    stock = "kserve/sklearnserver:v0.9.0"
    assert lots(made)["new"] == (UNSET, stock)
    assert lots(made)["iris"] == (f"{SKLEARN}:v0.7.0",) * 2
    assert [op.target.kind for op in made.operations] == ["ConfigMap"]
    assert made.options.former == FormerOf("checkpoint before", predictors=("sklearn/v1",))


def test_gpu_tags_come_back_with_their_repository() -> None:
    one = old("flow", "tensorflow", runtimeVersion="1.14.0-gpu", resources=GPU)
    before = upgraded("0.7.0", one, tensorflow=f"{REGISTRY}/serving")
    made = brought(after_upgrade(before, "0.9.0"), former_of(before))
    assert lots(made) == {"flow": (f"{REGISTRY}/serving:1.14.0-gpu",) * 2}


def test_a_gpu_tag_alone_takes_the_other_one_along() -> None:
    """As history infers it: `predictors` have one repository for both."""
    one = old("flow", "tensorflow", runtimeVersion="1.14.0-gpu", resources=GPU)
    before = upgraded("0.7.0", one, tensorflow=f"{REGISTRY}/serving")
    whole = former_of(before)
    images = tuple(image for image in whole.images if image.entry == "tensorflow/gpu")
    made = brought(after_upgrade(before, "0.9.0"), msgspec.structs.replace(whole, images=images))
    assert lots(made) == {"flow": (f"{REGISTRY}/serving:1.14.0-gpu",) * 2}
    assert {str(wish): wish.image for wish in made.options.images} == {
        "tensorflow": f"{REGISTRY}/serving:2.6.2",
        "tensorflow/gpu": f"{REGISTRY}/serving:1.14.0-gpu",
    }
    assert made.options.former == FormerOf(
        "checkpoint before", predictors=("tensorflow", "tensorflow/gpu")
    )
