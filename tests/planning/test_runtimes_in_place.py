"""A plan that edits ClusterServingRuntimes: which, who moves, and the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.errors import BlockedError, UsageError
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.objects import Manifest, ObjectRef, ref_of, value_at
from migrate.operations.model import Direction, Edit, Holds, Patch, Restart, Wake
from migrate.operations.patching import apply_edits
from migrate.planning.activation import WAVE
from migrate.planning.changed import changed
from migrate.planning.desired import Activate, Options, merged, parse_set
from migrate.planning.in_place import make_plan
from migrate.planning.plan import Outlook, Plan
from migrate.planning.rollback import plan_rollback
from migrate.planning.snapshot import Snapshot
from tests.planning.clusters import codes, lot, service, snapshot

IMAGE = "/spec/containers/name=kserve-container/image"
STOCK = "kserve/sklearnserver:v0.15.2"
OTHER = "registry.example.com/ml/sklearn:v1"


def cluster_runtime(name: str, image: str, *formats: str, **spec: Any) -> Manifest:
    supported = [{"name": f, "version": "1", "autoSelect": True, "priority": 1} for f in formats]
    containers = [{"name": "kserve-container", "image": image, "args": ["--model_name={{.Name}}"]}]
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ClusterServingRuntime",
        "metadata": {"name": name},
        "spec": {"supportedModelFormats": supported, "containers": containers, **spec},
    }


SKLEARN = cluster_runtime("kserve-sklearnserver", STOCK, "sklearn", protocolVersions=["v1"])
MLSERVER = cluster_runtime(
    "kserve-mlserver", "seldonio/mlserver:1.5.0", "sklearn", "xgboost", protocolVersions=["v2"]
)
RUNTIME = ref_of(SKLEARN)


def model(name: str, format_: str = "sklearn", **more: Any) -> Any:
    return service(name, model={"modelFormat": {"name": format_}, **more})


def world(*services: Any, release: str = "0.15.2", own: tuple[Manifest, ...] = ()) -> Snapshot:
    originals = {ref_of(m): m for m in (SKLEARN, MLSERVER)}
    runtimes = [msgspec.convert(m, Runtime) for m in (*originals.values(), *own)]
    found = snapshot(*services, release=release, runtimes=runtimes)
    return replace(found, originals=originals)


def plan(found: Snapshot, *sets: str, **options: Any) -> Plan:
    return make_plan(found, Options(merged(map(parse_set, sets)), **options))


def test_a_format_means_the_runtime_that_a_new_service_gets() -> None:
    made = plan(world(model("iris")), f"sklearn={OTHER}")
    [operation] = made.operations
    assert operation.target == RUNTIME
    assert operation.change == Patch((Edit(IMAGE, STOCK, OTHER),))
    assert lot(made, "iris") == (Outlook.CHANGES, STOCK, OTHER, STOCK)
    assert made.forecast[0].runtime == made.forecast[0].runtime_after_plan == RUNTIME


def test_a_protocol_picks_another_runtime() -> None:
    made = plan(world(model("iris")), "sklearn/v2=x/mlserver:2")
    assert [op.target.name for op in made.operations] == ["kserve-mlserver"]
    assert lot(made, "iris")[0] is Outlook.UNCHANGED
    assert codes(made)["KM207"] == []


def test_who_moves_though_nobody_asked_blocks_the_plan() -> None:
    both = world(model("a", protocolVersion="v2"), model("b", "xgboost", protocolVersion="v2"))
    made = plan(both, "sklearn/v2=x/mlserver:2")
    assert codes(made)["KM206"] == ["b"]
    assert made.blocking
    assert not plan(both, "sklearn/v2=x/mlserver:2", accept=("KM206=team/b",)).blocking
    assert "KM206" not in codes(plan(both, "runtime/kserve-mlserver=x/mlserver:2"))
    assert "KM206" not in codes(plan(both, "sklearn/v2=x:2", "xgboost/v2=x:2"))


def test_two_formats_of_one_runtime_cannot_want_two_images() -> None:
    with pytest.raises(UsageError, match="wanted as x:1 by sklearn/v2 and as x:2 by xgboost/v2"):
        plan(world(), "sklearn/v2=x:1", "xgboost/v2=x:2")


def test_a_copy_in_the_namespace_hides_the_runtime() -> None:
    copy = {
        **SKLEARN,
        "kind": "ServingRuntime",
        "metadata": {**SKLEARN["metadata"], "namespace": "team"},
    }
    made = plan(world(model("iris"), own=(copy,)), f"sklearn={OTHER}")
    assert codes(made)["KM210"] == ["iris"]
    assert lot(made, "iris")[0] is Outlook.UNCHANGED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("runtime/kserve-sklearnservr=x:1", "did you mean kserve-sklearnserver"),
        ("runtime/kserve-sklearnserver=x y", "not an image"),
        ("sklearn/gpu=x:1", "a runtime has one image"),
    ],
)
def test_what_cannot_be_meant(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        plan(world(), text)


def test_a_runtime_without_containers_cannot_be_edited() -> None:
    found = world()
    bare = {**SKLEARN, "spec": {**SKLEARN["spec"], "containers": []}}
    found = replace(found, runtimes=Runtimes([msgspec.convert(bare, Runtime)]))
    with pytest.raises(BlockedError, match="has no containers"):
        plan(found, "runtime/kserve-sklearnserver=x:1")


def test_an_image_that_is_there_already_is_nothing_to_do() -> None:
    assert not plan(world(model("iris")), f"sklearn={STOCK}").has_work


def running(found: Snapshot, *names: str) -> Snapshot:
    return replace(found, images={_workload(name): STOCK for name in names})


def _workload(name: str) -> ObjectRef:
    return ObjectRef("serving.knative.dev/v1", "Service", f"{name}-predictor", "team")


def kinds(made: Plan) -> list[tuple[list[int], list[str], int]]:
    return [
        (list(s.operations), [type(a).__name__ for a in s.activations], len(s.conditions))
        for s in made.apply
    ]


def test_a_restart_reaches_everybody() -> None:
    made = plan(running(world(model("iris")), "iris"), f"sklearn={OTHER}")
    assert kinds(made) == [([0], ["Restart"], 2)]


def test_each_wakes_who_moves_wave_by_wave() -> None:
    names = [f"m{number:02}" for number in range(WAVE + 1)]
    found = running(
        world(*map(model, names), model("other", "xgboost", protocolVersion="v2")), *names
    )
    made = plan(found, f"sklearn={OTHER}", activate=Activate.EACH)
    assert kinds(made) == [([0], [], 0), ([], ["Wake"] * WAVE, WAVE), ([], ["Wake"], 1)]
    woken = [a.target.name for s in made.apply for a in s.activations if isinstance(a, Wake)]
    assert woken == names
    assert all(isinstance(c, Holds) and c.value == OTHER for c in made.apply[1].conditions)


def test_none_only_writes() -> None:
    made = plan(world(model("iris")), f"sklearn={OTHER}", activate=Activate.NONE)
    assert kinds(made) == [([0], [], 0)]


@pytest.mark.parametrize("release", ["0.16.0", "0.17.0", "0.20.0"])
def test_from_0_16_on_an_edit_acts_by_itself(release: str) -> None:
    found = world(model("iris"), release=release)
    assert kinds(plan(found, f"sklearn={OTHER}"))[1:] == [([], ["Wake"], 0)]
    with pytest.raises(UsageError, match="cannot be held back"):
        plan(found, f"sklearn={OTHER}", activate=Activate.NONE)
    asked = plan(found, f"sklearn={OTHER}", activate=Activate.RESTART)
    assert isinstance(asked.apply[0].activations[0], Restart)


def test_up_to_0_9_both_worlds_are_changed() -> None:
    found = world(
        model("new"), service("old", sklearn={"runtimeVersion": "v0.9.0"}), release="0.9.0"
    )
    made = plan(found, "sklearn=kserve/other:v0.9.0")
    assert [op.target.kind for op in made.operations] == ["ConfigMap", "ClusterServingRuntime"]
    assert {row.service.name: row.after_plan for row in made.forecast} == {
        "new": "kserve/other:v0.9.0",
        "old": "kserve/other:v0.9.0",
    }
    assert "KM205" not in codes(made)


def applied(found: Snapshot, made: Plan) -> Snapshot:
    edits = {op.target: op.change.edits for op in made.operations if isinstance(op.change, Patch)}
    return changed(found, edits)


def live(found: Snapshot) -> dict[ObjectRef, Manifest | None]:
    return {found.config_ref: found.config, **found.originals}


def test_the_way_back() -> None:
    found = world(model("iris"))
    made = plan(found, f"sklearn={OTHER}")
    after = applied(found, made)
    assert value_at(after.originals[RUNTIME], IMAGE) == OTHER
    back = plan_rollback(made, after, live(after))
    [row] = back.forecast
    assert (row.outlook, row.after_reconcile, row.after_plan) == (Outlook.CHANGES, OTHER, STOCK)
    assert [op.change for op in back.to_do] == [Patch((Edit(IMAGE, OTHER, STOCK),))]
    assert [type(a) for w in back.waves for a in w.activations] == [Restart]


def test_the_way_back_wakes_whom_it_moves() -> None:
    found = world(model("iris"))
    made = plan(found, f"sklearn={OTHER}", activate=Activate.EACH)
    after = applied(replace(found, services=(*found.services, model("late"))), made)
    back = plan_rollback(made, after, live(after))
    assert [a.target.name for w in back.waves for a in w.activations] == ["iris", "late"]
    assert {f.code for f in back.findings} == {"KM301"}


def test_a_foreign_edit_of_the_runtime_is_kept() -> None:
    found = world(model("iris"))
    made = plan(found, f"sklearn={OTHER}")
    after = applied(found, made)
    foreign = apply_edits([Edit(IMAGE, OTHER, "somebody:1")], after.originals[RUNTIME])
    after = replace(after, originals={**after.originals, RUNTIME: foreign})
    back = plan_rollback(made, after, live(after))
    assert not back.to_do
    assert [f.text for f in back.findings if f.code == "KM303"] == [f'{IMAGE} stays "somebody:1"']
    assert [w.operations for w in back.waves] == [
        w.operations for w in made.waves(Direction.ROLLBACK)
    ]


def test_a_server_that_may_not_load_the_models_is_told() -> None:
    services = (model("iris"), model("rows", protocolVersion="v2"))
    made = plan(world(*services), "sklearn=mirror/kserve/sklearnserver:v0.9.0")
    told = [f for f in made.findings if f.code == "KM211"]
    assert told
    assert {ref.name for f in told for ref in f.objects} == {"iris"}
    assert any("3.7" in f.text for f in told)
    assert "KM211" not in codes(plan(world(*services), f"sklearn={OTHER}"))


HELM = {
    "labels": {"app.kubernetes.io/managed-by": "Helm"},
    "annotations": {"meta.helm.sh/release-name": "kserve", "meta.helm.sh/release-namespace": "k"},
}


def test_what_somebody_takes_back_is_not_written_by_surprise() -> None:
    found = world(model("iris"))
    owned = {**SKLEARN, "metadata": {**SKLEARN["metadata"], **HELM}}
    found = replace(found, originals={**found.originals, RUNTIME: owned})
    made = plan(found, f"sklearn={OTHER}")
    [told] = [f for f in made.findings if f.code == "KM106"]
    assert (told.blocks, told.objects) == (True, (RUNTIME,))
    assert "Helm k/kserve" in told.text
    taken = plan(found, f"sklearn={OTHER}", take_ownership=True)
    assert [f.severity for f in taken.findings if f.code == "KM106"] == ["warning"]
    assert not taken.blocking
    assert "KM106" not in codes(plan(found, "sklearn/v2=x:2"))


@pytest.mark.parametrize(("flag", "found"), [("max_restarts", "2"), ("max_namespaces", "1")])
def test_a_plan_beyond_what_is_allowed_is_blocked(flag: str, found: str) -> None:
    both, wanted = world(model("a"), model("b")), f"sklearn={OTHER}"
    made = plan(both, wanted, **{flag: int(found) - 1})
    [told] = [f for f in made.findings if f.code == "KM212"]
    assert told.blocks
    assert told.text.startswith(found)
    assert "KM212" not in codes(plan(both, wanted, **{flag: int(found)}))
