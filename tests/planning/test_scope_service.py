"""Chosen services pinned to runtimes of their own: equal pods or a refusal, and nobody else."""

from __future__ import annotations

import copy
import itertools
import re
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.errors import BlockedError, UsageError
from migrate.kserve.rollouts import Rollout
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.objects import ObjectRef, ref_of
from migrate.operations.model import Create, Holds, Patch, RolledOut
from migrate.planning import planfile
from migrate.planning.desired import Activate, Selection
from migrate.planning.pinwrites import pinned
from migrate.planning.plan import Outlook, Plan
from migrate.planning.rollback import Rollback
from tests.planning.clusters import codes, service
from tests.planning.copies import (
    MLSERVER,
    OVER,
    SKLEARN,
    cluster,
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
RAW = {"deploy": '{"defaultDeploymentMode": "RawDeployment"}'}
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
    """The reference is the plan in place: the same image in the ClusterServingRuntime."""
    for one in installed(release, {}):
        name, formats = one["metadata"]["name"], one["spec"].get("supportedModelFormats")
        wanted = f"registry.example.com/x/{name}:v7"
        if not formats or one["spec"].get("multiModel") or name in UNABLE.get(release, {}):
            continue
        stock, there = (
            settled(release, *users(one, 1), images=images) for images in ({}, {name: wanted})
        )
        made = pinning_plan(stock, f"runtime/{name}={wanted}")
        moved = {op.target for op in made.operations if isinstance(op.change, Patch)}
        expected, got = pods_of(there), pods_of(written(stock, made.operations))
        assert moved, name
        assert {ref: got[ref] for ref in moved} == {ref: expected[ref] for ref in moved}, name


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
    long = own("x" * 252 + "y")
    long |= {"kind": "ClusterServingRuntime"}
    long["metadata"] = {"name": "x" * 252 + "y"}
    runtimes = Runtimes([*found.runtimes.everywhere, msgspec.convert(long, Runtime)])
    named = settled("0.20.0", isvc("b", runtime=long["metadata"]["name"]))
    named = replace(named, runtimes=runtimes, originals={**named.originals, ref_of(long): long})
    [name] = created(pinning_plan(named, f"runtime/{long['metadata']['name']}={NEW}"))
    assert len(name.partition("/")[2]) == 253


def mesh(name: str) -> dict[str, Any]:
    one = isvc(name)
    one["metadata"]["annotations"] = {"serving.kserve.io/deploymentMode": "ModelMesh"}
    return one


def with_predictor(name: str, **fields: Any) -> dict[str, Any]:
    one = isvc(name)
    one["spec"]["predictor"] |= fields
    return one


def test_who_cannot_be_pinned_is_named_and_stays() -> None:
    canaries = isvc("canaries")
    canaries["spec"]["canary"] = [{"trafficPercent": 10, "predictor": {"name": "next"}}]
    canaries["metadata"]["annotations"] = {"serving.kserve.io/deploymentMode": "Standard"}
    found = settled(
        "0.20.0",
        isvc("plain"),
        with_predictor("canary", canaryTrafficPercent=20),
        with_predictor("promoted", canaryTrafficPercent=100),
        with_predictor(
            "refused", model={**isvc("x")["spec"]["predictor"]["model"], "name": "kserve-container"}
        ),
        canaries,
        mesh("mesh"),
    )
    made = pinning_plan(found, SET)
    told = {
        ref.name: one.text for one in made.findings if one.code == "KM250" for ref in one.objects
    }
    assert sorted(told) == ["canaries", "canary", "refused"]
    assert "canaryTrafficPercent 20" in told["canary"]
    assert "spec.canary" in told["canaries"]
    assert "has a name" in told["refused"]
    assert [op.target.name for op in made.operations[1:]] == ["plain", "promoted"]
    assert made.blocking
    workers = with_predictor("workers", workerSpec={})
    workers["spec"]["predictor"]["model"] |= {"runtime": "kserve-huggingfaceserver-multinode"}
    workers["spec"]["predictor"]["model"]["modelFormat"]["name"] = "huggingface"
    workers["spec"]["predictor"]["model"]["storageUri"] = "pvc://models/x"
    many = pinning_plan(
        settled("0.15.2", workers), f"runtime/kserve-huggingfaceserver-multinode={NEW}"
    )
    assert (codes(many)["KM250"], many.operations) == (["workers"], ())


def test_the_framework_form_is_refused_by_name() -> None:
    old = service("old", sklearn={"runtimeVersion": "v0.9.0", "storageUri": "gs://m/x"})
    found = settled("0.9.0", isvc("new", protocolVersion="v1"))
    found = replace(found, services=found.services.changed([old]))
    predictors = '{"sklearn": {"v1": {"image": "a", "defaultImageVersion": "1"}}}'
    found = replace(found, config={**found.config, "data": {"predictors": predictors}})
    made = pinning_plan(found)
    [told] = [one for one in made.findings if one.code == "KM250"]
    assert ("--convert" in told.text, [ref.name for ref in told.objects]) == (True, ["old"])
    assert [op.target.name for op in made.operations[1:]] == ["new"]


def test_what_the_write_alone_restarts_is_told_as_a_restart() -> None:
    """Without `inferenceService` in the ConfigMap nothing stays off the pods, not even what the
    webhook of 0.17 and later adds to a service that an older one stored."""
    made = pinning_plan(cluster("0.20.0", isvc("iris")))
    [row] = made.forecast
    assert (row.outlook, row.restarts, row.now) == (Outlook.CHANGES, True, row.after_plan)
    assert "modelFormat=sklearn" in next(f.text for f in made.findings if f.code == "KM252")
    assert "KM252" not in codes(pinning_plan(settled("0.20.0", isvc("iris"))))


def sizes(made: Plan) -> list[tuple[list[str], float]]:
    return [([made.operations[at].target.name for at in s.operations], s.pause) for s in made.apply]


def test_copies_come_first_then_canaries_then_the_rest_in_waves() -> None:
    found = settled("0.20.0", *(isvc(f"m{n}") for n in range(5)))
    made = pinning_plan(found, SET, canary=("team/m3", "team/m1"), max_unavailable=2, pause=30.0)
    assert sizes(made)[1:] == [(["m3", "m1"], 0.0), (["m0", "m2"], 30.0), (["m4"], 30.0)]
    assert [made.operations[at].target.kind for at in made.apply[0].operations] == [
        "ServingRuntime"
    ]
    assert [len(s.operations) for s in made.rollback] == [2, 2, 1, 1]
    assert made.rollback[-1].operations == made.apply[0].operations
    assert [len(w) for w, _ in sizes(pinning_plan(found, SET, wave_size=4))] == [1, 4, 1]
    as_it_is = pinning_plan(found, max_unavailable=1)
    assert [len(names) for names, _ in sizes(as_it_is)] == [1, 5]


def test_each_is_awaited_until_it_reports_its_runtime_and_is_ready_again() -> None:
    ready = isvc("iris")
    ready["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
    made = pinning_plan(settled("0.20.0", ready, isvc("other")))
    name = made.operations[0].target.name
    found = {
        (one.path, one.value)
        for one in made.apply[-1].conditions
        if isinstance(one, Holds) and one.target.name == "iris"
    }
    assert {
        ("/status/servingRuntimeName", name),
        ("/status/clusterServingRuntimeName", None),
        ("/status/conditions/type=Ready/status", "True"),
    } <= found
    others = [one for one in made.apply[-1].conditions if one.target.name == "other"]
    assert not any("conditions" in getattr(one, "path", "") for one in others)


@pytest.mark.parametrize("how", [Activate.RESTART, Activate.NONE])
def test_how_it_is_made_to_act_cannot_be_chosen(how: Activate) -> None:
    with pytest.raises(UsageError, match="reconciled at once"):
        pinning_plan(settled("0.20.0", isvc("iris")), activate=how)


def test_a_canary_must_be_among_those_that_are_pinned() -> None:
    found = settled("0.20.0", isvc("iris"), isvc("trees", "xgboost"))
    with pytest.raises(UsageError, match=r"team/trees.*it pins team/iris"):
        pinning_plan(found, canary=("team/trees",))


def test_who_is_left_alone_while_ready_is_pinned_and_told() -> None:
    frozen = isvc("frozen")
    frozen["metadata"]["annotations"] = {"serving.kserve.io/disable-auto-update": "true"}
    frozen["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
    made = pinning_plan(settled("0.16.0", frozen), SET)
    assert codes(made)["KM409"] == ["frozen"]
    assert [op.target.name for op in made.operations[1:]] == ["frozen"]
    assert not made.forecast[0].restarts


def test_a_runtime_of_somebody_else_is_left_alone() -> None:
    made = pinning_plan(settled("0.15.2", isvc("iris"), own=(own(SKLEARN),)), SET)
    assert (codes(made)["KM230"], made.operations) == (["iris"], ())
    assert made.blocking
    assert not pinning_plan(settled("0.15.2", isvc("iris"), own=(own(SKLEARN),))).has_work


@pytest.mark.parametrize("release", RELEASES)
def test_two_runs_live_side_by_side_and_one_may_move_the_others_services_on(release: str) -> None:
    some, all_of = Selection(exclude=("team/b",)), Selection()
    found = settled(release, isvc("a", protocolVersion="v1"), isvc("b", protocolVersion="v1"))
    first = pinning_plan(found, SET, selection=some)
    once = reconciled(written(found, first.operations))
    beside = pinning_plan(once, SET_NEWER, selection=Selection(exclude=("team/a",)))
    assert [op.target.name for op in beside.operations[1:]] == ["b"]
    assert not pinning_plan(once, SET, selection=some).has_work
    second = pinning_plan(once, SET_NEWER, selection=all_of)
    [pin_a] = [op for op in second.operations if op.target.name == "a"]
    assert pin_a.change.edits[0].before == first.operations[0].target.name  # type: ignore[union-attr]
    twice = reconciled(written(once, second.operations))
    assert {one.name for one in twice.runtimes.of("team").values()} == {
        first.operations[0].target.name,
        second.operations[0].target.name,
    }
    back = reconciled(written(twice, back_of(twice, second).to_do))
    assert spec_of(back) == spec_of(once)
    assert spec_of(written(back, back_of(back, first).to_do)) == spec_of(found)


def copy_in(made: Plan) -> ObjectRef:
    return made.operations[0].target


def test_what_others_did_to_pins_and_copies_meanwhile_is_kept_and_told() -> None:
    found = settled("0.20.0", isvc("a"), isvc("b"), isvc("c"))
    made = pinning_plan(found, SET, selection=Selection(exclude=("team/c",)))
    after = written(found, made.operations)
    refs = {ref.name: ref for ref in after.services}
    theirs = [
        pinned(after.services[refs["a"]], "their-own"),
        pinned(after.services[refs["c"]], copy_in(made).name),
    ]
    meddled = replace(after, services=after.services.changed(theirs))
    back = back_of(meddled, made)
    assert [op.target.name for op in back.to_do] == ["b"]
    told = {(one.code, one.objects[0].name) for one in back.findings if one.code == "KM303"}
    assert told == {("KM303", "a"), ("KM303", "c")}
    assert "stays" in next(one.text for one in back.findings if one.objects[0].name == "c")
    assert copy_in(made) not in {op.target for wave in back.waves for op in wave.operations}
    whole = copy.deepcopy(after.originals[copy_in(made)])
    whole["spec"]["containers"][0]["image"] = NEWER
    edited = back_of(replace(after, originals={**after.originals, copy_in(made): whole}), made)
    assert sorted(op.target.name for op in edited.to_do) == ["a", "b"]
    assert [one.objects for one in edited.findings if one.code == "KM303"] == [(copy_in(made),)]


def test_a_rollback_awaits_the_former_runtime_and_takes_the_copies_last() -> None:
    found = settled("0.20.0", isvc("a"), isvc("b"))
    made = pinning_plan(found, SET, max_unavailable=1)
    back = back_of(written(found, made.operations), made)
    shown = [[op.target.kind for op in wave.operations] for wave in back.waves]
    assert shown == [["InferenceService"], ["InferenceService"], ["ServingRuntime"]]
    assert {row.after_plan for row in back.forecast} == {OVER}
    paths = {one.path: one.value for one in back.waves[0].conditions if isinstance(one, Holds)}
    assert paths["/status/clusterServingRuntimeName"] == SKLEARN
    assert paths["/status/servingRuntimeName"] is None


def test_who_is_not_ready_counts_where_no_more_may_be_rolled_out_at_one_time() -> None:
    found = settled("0.15.2", isvc("iris"), data=RAW)
    [workload] = found.workloads
    rollout = Rollout(pods=1, surge=1, unavailable=0, ready=False)
    running = msgspec.structs.replace(found.workloads[workload], rollout=rollout)
    found = replace(found, workloads={workload: running})

    def waits(made: Plan) -> bool:
        return RolledOut(workload, made.forecast[0].service) in made.apply[-1].conditions

    assert waits(pinning_plan(found, SET, max_unavailable=1))
    assert not waits(pinning_plan(found, SET))
    assert not waits(pinning_plan(found, max_unavailable=1))


def test_a_copy_that_serves_every_model_alike_is_refused() -> None:
    found = settled("0.15.2", isvc("rows"))
    ref = next(ref for ref in found.originals if ref.name == SKLEARN)
    whole = copy.deepcopy(found.originals[ref])
    whole["spec"]["containers"][0]["args"] = ["--model_name=iris"]
    others = [one for one in found.runtimes.everywhere if one.ref != ref]
    runtimes = Runtimes([*others, msgspec.convert(whole, Runtime)])
    made = pinning_plan(
        replace(found, runtimes=runtimes, originals={**found.originals, ref: whole})
    )
    [told] = [one for one in made.findings if one.code == "KM401"]
    assert (told.blocks, [ref.name for ref in told.objects]) == (True, ["rows"])


def test_a_service_that_argo_cd_takes_back_is_not_written() -> None:
    owned = isvc("iris")
    tracked = "models:serving.kserve.io/InferenceService:team/iris"
    owned["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": tracked}
    made = pinning_plan(settled("0.15.2", owned))
    assert (codes(made)["KM106"], bool(made.blocking)) == (["iris"], True)
    assert not pinning_plan(settled("0.15.2", owned), take_ownership=True).blocking


@pytest.mark.parametrize("release", ["0.9.0", "0.15.2", "0.20.0"])
def test_at_every_moment_each_gets_what_it_had_or_what_is_planned(release: str) -> None:
    services = [isvc(f"m{at}", **asked) for at, asked in enumerate(PROTOCOLS[:3])]
    found = settled(release, *services, isvc("named", runtime=SKLEARN, protocolVersion="v1"))
    made = pinning_plan(found, SET, max_unavailable=1)
    before, after = pods_of(found), pods_of(written(found, made.operations))
    assert before != after
    steps = [made.operations[at] for stage in made.apply for at in stage.operations]
    for number in range(len(steps) + 1):
        done = {op.target for op in steps[:number]}
        got = pods_of(written(found, steps[:number]))
        assert got == {ref: (after if ref in done else before)[ref] for ref in before}, number
    there = reconciled(written(found, steps))
    back = [op for wave in back_of(there, made).waves for op in wave.operations]
    for number in range(len(back)):
        done = {op.target for op in back[:number]}
        got = pods_of(written(there, back[:number]))
        assert got == {ref: (before if ref in done else after)[ref] for ref in before}, number


def test_who_lagged_behind_goes_back_to_what_is_set_and_is_told() -> None:
    """Its runtime was edited before the run, and it had not been reconciled since."""
    old = settled("0.15.2", isvc("iris"), images={})
    edited = settled("0.15.2", isvc("iris"))
    found = replace(edited, workloads=old.workloads)
    made = pinning_plan(found, SET)
    assert made.forecast[0].now != made.forecast[0].after_rollback == OVER
    back = back_of(reconciled(written(found, made.operations)), made)
    assert [row.after_plan for row in back.forecast] == [OVER]
    assert codes_of(back) == {"KM302"}
    reset = replace(edited, runtimes=old.runtimes, originals=old.originals)
    with pytest.raises(BlockedError, match="changed since the run"):
        back_of(reconciled(written(reset, made.operations)), made)


def codes_of(back: Rollback) -> set[str]:
    return {one.code for one in back.findings}
