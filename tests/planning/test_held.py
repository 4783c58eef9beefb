"""An image in the framework field of a service: which edits keep it, and what they leave."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from migrate.kserve.releases import parse_release
from migrate.kserve.rules import Rules
from migrate.kserve.services import InferenceService
from migrate.kserve.table import rules_for
from migrate.kserve.tags import tagged
from migrate.operations.model import Edit
from migrate.planning.world.held import edits_for, held, is_image, pin_of, same
from tests.planning.converting import old

HERE = "/spec/predictor/sklearn"


def service(**more: Any) -> InferenceService:
    return msgspec.convert(old("iris", **more), InferenceService)


def rules(release: str) -> Rules:
    found = rules_for(parse_release(release))
    assert found is not None
    return found


def test_the_image_is_written_and_its_tag_is_the_pin_already() -> None:
    assert edits_for(service(), "r/sk:v0.7.0") == (Edit(f"{HERE}/image", UNSET, "r/sk:v0.7.0"),)


def test_another_pin_becomes_the_tag() -> None:
    found = edits_for(service(image="own/x:1"), "own/x:1")
    assert found == (Edit(f"{HERE}/runtimeVersion", "v0.7.0", "1"),)
    assert edits_for(service(image="own/x:1", runtimeVersion=None), "own/x:1") == ()


IMAGES = st.sampled_from(["own/x:1", f"own/x@sha256:{'c' * 64}", "registry.example.com/a/b:v1-gpu"])


@pytest.mark.parametrize("release", ["0.8.0", "0.9.0", "0.10.2", "0.20.0"])
@given(image=IMAGES)
def test_under_its_pin_an_image_stays_as_it_is(release: str, image: str) -> None:
    assert tagged(image, pin_of(image), {}, "", rules(release), None).image == image


def test_a_registry_with_a_port_is_no_tag() -> None:
    image = "registry.example.com:5000/ml/sk"
    assert pin_of(image) == "latest"
    assert tagged(image, pin_of(image), {}, "", rules("0.9.0"), None).image == f"{image}:latest"


def test_one_image_has_two_names() -> None:
    assert same("own/x", "own/x:latest")
    assert same("registry.example.com:5000/x", "registry.example.com:5000/x:latest")
    assert not same("own/x", "own/x:1")
    assert not same("", "own/x")
    assert same(None, None)


def test_edits_are_made_where_nobody_was_before_and_taken_back_likewise() -> None:
    edits = (Edit(f"{HERE}/image", UNSET, "r/sk:2"), Edit(f"{HERE}/runtimeVersion", "v0.7.0", "2"))
    made = held(service(), edits)
    assert made.spec.predictor.sklearn is not None
    assert (made.spec.predictor.sklearn.image, made.spec.predictor.sklearn.runtime_version) == (
        *("r/sk:2", "2"),
    )
    back = tuple(Edit(e.path, e.after, e.before) for e in reversed(edits))
    assert held(made, back) == service()
    theirs = service(image="own/x:1", runtimeVersion="other")
    assert held(theirs, edits) == theirs
    assert held(theirs, back) == theirs


def test_a_converted_service_has_no_such_field() -> None:
    model = {"modelFormat": {"name": "sklearn"}}
    whole = {"metadata": {"name": "a", "namespace": "b"}, "spec": {"predictor": {"model": model}}}
    one = msgspec.convert(whole, InferenceService)
    assert held(one, (Edit(f"{HERE}/image", UNSET, "r/sk:2"),)) == one


def test_the_path_tells_that_an_image_is_held() -> None:
    assert is_image(Edit(f"{HERE}/image", UNSET, "x"))
    assert not is_image(Edit(f"{HERE}/runtimeVersion", UNSET, "x"))
    assert not is_image(Edit("/spec/predictor/model/image", UNSET, "x"))
