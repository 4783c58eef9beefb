"""Who cannot be converted, or would be in vain; and who must not move with those that are."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from migrate.catalog.predictors import variants_of
from migrate.errors import UsageError
from migrate.kserve.image import parse_image
from migrate.kserve.runtimes import Runtimes
from migrate.planning.model.desired import Activate
from migrate.planning.model.plan import Outlook
from migrate.planning.world.snapshot import Snapshot
from tests.planning.converting import (
    GPU,
    MLSERVER,
    REGISTRY,
    RELEASES,
    SIZE,
    SKLEARN,
    blocked,
    converted,
    converting,
    copies,
    found,
    names,
    old,
    upgraded,
)
from tests.planning.copies import isvc, own, plan


@pytest.mark.parametrize("release", RELEASES)
def test_onnx_would_get_another_server(release: str) -> None:
    made = converting(upgraded(release, old("on", "onnx"), onnx=f"{REGISTRY}/onnx"))
    assert names(made, "KM242") == ["on"]
    assert (
        "another server: from one with --model_path to tritonserver" in found(made, "KM242")[0].text
    )
    assert "KM242" in blocked(made)


def both(release: str, other: str) -> Snapshot:
    services = [
        old("iris", protocolVersion="v2"),
        old("wine", "xgboost", protocolVersion="v2"),
        old("far", "xgboost", protocolVersion="v2", namespace="other"),
    ]
    return upgraded(release, *services, sklearn_v2=MLSERVER, xgboost_v2=other)


@pytest.mark.parametrize("release", RELEASES)
def test_two_images_cannot_share_one_runtime(release: str) -> None:
    made = converting(both(release, f"{REGISTRY}/other"))
    (one,) = found(made, "KM242")
    assert [ref.name for ref in one.objects] == ["iris", "wine"]
    assert f"{MLSERVER}:" in one.text
    assert f"{REGISTRY}/other:" in one.text
    assert "share the runtime kserve-mlserver" in one.text
    assert copies(made)["other/kserve-mlserver"].startswith(f"{REGISTRY}/other:")


def test_one_image_of_two_entries_is_shared() -> None:
    made = converting(both("0.9.0", MLSERVER))
    assert blocked(made) == set()
    assert {parse_image(image).repository for image in copies(made).values()} == {MLSERVER}


def test_a_registry_with_a_port_and_a_pin_cannot_be_kept_on_0_8() -> None:
    images = {"sklearn_v1": "registry.example.com:5000/ml/sk"}
    iris = old("iris", predictor={"containerConcurrency": 3})
    made = converting(upgraded("0.8.0", iris, **images))
    (one,) = found(made, "KM242")
    assert not found(made, "KM241")
    assert "would get registry.example.com:v0.7.0" in one.text
    later = converting(upgraded("0.9.0", old("iris"), **images))
    assert blocked(later) == set()


def test_a_service_in_the_model_form_must_not_move() -> None:
    made = converting(
        upgraded("0.9.0", old("iris"), isvc("new", protocolVersion="v1"), sklearn_v1=SKLEARN)
    )
    assert names(made, "KM231") == ["new"]
    assert "KM231" in blocked(made)
    [told] = [one for one in made.findings if one.code == "KM231"]
    assert "image of those that are converted" in told.text
    assert "spec.predictor.model.image" in told.fix
    image = "registry.example.com/ml/sklearnserver:own"
    stays = isvc("new", protocolVersion="v1", image=image)
    kept = converting(upgraded("0.9.0", old("iris"), stays, sklearn_v1=SKLEARN))
    assert "KM231" not in blocked(kept)
    [row] = [row for row in kept.forecast if row.service.name == "new"]
    assert row.after_plan == image


def test_a_copy_of_mlserver_takes_nobody_from_another_runtime() -> None:
    """On 0.9 it would, from who sets no protocol: the copy that keeps them is made first."""
    services = [old("two", protocolVersion="v2"), isvc("new")]
    made = converting(upgraded("0.9.0", *services, sklearn_v2=MLSERVER))
    assert set(copies(made)) == {"team/kserve-mlserver", "team/kserve-sklearnserver"}
    assert blocked(made) == set()
    order = {
        made.operations[i].target.name: n for n, s in enumerate(made.apply) for i in s.operations
    }
    assert order["kserve-sklearnserver"] < order["kserve-mlserver"]
    (row,) = (row for row in made.forecast if row.service.name == "new")
    assert row.outlook is Outlook.UNCHANGED


def test_the_webhook_names_the_runtime_on_0_8() -> None:
    made = converting(upgraded("0.8.0", old("two", protocolVersion="v2"), sklearn_v2=MLSERVER))
    (row,) = made.forecast
    assert str(row.runtime_after_plan) == "ServingRuntime team/kserve-mlserver"


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"repin": True}, "--repin"),
        ({"activate": Activate.RESTART}, "--activate=restart"),
        ({"activate": Activate.NONE}, "--activate=none"),
    ],
)
def test_flags_that_contradict(options: dict[str, Any], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        converting(upgraded("0.9.0", old("iris")), **options)


def test_other_images_are_another_plan() -> None:
    with pytest.raises(UsageError, match="other images"):
        plan(upgraded("0.9.0", old("iris")), f"sklearn={SKLEARN}:v1", convert=True)


def test_equal_clusters_give_equal_plans() -> None:
    services = [old("iris"), old("wine", "xgboost"), old("two", protocolVersion="v2")]
    images = {"sklearn_v1": SKLEARN, "sklearn_v2": MLSERVER}
    one = converting(upgraded("0.9.0", *services, **images))
    other = converting(upgraded("0.9.0", *reversed(services), **images))
    assert one.digest == other.digest


def test_a_mirror_is_no_override() -> None:
    rows = variants_of("0.9.0")[0].rows
    mirrored = {
        f"{name}_{key}".strip("_"): f"mirror.example.com/{row.image}"
        for (name, key), row in rows.items()
    }
    assert converted(converting(upgraded("0.9.0", old("iris"), **mirrored))) == []


def test_a_tag_for_gpus_makes_its_entry_an_override() -> None:
    now = upgraded("0.9.0", old("flow", "tensorflow", runtimeVersion="1.14.0-gpu", resources=GPU))
    document = json.loads(now.config["data"]["predictors"])
    document["tensorflow"]["defaultGpuImageVersion"] = "mine-gpu"
    config = {**now.config, "data": {"predictors": json.dumps(document)}}
    assert converted(converting(replace(now, config=config))) == ["flow"]


def test_a_runtime_that_gives_the_image_already_is_copied_as_it_is() -> None:
    runtimes = {"kserve-sklearnserver": f"{SKLEARN}:v9"}
    made = converting(upgraded("0.9.0", old("iris"), sklearn_v1=SKLEARN, runtimes=runtimes))
    assert copies(made) == {"team/kserve-sklearnserver": f"{SKLEARN}:v9"}
    assert [row.after_plan for row in made.forecast] == [f"{SKLEARN}:v0.7.0"]


def test_a_runtime_made_by_hand_that_gives_the_image_is_left_as_it_is() -> None:
    container = {
        "name": "kserve-container",
        "image": f"{SKLEARN}:mine",
        "args": ["--model_name={{.Name}}", "--model_dir=/mnt/models", "--http_port=8080"],
        "resources": {"limits": SIZE, "requests": SIZE},
    }
    theirs = own("kserve-sklearnserver", spec={"containers": [container]})
    made = converting(upgraded("0.9.0", old("iris"), sklearn_v1=SKLEARN, own=(theirs,)))
    assert (made.operations, converted(made)) == ((), ["iris"])
    assert [row.after_plan for row in made.forecast] == [f"{SKLEARN}:v0.7.0"]


def test_a_runtime_made_by_hand_that_gives_another_image_is_told() -> None:
    theirs = own("kserve-sklearnserver")
    made = converting(upgraded("0.9.0", old("iris"), sklearn_v1=SKLEARN, own=(theirs,)))
    assert names(made, "KM242") == ["iris"]


def test_without_a_runtime_there_would_be_no_image() -> None:
    now = upgraded("0.9.0", old("iris"), sklearn_v1=SKLEARN)
    made = converting(replace(now, runtimes=Runtimes()))
    (one,) = found(made, "KM242")
    assert one.text.startswith("converted, they would get no image: ")


def test_a_write_that_the_webhook_refuses_is_told() -> None:
    made = converting(upgraded("0.9.0", old("iris", storageUri="odd://m"), sklearn_v1=SKLEARN))
    (one,) = found(made, "KM242")
    assert one.text.startswith("the webhook refuses the write: ")
