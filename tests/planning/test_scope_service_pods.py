"""Chosen services pinned to runtimes of their own: equal pods or a refusal, and nobody else."""

from __future__ import annotations

import copy
import itertools
import re
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.kserve.building import Pod
from migrate.kserve.metadata import Metadata
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.kserve.services import InferenceService, Model, ModelFormat, Predictor, ServiceSpec
from migrate.objects import ObjectRef, ref_of
from migrate.operations.model import Create, Patch
from migrate.planning.model import planfile
from migrate.planning.model.desired import Selection
from migrate.planning.world.copies import digest_of_source
from migrate.planning.world.podfields import differing
from tests.planning.clusters import codes
from tests.planning.copies import (
    MLSERVER,
    OVER,
    SKLEARN,
    created,
    installed,
    isvc,
    own,
    reconciled,
)
from tests.planning.pinned import (
    back_of,
    pinning_plan,
    pods_of,
    settled,
    spec_of,
    written,
)

RELEASES = ("0.8.0", "0.9.0", "0.11.2", "0.15.2", "0.16.0", "0.17.1", "0.20.0")
NEW, NEWER = (f"registry.example.com/ml/sklearnserver:{tag}" for tag in ("next", "later"))
SET, SET_NEWER = f"runtime/{SKLEARN}={NEW}", f"runtime/{SKLEARN}={NEWER}"
PROTOCOLS: tuple[dict[str, Any], ...] = (
    {},
    *({"protocolVersion": protocol} for protocol in ("v1", "v2", "grpc-v2")),
)
GPU: dict[str, Any] = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}
UNABLE = {
    "0.8.0": {MLSERVER: "KM250"},
    "0.9.0": {MLSERVER: "KM251", "kserve-torchserve": "KM251"},
}
"""Runtimes whose users cannot be pinned, and by which finding.

The webhook of 0.8 adds MLServer's variables at each write that names it; 0.9 lets no label of a
runtime reach the pods, and MLServer and TorchServe are told what to load by one.
"""


def users(runtime: dict[str, Any], most: int = 99) -> list[dict[str, Any]]:
    """Services that may use a runtime: each format and protocol, named or not, and odd ones."""
    formats = sorted({each["name"] for each in runtime["spec"]["supportedModelFormats"]})
    formats = formats[:most]
    name = runtime["metadata"]["name"]
    others: tuple[dict[str, Any], ...] = (
        GPU,
        {},
        {"storageUri": None},
        {"env": [{"name": "MINE", "value": "1"}]},
    )
    ways = itertools.product(formats, PROTOCOLS, ({}, {"runtime": name}), others)
    return [isvc(f"m{at}", first, **{**a, **b, **c}) for at, (first, a, b, c) in enumerate(ways)]


STOCK = [
    pytest.param(release, one, id=f"{release}-{one['metadata']['name']}")
    for release in RELEASES
    for one in installed(release, {})
    if one["spec"].get("supportedModelFormats") and not one["spec"].get("multiModel")
]


@pytest.mark.parametrize(("release", "runtime"), STOCK)
def test_every_stock_runtime_does_the_same_under_a_name_of_its_own(
    release: str, runtime: dict[str, Any]
) -> None:
    name = runtime["metadata"]["name"]
    found = settled(release, *users(runtime), images={name: "registry.example.com/x/server:ours"})
    made = pinning_plan(found)
    on_it = {row.service for row in made.forecast if row.runtime and row.runtime.name == name}
    moved = {op.target for op in made.operations if isinstance(op.change, Patch)}
    refused = {ref: one.code for one in made.findings if one.blocks for ref in one.objects}
    assert on_it
    assert moved | refused.keys() == on_it
    assert not moved & refused.keys()
    assert set(refused.values()) == {UNABLE.get(release, {}).get(name)} - {None}
    assert not any(row.restarts for row in made.forecast)
    after = written(found, made.operations)
    assert pods_of(after) == pods_of(found)
    back = back_of(after, made)
    assert spec_of(written(after, back.to_do)) == spec_of(found)


@pytest.mark.parametrize("release", RELEASES)
def test_with_a_desired_image_the_pods_are_those_of_the_runtime_with_it(release: str) -> None:
    """The reference is the plan in place: the same image in the ClusterServingRuntime.

    A second run asks for another one: what the copy carries is not carried twice.
    """
    for one in installed(release, {}):
        name, formats = one["metadata"]["name"], one["spec"].get("supportedModelFormats")
        if not formats or one["spec"].get("multiModel") or name in UNABLE.get(release, {}):
            continue
        found = settled(release, *users(one, 1), images={})
        moved: set[ObjectRef] = set()
        for image in (f"registry.example.com/x/{name}:v{number}" for number in (7, 8)):
            made = pinning_plan(found, f"runtime/{name}={image}")
            pins = {op.target for op in made.operations if isinstance(op.change, Patch)}
            assert pins == (moved or pins) != set(), name
            found, moved = reconciled(written(found, made.operations)), pins
            expected = pods_of(settled(release, *users(one, 1), images={name: image}))
            got = pods_of(found)
            assert {ref: got[ref] for ref in pins} == {ref: expected[ref] for ref in pins}, name
            assert not pinning_plan(found, f"runtime/{name}={image}").operations, name


def test_what_the_name_gave_is_in_the_copy() -> None:
    image = {MLSERVER: "registry.example.com/x/server:ours"}
    model = {"protocolVersion": "v2"}
    [make, _] = pinning_plan(settled("0.15.2", isvc("m", **model), images=image)).operations
    assert isinstance(make.change, Create)
    spec = make.change.manifest["spec"]
    env = {item["name"]: item["value"] for item in spec["containers"][0]["env"]}
    assert (env["MLSERVER_MODEL_NAME"], env["MLSERVER_MODEL_URI"]) == ("{{.Name}}", "/mnt/models")
    assert env["MLSERVER_MODEL_IMPLEMENTATION"] == "mlserver_sklearn.SKLearnModel"
    assert spec["labels"]["modelClass"] == "mlserver_sklearn.SKLearnModel"
    assert {one["autoSelect"] for one in spec["supportedModelFormats"]} == {False}
    assert not any("priority" in one for one in spec["supportedModelFormats"])
    [make, _] = pinning_plan(settled("0.17.1", isvc("m", **model), images=image)).operations
    assert isinstance(make.change, Create)
    notes = make.change.manifest["metadata"]["annotations"]
    assert notes["serving.kserve.io/server-type"] == "mlserver"
    assert "labels" not in make.change.manifest["spec"]


def test_an_old_runtime_without_the_annotation_gets_it_in_the_copy() -> None:
    found = settled("0.17.1", isvc("m", protocolVersion="v2"), images={MLSERVER: OVER})
    ref = next(ref for ref in found.originals if ref.name == MLSERVER)
    whole = copy.deepcopy(found.originals[ref])
    del whole["metadata"]["annotations"]
    others = [one for one in found.runtimes.everywhere if one.ref != ref]
    runtimes = Runtimes([*others, msgspec.convert(whole, Runtime)])
    found = replace(found, runtimes=runtimes, originals={**found.originals, ref: whole})
    make = pinning_plan(found).operations[0].change
    assert isinstance(make, Create)
    notes = make.manifest["metadata"]["annotations"]
    assert notes["serving.kserve.io/server-type"] == "mlserver"
    assert notes["kmigrate.dev/source-digest"] == digest_of_source(whole)


def test_how_pods_differ_is_said_in_words() -> None:
    def lot(env: list[str], protocol: str = "v1") -> Resolution:
        container = {"name": "kserve-container", "env": [{"name": name} for name in env]}
        model = Model(model_format=ModelFormat("sklearn"), protocol_version=protocol)
        held = InferenceService(Metadata(name="m"), ServiceSpec(Predictor(model=model)))
        return Resolution("x:1", Verdict.RESOLVED, "", pod=Pod((container,)), held=held)

    assert differing(lot(["A", "B"]), lot(["A", "B"])) == ()
    assert differing(lot(["A", "B"]), lot(["B", "A"])) == ("the order of env",)
    assert differing(lot(["A"]), lot(["A", "B"])) == ("env B",)
    assert differing(lot(["A"]), lot(["A"], "v2")) == ("protocolVersion",)


def test_the_tag_of_a_gpu_is_carried_where_the_name_gave_it() -> None:
    tensorflow = "kserve-tensorflow-serving"
    found = settled(
        "0.15.2", isvc("plain", "tensorflow"), isvc("gpu", "tensorflow", **GPU), images={}
    )
    made = pinning_plan(found, f"runtime/{tensorflow}=registry.example.com/tf:2.9")
    assert {row.service.name: row.after_plan for row in made.forecast} == {
        "plain": "registry.example.com/tf:2.9",
        "gpu": "registry.example.com/tf:2.9-gpu",
    }
    assert len(created(made)) == 2
    pinned = settled("0.15.2", isvc("gpu", "tensorflow", runtimeVersion="v1", **GPU), images={})
    assert codes(pinning_plan(pinned, f"runtime/{tensorflow}=registry.example.com/tf:9"))["KM201"]
    moved = pinning_plan(
        pinned, f"runtime/{tensorflow}=registry.example.com/tf@sha256:{'0' * 64}", repin=True
    )
    [row] = moved.forecast
    assert (row.after_plan or "").startswith("registry.example.com/tf@sha256:")
    assert moved.operations[1].change.edits[1].path.endswith("/runtimeVersion")  # type: ignore[union-attr]


@pytest.mark.parametrize("release", RELEASES)
def test_nobody_else_moves_and_priorities_do_not_meet(release: str) -> None:
    formats = (
        "sklearn",
        "xgboost",
        "lightgbm",
        "tensorflow",
        "pytorch",
        "onnx",
        "triton",
        "mlflow",
    )
    everybody = [
        isvc(f"{format_}{at}", format_, **protocol)
        for format_ in formats
        for at, protocol in enumerate(PROTOCOLS[:3])
    ]
    images = {
        one["metadata"]["name"]: "registry.example.com/x/server:ours"
        for one in installed(release, {})
    }
    chosen = Selection(selector="chosen=yes")
    for at, one in enumerate(everybody):
        one["metadata"]["labels"] = {"chosen": "yes" if at % 2 else "no"}
    found = settled(release, *everybody, images=images)
    made = pinning_plan(found, selection=chosen)
    assert not {"KM231", "KM232"} & codes(made).keys()
    moved = {op.target for op in made.operations if isinstance(op.change, Patch)}
    assert moved
    assert {found.services[ref].metadata.labels["chosen"] for ref in moved} == {"yes"}  # type: ignore[index]
    for row in made.forecast:
        assert (row.runtime == row.runtime_after_plan) is (row.service not in moved)
    assert pods_of(written(found, made.operations)) == pods_of(found)


def test_names_are_valid_short_and_say_what_is_in_it() -> None:
    found = settled("0.20.0", isvc("a"), isvc("far", namespace="other"))
    first, second = (pinning_plan(found, one) for one in (SET, SET_NEWER))
    [near, far] = [name.partition("/")[2] for name in created(first)]
    assert near == far
    assert near not in {name.partition("/")[2] for name in created(second)}
    assert re.fullmatch(rf"{SKLEARN}-[0-9a-f]{{8}}", near)
    assert planfile.dump(first) == planfile.dump(pinning_plan(found, SET))
    long = own("x" * 243 + "-" + "y" * 8)
    long |= {"kind": "ClusterServingRuntime"}
    long["metadata"] = {"name": "x" * 243 + "-" + "y" * 8}
    runtimes = Runtimes([*found.runtimes.everywhere, msgspec.convert(long, Runtime)])
    named = settled("0.20.0", isvc("b", runtime=long["metadata"]["name"]))
    named = replace(named, runtimes=runtimes, originals={**named.originals, ref_of(long): long})
    [name] = created(pinning_plan(named, f"runtime/{long['metadata']['name']}={NEW}"))
    assert re.fullmatch(r"x{243}-[0-9a-f]{8}", name.partition("/")[2])
