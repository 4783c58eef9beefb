"""Edits by somebody else at three moments of an apply: what matters is refused, with the diff."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.snapshot import load
from migrate.execute import record
from migrate.kserve import terms
from migrate.objects import ObjectRef
from tests.commands.meddling import Beside, Edit, Moment, merged, there_and_back

FIXTURES = Path(__file__).parents[2] / "fixtures"
CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
IRIS = ObjectRef(terms.SERVING_VERSION, "InferenceService", "iris", "fraud")
CHURN = ObjectRef(terms.SERVING_VERSION, "InferenceService", "churn", "fraud")
RUNTIME = ObjectRef(terms.RUNTIME_VERSION, "ClusterServingRuntime", "kserve-xgbserver")
EARLY = (Moment.BETWEEN_PLAN_AND_APPLY, Moment.AT_THE_PROMPT)


def predictors(before: str, after: str) -> Edit:
    def edit(cluster: MemoryCluster) -> None:
        text = cluster.get(CONFIG)["data"]["predictors"]
        assert before in text
        cluster.patch(CONFIG, {"data": {"predictors": text.replace(before, after)}})

    return edit


def runtime(**changes: Any) -> Edit:
    def edit(cluster: MemoryCluster) -> None:
        containers = copy.deepcopy(cluster.get(RUNTIME)["spec"]["containers"])
        containers[0].update(changes)
        cluster.patch(RUNTIME, {"spec": {"containers": containers}})

    return edit


def created(like: ObjectRef, kind: str, name: str, **spec: Any) -> Edit:
    """An edit that creates an object in namespace fraud, like another but for its spec."""

    def edit(cluster: MemoryCluster) -> None:
        twin = cluster.get(like)
        meta = {"name": name, "namespace": "fraud"}
        spec_ = {**twin["spec"], **spec}
        version = {"apiVersion": twin["apiVersion"], "kind": kind}
        cluster.create({**version, "metadata": meta, "spec": spec_})

    return edit


def deleted(ref: ObjectRef) -> Edit:
    def edit(cluster: MemoryCluster) -> None:
        meta = cluster.get(ref)["metadata"]
        cluster.patch(ref, {"metadata": {"finalizers": None}})
        version = cluster.get(ref)["metadata"]["resourceVersion"]
        cluster.delete(ref, uid=meta["uid"], resource_version=version)

    return edit


def beside(monkeypatch: pytest.MonkeyPatch, world: str) -> tuple[Beside, tuple[str, ...]]:
    if world == "predictors":
        base = load(FIXTURES / "demo" / "before")
        return Beside(monkeypatch, base, CONFIG), ("--set", "sklearn=r/sk:v0.7.0")
    base = load(FIXTURES / "copies")
    wanted = ("--set", "runtime/kserve-xgbserver=r/xgb:v0.15.2")
    return Beside(monkeypatch, base, RUNTIME), wanted


NOTE = {"annotations": {"note": "x"}}
ELSEWHERE = {
    "predictors": {
        "changed and changed back": there_and_back(CONFIG, predictors("lgbserver", "other")),
        "our leaf, changed and changed back": there_and_back(
            CONFIG, predictors("kserve/sklearnserver", "other")
        ),
        "another key": merged(CONFIG, data={"ingress": "{}"}),
        "an annotation": merged(CONFIG, metadata=NOTE),
        "an annotation of a service": merged(IRIS, metadata=NOTE),
        "a service of another format": created(
            ObjectRef(terms.SERVING_VERSION, "InferenceService", "prices", "fraud"),
            "InferenceService",
            "aside",
        ),
    },
    "runtimes": {
        "changed and changed back": there_and_back(RUNTIME, runtime(args=["--other"])),
        "our field, changed and changed back": there_and_back(RUNTIME, runtime(image="other")),
        "an annotation": merged(RUNTIME, metadata=NOTE),
        "the ConfigMap": merged(CONFIG, data={"explainers": "{}"}),
    },
}


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize(
    ("world", "edit"), [(world, edit) for world, edits in ELSEWHERE.items() for edit in edits]
)
def test_what_does_not_matter_is_not_in_the_way(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, world: str, edit: str, moment: Moment
) -> None:
    ours, wanted = beside(monkeypatch, world)
    code = ours.apply(tmp_path / "plan.json", wanted, moment, ELSEWHERE[world][edit])
    assert code == 0
    live = str(ours.cluster.get(ours.target))
    assert ("r/sk" if world == "predictors" else "r/xgb:v0.15.2") in live


OURS = {
    "predictors": {
        "our leaf": (
            predictors("kserve/sklearnserver", "theirs/sk"),
            ("/data/predictors", "kserve/sklearnserver", "theirs/sk", "(planned from)", "(found)"),
        ),
        "another leaf": (
            predictors("kserve/lgbserver", "theirs/lgb"),
            ("/lightgbm/image", "kserve/lgbserver", "theirs/lgb", "everybody follows"),
        ),
        "no JSON": (predictors("{", "["), ("/data/predictors", "(planned from)")),
    },
    "runtimes": {
        "our field": (
            runtime(image="theirs/xgb:v2"),
            ("/image", "kserve/xgbserver:v0.15.2", "theirs/xgb:v2", "(planned from)", "(found)"),
        ),
        "another field": (
            runtime(workingDir="/other"),
            ("/spec /containers/0/workingDir", '"/other"', "the whole of it decides"),
        ),
        "the arguments": (runtime(args=["--x"]), ("/spec /containers/0/args/0", "(not shown")),
    },
}


COMING = {
    "predictors": {
        "a service": (created(IRIS, "InferenceService", "late"), ("fraud/late", "came since")),
        "a pin": (
            merged(IRIS, spec={"predictor": {"sklearn": {"runtimeVersion": "v9"}}}),
            ("fraud/iris", "r/sk:v0.7.0", ":v9", "/spec/predictor"),
        ),
    },
    "runtimes": {
        "a service": (created(CHURN, "InferenceService", "late"), ("fraud/late", "came since")),
        "a namespaced runtime": (
            created(RUNTIME, "ServingRuntime", "kserve-xgbserver"),
            ("fraud/churn", "ServingRuntime fraud/kserve-xgbserver", "not get the image"),
        ),
        "the runtime": (deleted(RUNTIME), ("kserve-xgbserver", "/spec", "(none)    (found)")),
    },
}


@pytest.mark.parametrize(
    ("told", "world", "edit", "moment"),
    [
        (told, world, edit, moment)
        for told, moments in ((OURS, tuple(Moment)), (COMING, EARLY))
        for world, edits in told.items()
        for edit in edits
        for moment in moments
    ],
)
def test_what_matters_is_refused_with_the_difference(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    told: Any,
    world: str,
    edit: str,
    moment: Moment,
) -> None:
    """What comes or goes between read and write of another object cannot be told."""
    ours, wanted = beside(monkeypatch, world)
    change, words = told[world][edit]
    assert ours.apply(tmp_path / "plan.json", wanted, moment, change) == 5
    refuses(ours, capsys, words)


def refuses(ours: Beside, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    """Nothing of ours is there, no run is left to go on with, and the words were said."""
    error = capsys.readouterr().err.rpartition("error: ")[2]
    for word in ("has changed since the plan was made", "next: ", *words):
        assert word in error, error
    assert "r/sk" not in str(ours.cluster.get(CONFIG))
    assert "r/xgb" not in str(list(ours.cluster.list(*KIND, dict)))
    assert all(run.finished for run in record.runs(ours.cluster, "kserve"))


KIND = (terms.RUNTIME_VERSION, "ClusterServingRuntime")
