"""What a rollback to a checkpoint writes, in which order, what stays, and what is proven."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from migrate.cluster.memory import MemoryCluster
from migrate.commands.reading import read_snapshot
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Direction, Holds, Restart, RolledOut
from migrate.operations.patching import apply_edits
from migrate.planning.checkpoint import Checkpoint
from migrate.planning.desired import Options
from migrate.planning.meanings import meanings
from migrate.planning.plan import Forecast, Outlook, Plan
from migrate.planning.proof import prove_objects
from migrate.planning.restore import plan_restore
from migrate.planning.restoreproof import prove_former
from migrate.planning.restorewrites import edits_between
from migrate.planning.strategy import Strategy
from migrate.planning.worlds import world_of
from tests.commands import moving
from tests.commands.moving import SOURCE
from tests.commands.reconciling import reconcile
from tests.commands.restoring import RUNTIMES, gone, runtime, service
from tests.planning.copies import OVER

KINDS = ("ServingRuntime", "ClusterServingRuntime")
NEWER = "kserve-huggingfaceserver"
OURS = {"labels": {"app.kubernetes.io/managed-by": "kmigrate"}}
READY = "/status/conditions/type=Ready/status"


def checkpoint(found: MemoryCluster) -> Checkpoint:
    seen = read_snapshot(found, "kserve", "")
    assert seen.rules is not None
    services = found.list("serving.kserve.io/v1beta1", "InferenceService", dict)
    return Checkpoint(
        name="before",
        created="2026-11-23T22:00:00Z",
        operator="ops",
        version="0",
        cluster_uid=seen.cluster_uid,
        kserve_namespace="kserve",
        release=str(seen.release),
        config=seen.config,
        runtimes=tuple(one for kind in KINDS for one in found.list(RUNTIMES, kind, dict)),
        services=tuple(services),
        meanings=tuple(meanings(seen, world_of(seen, seen.rules))),
    )


def planned(found: MemoryCluster, known: Checkpoint, **options: Any) -> Plan:
    asked = Options(strategy=Strategy.RESTORE, checkpoint="before", **options)
    return plan_restore(read_snapshot(found, "kserve", ""), known, asked)


def cluster(release: str = "0.15.2") -> MemoryCluster:
    found = moving.cluster(release)
    reconcile(found)
    return found


def image(found: MemoryCluster, text: str, ref: ObjectRef = SOURCE) -> None:
    spec = found.get(ref)["spec"]
    spec["containers"][0]["image"] = text
    found.patch(ref, {"spec": spec})


def copy(found: MemoryCluster, text: str, namespace: str = "team") -> ObjectRef:
    """A runtime that kmigrate made, of the name of the cluster's."""
    spec = found.get(SOURCE)["spec"]
    spec["containers"][0]["image"] = text
    meta = {"name": SOURCE.name, "namespace": namespace, **OURS}
    found.create({"apiVersion": RUNTIMES, "kind": "ServingRuntime", "metadata": meta, "spec": spec})
    return ObjectRef(RUNTIMES, "ServingRuntime", SOURCE.name, namespace)


def steps(made: Plan, way: str) -> list[str]:
    stages = made.apply if way == "apply" else made.rollback
    chosen = [made.operations[at] for stage in stages for at in stage.operations]
    return [f"{type(op.change).__name__} {op.target.kind} {op.target.name}" for op in chosen]


def codes(made: Plan) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in made.findings:
        found.setdefault(one.code, []).extend(ref.name for ref in one.objects)
    return found


@pytest.mark.parametrize("release", ["0.9.0", "0.16.0", "0.20.0"])
def test_copies_go_after_all_else_is_in_place(release: str) -> None:
    """Who falls from a copy, or is woken by an edit, gets its former image at once."""
    found = cluster(release)
    known = checkpoint(found)
    config = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
    found.patch(config, {"data": {"more": "1"}})
    image(found, "x/stock:1")
    copy(found, "x/copied:1")
    gone(found, ObjectRef(RUNTIMES, "ClusterServingRuntime", "kserve-xgbserver"))
    if release == "0.9.0":
        found.create(runtime(NEWER, "kserve/huggingfaceserver:v1"))
    newer = ["ClusterServingRuntime kserve-huggingfaceserver"] * (release == "0.9.0")
    made = planned(found, known)
    assert steps(made, "apply") == [
        "Patch ConfigMap inferenceservice-config",
        *(f"Delete {name}" for name in newer),
        "Create ClusterServingRuntime kserve-xgbserver",
        "Patch ClusterServingRuntime kserve-sklearnserver",
        "Delete ServingRuntime kserve-sklearnserver",
    ]
    assert steps(made, "rollback") == [
        "Patch ConfigMap inferenceservice-config",
        "Create ClusterServingRuntime kserve-xgbserver",
        *(f"Delete {name}" for name in newer),
        "Delete ServingRuntime kserve-sklearnserver",
        "Patch ClusterServingRuntime kserve-sklearnserver",
    ]
    assert [type(act) for act in made.activations] == [Restart]


def test_the_former_images_and_ready_are_awaited() -> None:
    found = cluster()
    known = checkpoint(found)
    image(found, "x/stock:1")
    reconcile(found)
    made = planned(found, known)
    [stage] = made.apply
    moved = {"iris", "rows", "far"}
    images = {
        one.owner.name
        for one in stage.conditions
        if isinstance(one, Holds) and one.path.endswith("/image") and one.value == OVER
    }
    ready = {o.target.name for o in stage.conditions if isinstance(o, Holds) and o.path == READY}
    assert (images, ready) == (moved, moved | {"both"})
    rolled = {one.target.name for one in stage.conditions if isinstance(one, RolledOut)}
    assert "kserve-controller-manager" in rolled
    assert {row.service.name: row.former for row in made.forecast} == {
        **dict.fromkeys(moved, OVER),
        "both": next(r.now for r in made.forecast if r.service.name == "both"),
    }


def test_a_workload_without_an_image_is_awaited() -> None:
    """0.10 writes none for the framework form: then nothing is seen of what runs."""
    found = cluster()
    known = checkpoint(found)
    workload = next(one.workload for one in known.meanings if one.service.name == "iris")
    assert workload is not None
    spec = found.get(workload)["spec"]
    del spec["template"]["spec"]["containers"][0]["image"]
    found.patch(workload, {"spec": None})
    found.patch(workload, {"spec": spec})
    made = planned(found, known)
    assert not made.operations
    [stage] = made.apply
    assert Holds(workload, IMAGE, OVER, _service("iris")) in stage.conditions
    assert [type(act) for act in made.activations] == [Restart]


IMAGE = "/spec/template/spec/containers/name=kserve-container/image"


def _service(name: str) -> ObjectRef:
    return ObjectRef("serving.kserve.io/v1beta1", "InferenceService", name, "team")


def test_where_nothing_differs_there_is_nothing_to_do() -> None:
    found = cluster()
    made = planned(found, checkpoint(found))
    assert not made.has_work
    assert not [code for code in codes(made) if code.startswith("KM3")]


def test_who_was_without_a_workload_is_no_reason_to_restart() -> None:
    found = moving.cluster("0.15.2")
    made = planned(found, checkpoint(found))
    assert not made.has_work


def test_whose_image_is_another_by_a_change_of_others_is_told() -> None:
    """With the pin, which its owner wrote, the former runtime gives another tag."""
    found = cluster()
    known = checkpoint(found)
    copy(found, "x/copied:1")
    found.patch(_service("iris"), {"spec": {"predictor": {"model": {"runtimeVersion": "v9"}}}})
    reconcile(found)
    made = planned(found, known)
    lost = {"iris": OVER.replace("ours", "v9")}
    assert {r.service.name: r.after_plan for r in made.forecast if r.former != r.after_plan} == lost
    assert (codes(made)["KM308"], codes(made)["KM302"]) == (["iris"], ["iris"])
    assert not made.blocking


def test_who_has_the_former_image_and_would_lose_it_blocks_the_plan() -> None:
    found = cluster()
    known = checkpoint(found)
    copy(found, OVER)
    found.patch(_service("iris"), {"spec": {"predictor": {"model": {"runtimeVersion": "v9"}}}})
    made = planned(found, known)
    assert [one.code for one in made.blocking] == ["KM306"]
    assert not planned(found, known, accept=("KM306=team/iris",)).blocking


def test_a_copy_stays_without_which_nobody_gets_a_runtime() -> None:
    found = cluster()
    known = checkpoint(found)
    late = service("late", "own-format")
    late["metadata"]["namespace"] = "team"
    found.create(late)
    made_since = runtime("ours", "x/own:1", "team", **OURS)
    made_since["spec"]["supportedModelFormats"] = [{"name": "own-format", "autoSelect": True}]
    found.create(made_since)
    other = copy(found, "x/copied:1", "other")
    made = planned(found, known)
    assert steps(made, "apply") == [f"Delete ServingRuntime {other.name}"]
    assert codes(made)["KM307"] == ["late"]
    assert codes(made)["KM301"] == ["late"]
    kept = planned(found, known, keep_runtimes=True)
    assert steps(kept, "apply") == []
    assert sorted(codes(kept)["KM307"]) == ["kserve-sklearnserver", "ours"]


def test_own_copies_of_the_checkpoint_come_back() -> None:
    found = cluster()
    ref, far = copy(found, "x/then:1"), copy(found, "x/then:1", "other")
    reconcile(found)
    known = checkpoint(found)
    image(found, "x/since:1", ref)
    gone(found, far)
    reconcile(found)
    made = planned(found, known)
    assert steps(made, "apply") == [
        "Create ServingRuntime kserve-sklearnserver",
        "Patch ServingRuntime kserve-sklearnserver",
    ]
    assert {row.service.name: row.after_plan for row in made.forecast}["far"] == "x/then:1"
    for one in list(found.list("serving.kserve.io/v1beta1", "InferenceService", dict)):
        if one["metadata"]["namespace"] == "other":
            gone(found, ObjectRef(one["apiVersion"], one["kind"], "far", "other"))
    made = planned(found, known)
    assert steps(made, "apply") == ["Patch ServingRuntime kserve-sklearnserver"]
    assert sorted(codes(made)["KM309"]) == ["far", "kserve-sklearnserver"]


def test_runtimes_of_others_are_left() -> None:
    found = cluster()
    mine = runtime("mine", "x/then:1", "team")
    found.create(mine)
    found.create(runtime("lost", "x/then:1", "team"))
    known = checkpoint(found)
    image(found, "x/since:1", ObjectRef(RUNTIMES, "ServingRuntime", "mine", "team"))
    gone(found, ObjectRef(RUNTIMES, "ServingRuntime", "lost", "team"))
    made = planned(found, known)
    assert not made.has_work
    assert (codes(made)["KM308"], codes(made)["KM309"]) == (["mine"], ["lost"])


def test_a_runtime_of_others_that_became_ours_is_left() -> None:
    found = cluster()
    found.create(runtime("mine", "x/then:1", "team"))
    known = checkpoint(found)
    ref = ObjectRef(RUNTIMES, "ServingRuntime", "mine", "team")
    found.patch(ref, {"metadata": OURS})
    image(found, "x/since:1", ref)
    made = planned(found, known)
    assert not made.has_work
    assert codes(made)["KM308"] == ["mine"]


def test_every_key_of_the_configuration_is_proven() -> None:
    found = cluster()
    known = checkpoint(found)
    config = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
    found.patch(config, {"data": {"more": "1"}})
    made = planned(found, known)
    live = known.config
    [proven] = prove_objects(made, Direction.APPLY, {config: live})
    assert (proven.holds, "all 3 keys" in proven.text) == (True, True)
    meddled = {**live, "data": {**live["data"], "deploy": "{}"}}
    [proven] = prove_objects(made, Direction.APPLY, {config: meddled})
    assert (proven.holds, "/data/deploy: not as" in proven.text) == (False, True)


def test_workloads_that_nobody_looks_at_are_told() -> None:
    found = cluster()
    known = checkpoint(found)
    spec = found.get(ObjectRef("apps/v1", "Deployment", "iris-predictor", "team"))["spec"]
    for name in ("iris-predictor", "another"):
        meta = {"name": name, "namespace": "team", "labels": {"app": "isvc.iris-predictor"}}
        ksvc = {"apiVersion": "serving.knative.dev/v1", "kind": "Service"}
        found.create({**ksvc, "metadata": meta, "spec": {"template": spec["template"]}})
    made = planned(found, known)
    [told] = [one for one in made.findings if one.code == "KM311"]
    assert [str(ref) for ref in told.objects] == ["Service team/iris-predictor"]


def test_who_was_made_anew_is_not_judged() -> None:
    found = cluster()
    known = checkpoint(found)
    whole = found.get(_service("iris"))
    gone(found, _service("iris"))
    again = {key: whole[key] for key in ("apiVersion", "kind", "spec")}
    found.create({**again, "metadata": {"name": "iris", "namespace": "team"}})
    made = planned(found, known)
    row = next(row for row in made.forecast if row.service.name == "iris")
    assert row.former is UNSET
    assert (codes(made)["KM301"], codes(made)["KM309"]) == (["iris"], ["iris"])


def test_half_of_a_run_in_the_checkpoint_is_told() -> None:
    found = cluster()
    known = msgspec.structs.replace(checkpoint(found), unfinished="20261123-000000-abcd")
    assert "KM310" in codes(planned(found, known))


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["/a/b"]),
        ({"a": 1}, {"b": 1}, ["/a", "/b"]),
        ({"a": {}}, {"a": []}, ["/a"]),
        ([{"name": "x", "v": 1}], [{"name": "x", "v": 2}], ["/name=x/v"]),
        ([{"name": "x"}], [{"name": "y"}], [""]),
        ([{"name": "x"}, {"name": "x", "v": 1}], [{"name": "x"}, {"name": "x"}], [""]),
        ([{"name": "x"}, 1], [{"name": "x"}, 2], [""]),
    ],
)
def test_edits_go_as_deep_as_both_are_alike(before: Any, after: Any, paths: list[str]) -> None:
    wrapped: tuple[Manifest, Manifest] = ({"at": before}, {"at": after})
    edits = tuple(edits_between(*wrapped))
    assert [edit.path for edit in edits] == [f"/at{path}" for path in paths]
    assert apply_edits(edits, wrapped[0]) == wrapped[1]


def test_a_service_is_held_against_the_checkpoint() -> None:
    workload = ObjectRef("apps/v1", "Deployment", "iris-predictor", "team")

    def row(**fields: Any) -> Forecast:
        told = {"now": "a", "after_plan": "b", "former": "b", "workload": workload, **fields}
        return Forecast(_service("iris"), "model", Outlook.CHANGES, "", **told)

    def proven(one: Forecast, images: dict[ObjectRef, str]) -> list[bool]:
        return [r.holds for r in prove_former([one], images)]

    assert proven(row(), {workload: "b"}) == [True]
    assert proven(row(), {workload: "a"}) == [False]
    assert proven(row(), {}) == [False]
    assert proven(row(now=None), {}) == []
    assert proven(row(now=None, after_plan="c"), {}) == [False]
    assert proven(row(former=UNSET), {workload: "z"}) == []
