"""What is an override, whom it reaches, and what is a mirror."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.kserve.runtimes import Runtime
from migrate.objects import Manifest, ref_of
from migrate.planning.model.plan import ImageRow, Plan, Reach
from migrate.planning.world.snapshot import Snapshot
from tests.kserve.release import NAMES, shipped_text
from tests.planning.clusters import STOCK, plan, service, snapshot
from tests.planning.runtimes import MLSERVER, SKLEARN, model

SERVED = {"runtimeVersion": "v0.7.0"}
OLDER = {"runtimeVersion": "v0.6.1"}
RUNTIME = "runtime/kserve-sklearnserver"


def row(made: Plan, entry: str) -> ImageRow:
    return next(r for r in made.images if r.entry == entry)


def told(made: Plan, entry: str) -> tuple[Reach | None, list[str], list[str]]:
    found = row(made, entry)
    return found.verdict, [s.name for s in found.services], [s.name for s in found.missed]


def predictors(**entries: Any) -> Any:
    return {**copy.deepcopy(STOCK), **entries}


OWN = predictors(
    sklearn={
        "v1": {"image": "ml/sk", "defaultImageVersion": "v0.7.0"},
        "v2": STOCK["sklearn"]["v2"],
    }
)
TAGGED = predictors(
    sklearn={
        "v1": {"image": "kserve/sklearnserver", "defaultImageVersion": "v9"},
        "v2": STOCK["sklearn"]["v2"],
    }
)


@pytest.mark.parametrize(
    ("services", "text", "expected"),
    [
        ((), OWN, (Reach.UNUSED, [], [])),
        ((service("a", sklearn=SERVED),), OWN, (Reach.EFFECTIVE, ["a"], [])),
        (
            (service("a", sklearn=SERVED), service("b", sklearn={**SERVED, "image": "x:1"})),
            OWN,
            (Reach.PARTLY, ["a"], ["b"]),
        ),
        ((service("a", sklearn=SERVED),), TAGGED, (Reach.INEFFECTIVE, [], ["a"])),
        ((service("a", sklearn=OLDER),), OWN, (Reach.UNTAGGED, [], ["a"])),
        (
            (service("a", sklearn=OLDER), service("b", sklearn={**SERVED, "image": "x:1"})),
            OWN,
            (Reach.PARTLY, [], ["a", "b"]),
        ),
        ((service("a", xgboost=SERVED),), OWN, (Reach.UNUSED, [], [])),
    ],
    ids=["nobody", "all", "an image of its own", "a pin", "pinned", "one pinned", "another format"],
)
def test_an_override_in_predictors(services: Any, text: Any, expected: Any) -> None:
    made = plan(snapshot(*services, predictors=text))
    assert not row(made, "sklearn/v1").is_stock
    assert told(made, "sklearn/v1") == expected
    assert row(made, "xgboost/v1").is_stock
    assert row(made, "xgboost/v1").services == ()


def test_a_service_in_the_model_form_is_missed() -> None:
    services = (service("old", sklearn={"runtimeVersion": "v0.9.0"}), model("new"))
    text = {"sklearn": {"v1": {"image": "ml/sk", "defaultImageVersion": "v0.9.0"}}}
    found = with_runtimes(snapshot(*services, release="0.9.0", predictors=text), SKLEARN)
    assert told(plan(found), "sklearn/v1") == (Reach.PARTLY, ["old"], ["new"])


def with_runtimes(found: Snapshot, *manifests: Manifest) -> Snapshot:
    runtimes = [msgspec.convert(m, Runtime) for m in manifests]
    whole = {ref_of(m): m for m in manifests if m["kind"] == "ClusterServingRuntime"}
    return replace(found.under(type(found.runtimes)(runtimes)), originals=whole)


def cluster(*services: Any, image: str, own: bool = False) -> Snapshot:
    edited = copy.deepcopy(SKLEARN)
    edited["spec"]["containers"][0]["image"] = image
    meta = {**SKLEARN["metadata"], "namespace": "team"}
    copied = {**SKLEARN, "kind": "ServingRuntime", "metadata": meta}
    found = snapshot(*services, release="0.15.2", predictors="{}")
    return with_runtimes(found, edited, MLSERVER, *([copied] if own else []))


def test_an_edited_runtime() -> None:
    assert row(plan(cluster(image="kserve/sklearnserver:v0.15.2")), RUNTIME).is_stock
    assert told(plan(cluster(image="ml/sk:1")), RUNTIME)[0] is Reach.UNUSED
    assert told(plan(cluster(model("a"), image="ml/sk:1")), RUNTIME) == (Reach.EFFECTIVE, ["a"], [])
    other = model("b", image="x:1")
    both = plan(cluster(model("a"), other, image="ml/sk:1"))
    assert told(both, RUNTIME) == (Reach.PARTLY, ["a"], ["b"])
    hidden = plan(cluster(model("a"), image="ml/sk:1", own=True))
    assert told(hidden, RUNTIME) == (Reach.HIDDEN, [], ["a"])
    assert row(hidden, RUNTIME).stock == "kserve/sklearnserver:v0.15.2"


def test_what_the_release_does_not_read() -> None:
    text = json.dumps(OWN)
    made = plan(snapshot(release="0.15.2", predictors=text))
    assert told(made, "sklearn/v1") == (Reach.UNREAD, [], [])
    assert not row(made, "sklearn/v1").is_stock
    assert row(made, "xgboost/v1").is_stock


def test_a_shape_of_another_release() -> None:
    nested = {"v1": {"image": "ml/torch", "defaultImageVersion": "1"}, "v2": STOCK["pytorch"]["v2"]}
    made = plan(snapshot(release="0.9.0", predictors=predictors(pytorch=nested)))
    assert told(made, "pytorch/v1") == (Reach.WRONG_SHAPE, [], [])
    assert [row(made, f"pytorch/{key}").is_stock for key in ("v1", "v2")] == [False, True]
    assert row(made, "pytorch/v1").stock == "pytorch/torchserve-kfs:0.6.0"


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_a_manifest_ships_is_an_override_in_whatever_shape(name: str) -> None:
    document = json.loads(shipped_text(name))
    made = plan(snapshot(release=name.partition("-")[0], predictors=document))
    found = {one.entry: one for one in made.images}
    assert [entry for entry, one in found.items() if not one.is_stock] == []
    for key, entry in document["pytorch"].items() if "v1" in document["pytorch"] else ():
        image = f"{entry['image']}:{entry['defaultImageVersion']}"
        assert found[f"pytorch/{key}"].image == image == found[f"pytorch/{key}"].stock


def behind(prefix: str, *formats: str) -> Any:
    text = predictors()
    for format_ in formats:
        for entry in text[format_].values():
            entry["image"] = prefix + entry["image"].removeprefix("docker.io/")
    return text


def test_a_mirror_is_one_finding() -> None:
    text = behind("reg.example:5000/m/", "sklearn", "xgboost")
    made = plan(snapshot(predictors=text))
    assert all(r.is_stock for r in made.images if r.image)
    [found] = [f.text for f in made.findings if f.code == "KM105"]
    assert found == "4 images are the release's own, below reg.example:5000/m/: taken for stock"
    text["sklearn"]["v1"]["defaultImageVersion"] = "v9"
    made = plan(snapshot(predictors=text))
    assert [r.entry for r in made.images if r.image and not r.is_stock] == ["sklearn/v1"]


def test_one_image_is_no_mirror() -> None:
    text = predictors()
    text["pytorch"]["v1"]["image"] = "mine/kserve/pytorchserver"
    text["pytorch"]["v1"].pop("defaultGpuImageVersion")
    made = plan(snapshot(predictors=text))
    assert [r.entry for r in made.images if r.image and not r.is_stock] == ["pytorch/v1"]
    assert "KM105" not in [f.code for f in made.findings]
