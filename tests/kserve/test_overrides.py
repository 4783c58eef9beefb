"""What somebody set, as against what is shipped (legacy-predictors 1.3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrate.catalog.predictors import VARIANTS, Row, variants_of
from migrate.kserve.overrides import Override, overrides
from migrate.kserve.predictors import decode
from migrate.kserve.releases import parse_release
from tests.kserve.release import NAMES, rules, shipped, shipped_text


def found(name: str, **changes: Any) -> list[Override]:
    """The overrides in a shipped text with some of its entries replaced, at depth one or two."""
    release, document = name.split("-", maxsplit=1)[0], json.loads(shipped_text(name))
    for path, entry in changes.items():
        format_, _, key = path.partition("_")
        place = document[format_] if key else document
        place[key or format_] = {**place[key or format_], **entry}
    return overrides(decode(json.dumps(document), rules(release)), parse_release(release))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shipped_is_no_override(name: str) -> None:
    assert found(name) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_catalog_says_what_the_manifests_say(name: str) -> None:
    release, _, variant = name.partition("-")
    rows = next(v.rows for v in variants_of(release) if v.name == variant)
    for entry in shipped(name).entries:
        told = rows.get((entry.format, entry.key), Row(""))
        assert told == (
            entry.image,
            entry.default_image_version,
            entry.default_gpu_image_version,
        )


@pytest.mark.parametrize("name", NAMES)
def test_the_catalog_says_what_the_manifests_say_where_nobody_reads_it(name: str) -> None:
    release, _, variant = name.partition("-")
    nested = (
        json.loads(shipped_text(name))["pytorch"] if "pytorch" not in rules(release).nested else {}
    )
    told = next(v.unread for v in variants_of(release) if v.name == variant)
    assert told == {
        ("pytorch", key): Row(
            entry["image"], entry["defaultImageVersion"], entry["defaultGpuImageVersion"]
        )
        for key, entry in nested.items()
        if key in ("v1", "v2")
    }


def test_the_catalog_has_nothing_else() -> None:
    assert sorted(f"{v.release}-{v.name}" for v in VARIANTS) == NAMES
    assert variants_of("0.6.1") == ()


def test_an_image_of_ones_own_is_an_override() -> None:
    changed = found("0.7.0-install", sklearn_v1={"image": "mine/sklearn"})
    stock = ("kserve/sklearnserver",)
    assert changed == [Override("sklearn", "v1", "image", stock, "mine/sklearn")]


def test_each_changed_leaf_is_one() -> None:
    entry = {"image": "mine/tf", "defaultImageVersion": "2", "defaultGpuImageVersion": "2-gpu"}
    fields = [(o.field, o.found) for o in found("0.7.0-install", tensorflow=entry)]
    assert fields == list(entry.items())


def test_an_entry_like_that_of_another_manifest_of_the_release_is_stock() -> None:
    kubeflow = {"defaultGpuImageVersion": "latest-gpu"}
    assert found("0.7.0-install", pytorch_v1=kubeflow) == []
    without = {"image": "", "defaultImageVersion": ""}
    assert found("0.9.0-install", paddle=without) == []


def test_the_manifest_nearest_to_the_entry_is_compared() -> None:
    changed = found("0.9.0-install", paddle={"image": "mine/paddle"})
    stock = ("", "kserve/paddleserver")
    assert changed == [Override("paddle", "", "image", stock, "mine/paddle")]


def test_half_of_one_manifest_and_half_of_another_is_an_override() -> None:
    changed = found("0.9.0-install", paddle={"image": ""})
    assert [(o.field, o.found) for o in changed] == [("image", "")]


def test_a_flat_pytorch_on_0_9_is_an_override_and_a_nested_one_is_none() -> None:
    flat = found("0.9.0-install", pytorch={"image": "mine/torch"})
    assert flat == [Override("pytorch", "", "image", ("",), "mine/torch")]
    assert found("0.9.0-install", pytorch_v1={"image": "mine/torch"}) == []


def test_everything_set_is_an_override_where_nothing_is_known_to_be_shipped() -> None:
    predictors = decode('{"onnx": {"image": "a/b"}}', rules("0.9"))
    told = overrides(predictors, parse_release("0.9.9"))
    assert told == [Override("onnx", "", "image", (), "a/b")]
