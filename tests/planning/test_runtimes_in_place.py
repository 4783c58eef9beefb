"""A plan that edits ClusterServingRuntimes: which, and who moves."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from migrate.errors import BlockedError, UsageError
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.operations.model import Edit, Patch
from migrate.planning.model.plan import Outlook
from tests.planning.clusters import codes, lot, service
from tests.planning.runtimes import (
    IMAGE,
    OTHER,
    RUNTIME,
    SKLEARN,
    STOCK,
    model,
    plan,
    world,
)


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


def test_a_format_that_nobody_serves_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean xgboost"):
        plan(world(), "xgbost=x:1")


def test_a_known_format_that_nobody_serves_is_the_clusters_state() -> None:
    with pytest.raises(BlockedError, match="none serves it"):
        plan(world(), "paddle=x:1")


def test_a_runtime_without_containers_cannot_be_edited() -> None:
    found = world()
    bare = {**SKLEARN, "spec": {**SKLEARN["spec"], "containers": []}}
    found = replace(found, runtimes=Runtimes([msgspec.convert(bare, Runtime)]))
    with pytest.raises(BlockedError, match="has no containers"):
        plan(found, "runtime/kserve-sklearnserver=x:1")


def test_an_image_that_is_there_already_is_nothing_to_do() -> None:
    assert not plan(world(model("iris")), f"sklearn={STOCK}").has_work


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
