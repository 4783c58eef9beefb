"""kmigrate status of checkpoints: the list, what one holds, what differs since."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.commands.checkpoints import read
from migrate.errors import Exit
from migrate.execute import checkpoints
from migrate.objects import Manifest, ObjectRef
from tests.commands.reconciling import reconcile
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.execute.checkpoints import checkpoint, stored, write
from tests.planning.copies import SKLEARN

CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
RUNTIME = ObjectRef("serving.kserve.io/v1alpha1", "ClusterServingRuntime", SKLEARN)
IRIS = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "iris", "team")
MANAGER = ObjectRef("apps/v1", "Deployment", "kserve-controller-manager", "kserve")


@pytest.fixture
def verbs(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verbs:
    """A cluster of 0.15.2 of which a checkpoint was made."""
    monkeypatch.chdir(tmp_path)
    made = make("0.15.2")
    assert made("checkpoint", "before", "--out", "c.gz")[0] == Exit.OK
    return made


def found(verbs: Verbs, *arguments: str) -> Any:
    code, out, said = verbs("status", *arguments, "-o", "json")
    assert code == Exit.OK, said
    return json.loads(out)["checkpoint"]


def since(verbs: Verbs) -> dict[str, Any]:
    """Only what differs."""
    told = found(verbs, "before")["found"]["since"]
    return {key: value for key, value in told.items() if value}


def image(name: str) -> Manifest:
    return {"spec": {"containers": [{"name": "kserve-container", "image": name}]}}


def delete(verbs: Verbs, ref: ObjectRef) -> None:
    meta = verbs.cluster.patch(ref, {"metadata": {"finalizers": None}})["metadata"]
    verbs.cluster.delete(ref, uid=meta["uid"], resource_version=meta["resourceVersion"])


def test_checkpoints_are_listed_with_runs(verbs: Verbs) -> None:
    write(verbs.cluster, checkpoint("older"))
    code, out, said = verbs("status")
    assert (code, said) == (Exit.OK, "")
    lines = out.splitlines()
    assert "checkpoint older  KServe 0.9.0  3 services  2026-11-23T22:17:04Z" in lines
    assert sum(line.startswith("checkpoint before  KServe 0.15.2  4 services") for line in lines)
    assert lines[-2:] == ["no run is recorded", "next: kmigrate status before"]
    _, out, _ = verbs("status", "-o", "json")
    rows = {row["name"]: row for row in json.loads(out)["checkpoints"]}
    assert rows["older"]["services"] == 3
    assert rows["older"]["unresolved"] == 2
    assert rows["before"]["release"] == "0.15.2"


def test_one_that_is_damaged_keeps_from_no_list(verbs: Verbs) -> None:
    head = checkpoints.ref_of_head("kserve", "before")
    verbs.cluster.patch(head, {"data": None})
    code, out, _ = verbs("status")
    assert code == Exit.OK
    assert "checkpoint before ConfigMap kmigrate-checkpoint-before-0: expected its" in out
    code, out, said = verbs("status", "before")
    assert (code, out) == (Exit.BLOCKED, "")
    assert "it is damaged" in said


def test_what_it_holds(verbs: Verbs) -> None:
    code, out, said = verbs("status", "before")
    assert (code, said) == (Exit.OK, "")
    assert out.startswith("checkpoint before\n  of KServe 0.15.2, made 20")
    for words in (
        "  4 InferenceServices, 11 runtimes, the global configuration",
        "  cluster uid u",
        "    runtime/kserve-sklearnserver: ",
        "  nothing differs from it",
        "next: kmigrate check --target RELEASE",
        "  kubectl delete configmap -n kserve \\\n    -l kmigrate.dev/checkpoint=before",
    ):
        assert words in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_the_command_that_deletes_it_takes_all_of_it(verbs: Verbs) -> None:
    write(verbs.cluster, checkpoint("other"))
    label = "kmigrate.dev/checkpoint=before"
    assert label in verbs("status", "before")[1]
    for one in list(
        verbs.cluster.list("v1", "ConfigMap", dict, namespace="kserve", selector=label)
    ):
        delete(verbs, ObjectRef("v1", "ConfigMap", one["metadata"]["name"], "kserve"))
    left = {one["metadata"]["name"] for one in verbs.cluster.list("v1", "ConfigMap", dict)}
    assert not [name for name in left if "before" in name]
    assert stored(verbs.cluster, "kserve", "other") == checkpoint("other")


def test_a_configuration_that_changed(verbs: Verbs) -> None:
    verbs.cluster.patch(CONFIG, {"data": {"predictors": "{} ", "new": "x", "deploy": None}})
    assert since(verbs) == {"config": ["deploy", "new", "predictors"]}
    _, out, _ = verbs("status", "before")
    assert "the configuration differs in deploy, new, predictors" in out
    assert "next: kmigrate rollback before    takes the configuration back" in out


def test_services_that_run_another_image(verbs: Verbs) -> None:
    before = {one.service: one.image for one in read(verbs.cluster, "kserve", "before").meanings}
    verbs.cluster.patch(RUNTIME, image("r/new:1"))
    reconcile(verbs.cluster, "iris")
    told = since(verbs)
    assert told == {
        "runtimesChanged": [str(RUNTIME)],
        "moved": [{"service": str(IRIS), "then": before[IRIS], "now": "r/new:1"}],
    }
    _, out, _ = verbs("status", "before")
    assert f"    team/iris\n      then {before[IRIS]}\n      now  r/new:1\n" in out


def test_who_came_and_who_went(verbs: Verbs) -> None:
    new = {**verbs.cluster.get(IRIS), "metadata": {"name": "late", "namespace": "team"}}
    verbs.cluster.create(new)
    delete(verbs, IRIS)
    own = {**verbs.cluster.get(RUNTIME), "metadata": {"name": "own", "namespace": "team"}}
    verbs.cluster.create({**own, "kind": "ServingRuntime"})
    delete(verbs, RUNTIME)
    told = since(verbs)
    assert told["gone"] == [str(IRIS)]
    assert told["new"] == ["InferenceService team/late"]
    assert told["runtimesGone"] == [str(RUNTIME)]
    assert told["runtimesNew"] == ["ServingRuntime team/own"]
    assert "moved" not in told


def test_runtimes_that_came_are_nothing_to_take_back(verbs: Verbs) -> None:
    """So it is once what has to come before the upgrade is done."""
    own = {**verbs.cluster.get(RUNTIME), "metadata": {"name": "own", "namespace": "team"}}
    verbs.cluster.create({**own, "kind": "ServingRuntime"})
    out = verbs("status", "before")[1]
    assert "runtimes new: 1: ServingRuntime team/own" in out
    assert "next: kmigrate check --target RELEASE" in out


def test_what_kubectl_notes_for_itself_is_no_change(verbs: Verbs) -> None:
    note = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    verbs.cluster.patch(RUNTIME, {"metadata": {"annotations": note}})
    assert since(verbs) == {}
    verbs.cluster.patch(RUNTIME, {"metadata": {"annotations": {"a": "b"}}})
    assert since(verbs) == {"runtimesChanged": [str(RUNTIME)]}


def test_another_release_now(verbs: Verbs) -> None:
    manager = {"name": "manager", "image": "kserve/kserve-controller:v0.16.0"}
    template = {"spec": {"template": {"spec": {"containers": [manager]}}}}
    verbs.cluster.patch(MANAGER, template)
    _, out, _ = verbs("status", "before")
    assert "  KServe 0.16.0 runs now\n" in out
    assert "next: kmigrate plan --from-checkpoint before    tells what was lost\n" in out


def test_another_cluster(verbs: Verbs) -> None:
    meta = {"name": "kube-system", "uid": "u"}
    delete(verbs, ObjectRef("v1", "Namespace", "kube-system"))
    verbs.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    code, out, _ = verbs("status", "before")
    assert code == Exit.OK
    assert "is of another cluster, uid u; this is" in out
    assert "next: kmigrate status    lists the checkpoints of this cluster" in out


def test_a_configuration_that_has_gone(verbs: Verbs) -> None:
    delete(verbs, CONFIG)
    code, out, _ = verbs("status", "before")
    assert code == Exit.OK
    assert "expected KServe's configuration, found no such object" in " ".join(out.split())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("befor", "no run or checkpoint befor; did you mean before?; recorded: none;"),
        ("20261123-000000-0000", "no run or checkpoint 20261123-000000-0000; recorded: none;"),
    ],
)
def test_a_name_that_is_neither(verbs: Verbs, name: str, words: str) -> None:
    code, out, said = verbs("status", name)
    assert (code, out) == (Exit.USAGE, "")
    flat = " ".join(said.split())
    assert words in flat
    assert "checkpoints: before" in flat
