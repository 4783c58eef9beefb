"""`kmigrate rollback CHECKPOINT` on a cluster in memory, as a person calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.commands.checkpoints import read, write
from migrate.errors import Exit, RefusedError
from migrate.execute import record
from migrate.objects import Manifest, ObjectRef
from tests.commands.admitting import IRIS, forms, two
from tests.commands.moving import everything
from tests.commands.reconciling import reconcile
from tests.commands.restoring import (
    CONFIG,
    COPY,
    NEWER,
    TREES,
    XGB,
    a_cluster,
    before,
    data,
    gone,
    runtime,
    service,
    specs,
    upgrade_taken_back,
)
from tests.commands.upgrading import upgrade as move_on
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.planning.converting import upgraded

STOCK = upgraded("0.9.0").config["data"]["predictors"]
CONTROLLER = ObjectRef("apps/v1", "Deployment", "kserve-controller-manager", "kserve")


@pytest.fixture
def verbs(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verbs:
    """A checkpoint was made, then came the upgrade and its way back."""
    monkeypatch.chdir(tmp_path)
    made = make(found=a_cluster())
    code, _, error = made("checkpoint", "before")
    assert code == Exit.OK, error
    upgrade_taken_back(made.cluster)
    return made


def without_workloads(verbs: Verbs) -> dict[str, Any]:
    """All objects but the Deployments, without what the server gives to what is made again."""
    found = {}
    for name, text in everything(verbs.cluster).items():
        whole = json.loads(text)
        for key in ("uid", "creationTimestamp"):
            whole["metadata"].pop(key, None)
        found[name] = whole
    return {name: whole for name, whole in found.items() if "Deployment" not in name}


def test_all_comes_back_and_goes_again(verbs: Verbs) -> None:
    disturbed = data(verbs.cluster), without_workloads(verbs)
    code, out, error = verbs("rollback", "before", "--yes")
    assert code == Exit.OK, error
    assert (data(verbs.cluster), specs(verbs.cluster)) == before()
    assert "all 4 keys of its data byte for byte as at the checkpoint" in out
    assert "after the rollback, at the checkpoint:" in error
    assert "3 of 3 InferenceServices restart" in error
    assert "kmigrate" not in str(specs(verbs.cluster))
    reconcile(verbs.cluster)
    code, out, error = verbs("status")
    assert code == Exit.OK, error
    assert "rollback to checkpoint before" in out
    assert "sklearnserver:v0.7.0, as planned" in out
    code, out, error = verbs("rollback", "before", "--yes")
    assert (code, "nothing to roll back" in out) == (Exit.OK, True), error
    assert len(record.runs(verbs.cluster, "kserve")) == 1
    code, out, error = verbs("rollback", "--yes")
    assert code == Exit.OK, error
    assert (data(verbs.cluster), without_workloads(verbs)) == disturbed


def test_what_is_made_again_bears_no_mark(verbs: Verbs) -> None:
    """A runtime that others had made is theirs; it is not ours because we make it again."""
    assert verbs("rollback", "before", "--yes")[0] == Exit.OK
    for one in verbs.cluster.list("serving.kserve.io/v1alpha1", "ClusterServingRuntime", dict):
        assert "labels" not in one["metadata"], one


def test_a_file_does_as_well(verbs: Verbs, tmp_path: Path) -> None:
    file = tmp_path / "kmigrate-checkpoint-before.json.gz"
    code, _, error = verbs("rollback", str(file), "--yes")
    assert code == Exit.OK, error
    assert (data(verbs.cluster), specs(verbs.cluster)) == before()
    code, _, error = verbs("rollback", str(file), "--kserve-namespace", "other")
    assert (code, "--kserve-namespace kserve" in error) == (Exit.USAGE, True)


@pytest.mark.parametrize("how", ["client", "server"])
def test_a_dry_run_writes_nothing(verbs: Verbs, how: str) -> None:
    disturbed = everything(verbs.cluster), data(verbs.cluster)
    code, out, error = verbs("rollback", "before", f"--dry-run={how}")
    assert code == Exit.OK, error
    assert "kserve-xgbserver: as at the checkpoint" in out
    assert "next: kmigrate rollback before" in error
    assert (everything(verbs.cluster), data(verbs.cluster)) == disturbed
    assert not record.runs(verbs.cluster, "kserve")


def test_it_is_told_to_programs(verbs: Verbs) -> None:
    code, out, error = verbs("rollback", "before", "--yes", "-o", "json")
    assert code == Exit.OK, error
    told = json.loads(out)
    assert (told["kind"], told["direction"], told["whole"]) == ("RunResult", "apply", True)
    assert f"ConfigMap {CONFIG.namespace}/{CONFIG.name}" in {r["subject"] for r in told["results"]}


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("before", "-n", "team"), "--namespace: only with a RUN"),
        (("before", "--force-field", "*"), "--force-field: only with a RUN"),
        (("--keep-runtimes",), "--keep-runtimes: only with a CHECKPOINT"),
        (("--take-ownership",), "--take-ownership: only with a CHECKPOINT"),
        (("befor",), "no run or checkpoint befor; did you mean before"),
    ],
)
def test_flags_that_mean_nothing_are_refused(
    verbs: Verbs, flags: tuple[str, ...], words: str
) -> None:
    code, _, error = verbs("rollback", *flags, "--yes")
    assert code == Exit.USAGE
    assert words in error


def test_another_release_is_refused_with_the_right_command(verbs: Verbs) -> None:
    _controller(verbs, image="kserve/kserve-controller:v0.10.2")
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.BLOCKED
    assert "made under KServe 0.9.0; 0.10.2 runs now" in error
    assert "kmigrate plan --from-checkpoint before" in error


def test_a_patch_release_does_the_same(verbs: Verbs) -> None:
    _controller(verbs, image="kserve/kserve-controller:v0.9.1")
    assert verbs("rollback", "before", "--yes")[0] == Exit.OK
    assert data(verbs.cluster) == before()[0]


def _controller(verbs: Verbs, image: str) -> None:
    spec = verbs.cluster.get(CONTROLLER)["spec"]
    spec["template"]["spec"]["containers"][0]["image"] = image
    verbs.cluster.patch(CONTROLLER, {"spec": spec})


def test_another_cluster_is_refused(verbs: Verbs) -> None:
    known = read(verbs.cluster, "kserve", "before")
    write(verbs.cluster, msgspec.structs.replace(known, name="foreign", cluster_uid="other"))
    code, _, error = verbs("rollback", "foreign", "--yes")
    assert code == Exit.STALE
    assert "is of another cluster, uid other" in error


@pytest.mark.parametrize("tag", ["v0.9.0", "v0.10.2"])
def test_two_controllers_are_refused(verbs: Verbs, tag: str) -> None:
    twin = verbs.cluster.get(CONTROLLER)
    twin["spec"]["template"]["spec"]["containers"][0]["image"] = f"kserve/kserve-controller:{tag}"
    meta = {"name": CONTROLLER.name, "namespace": "kserve"}
    verbs.cluster.create({**twin, "kind": "StatefulSet", "metadata": meta})
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.BLOCKED
    said = " ".join(error.split())
    assert "Deployment kserve/kserve-controller-manager" in said
    assert "StatefulSet kserve/kserve-controller-manager" in said
    assert "scale the one that is left over to 0" in said
    assert data(verbs.cluster) != before()[0]


def test_an_owner_takes_it_back(verbs: Verbs) -> None:
    helm = {"meta.helm.sh/release-name": "kserve", "meta.helm.sh/release-namespace": "kserve"}
    labels = {"app.kubernetes.io/managed-by": "Helm"}
    verbs.cluster.patch(CONFIG, {"metadata": {"annotations": helm, "labels": labels}})
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.BLOCKED
    assert "KM106" in error
    code, _, error = verbs("rollback", "before", "--yes", "--take-ownership")
    assert code == Exit.OK, error
    assert data(verbs.cluster) == before()[0]


def test_an_unfinished_run_comes_first(verbs: Verbs) -> None:
    code, _, error = verbs("apply", "--yes", "--set", "sklearn=x/sklearn:v0.7.0")
    assert code == Exit.OK, error
    run = record.runs(verbs.cluster, "kserve")[-1]
    head = record.ref_of_head(run)
    lines = verbs.cluster.get(head)["data"]["journal"].splitlines(keepends=True)
    verbs.cluster.patch(head, {"data": {"journal": "".join(lines[:-1])}})
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.BLOCKED
    assert f"run {run.head.id} is unfinished" in error
    assert "kmigrate rollback" in error
    assert verbs("rollback", "--yes")[0] == Exit.OK
    assert verbs("rollback", "before", "--yes")[0] == Exit.OK
    assert data(verbs.cluster) == before()[0]


def test_a_configuration_that_cannot_be_read_comes_back(verbs: Verbs) -> None:
    verbs.cluster.patch(CONFIG, {"data": {"predictors": "{"}})
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.OK, error
    assert "KM111" in error
    assert data(verbs.cluster) == before()[0]


def test_what_others_made_anew_stays_where_the_rollback_is_taken_back(verbs: Verbs) -> None:
    assert verbs("rollback", "before", "--yes")[0] == Exit.OK
    verbs.cluster.create(runtime(NEWER, "x/another:1"))
    code, _, error = verbs("rollback", "--yes")
    assert code == Exit.MIXED, error
    assert "deleted by the run, and made anew by others since" in " ".join(error.split())
    spec = specs(verbs.cluster)[f"ClusterServingRuntime None/{NEWER}"]
    assert spec["containers"][0]["image"] == "x/another:1"


class Jealous(MemoryCluster):
    """Its webhook takes no runtime while that of the newer release is there, as KServe's since 0.11
    where both have one priority for a format."""

    def would_create(self, manifest: Manifest) -> Manifest | None:
        self._refuse(manifest)
        return None

    def create(self, manifest: Manifest) -> Manifest:
        self._refuse(manifest)
        return super().create(manifest)

    def _refuse(self, manifest: Manifest) -> None:
        kind, name = manifest["kind"], manifest.get("metadata", {}).get("name")
        listed = self.list("serving.kserve.io/v1alpha1", "ClusterServingRuntime", dict)
        there = {one["metadata"]["name"] for one in listed}
        if kind == "ClusterServingRuntime" and name != NEWER and NEWER in there:
            raise RefusedError("the priority of the model format is the same")


def test_what_is_in_the_way_of_a_runtime_goes_before_it(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    objects = [
        one
        for kind in KINDS
        for one in a_cluster().list(*kind, dict)  # as it was installed
    ]
    verbs = make(found=Jealous(objects))
    assert verbs("checkpoint", "before")[0] == Exit.OK
    upgrade_taken_back(verbs.cluster)
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.OK, error
    assert specs(verbs.cluster) == before()[1]


KINDS = (
    ("v1", "Namespace"),
    ("v1", "ConfigMap"),
    ("apps/v1", "Deployment"),
    ("serving.kserve.io/v1alpha1", "ClusterServingRuntime"),
    ("serving.kserve.io/v1beta1", "InferenceService"),
)


def _moved(verbs: Verbs) -> None:
    """A run moves the override into namespaces, between checkpoint and rollback."""
    code, _, error = verbs("apply", "--to-runtimes", "--set", "xgboost=x/xgb:1", "--yes")
    assert code == Exit.OK, error
    assert COPY in _copies(verbs)


def _copies(verbs: Verbs) -> set[ObjectRef]:
    kind = "ServingRuntime"
    found = verbs.cluster.list("serving.kserve.io/v1alpha1", kind, dict)
    pairs = ((one["metadata"]["name"], one["metadata"]["namespace"]) for one in found)
    return {ObjectRef("serving.kserve.io/v1alpha1", kind, *pair) for pair in pairs}


def test_copies_made_since_go(verbs: Verbs) -> None:
    _moved(verbs)
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.OK, error
    assert (data(verbs.cluster), specs(verbs.cluster)) == before()
    reconcile(verbs.cluster)
    runs = record.runs(verbs.cluster, "kserve")
    code, _, error = verbs("rollback", runs[0].head.id, "--yes")
    assert (code, runs[1].head.id in error) == (Exit.BLOCKED, True)
    assert verbs("rollback", "--yes")[0] == Exit.OK
    assert COPY in _copies(verbs)


def test_copies_stay_where_that_is_asked(verbs: Verbs) -> None:
    _moved(verbs)
    code, _, error = verbs("rollback", "before", "--yes", "--keep-runtimes")
    assert code == Exit.OK, error
    said = " ".join(error.split())
    assert "as asked by --keep-runtimes" in said
    assert "ran registry.example.com/ml/xgbserver:ours at the checkpoint, will run x/xgb:1" in said
    assert COPY in _copies(verbs)
    assert data(verbs.cluster) == before()[0]


def test_copies_stay_that_converted_services_need(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    verbs = make(found=two())
    assert verbs("checkpoint", "before")[0] == Exit.OK
    former = verbs.cluster.get(CONFIG)["data"]
    code, _, error = verbs("apply", "--to-runtimes", "--convert", "--yes")
    assert code == Exit.OK, error
    assert forms(verbs.cluster) == {"iris": "model", "far": "model"}
    verbs.cluster.patch(CONFIG, {"data": {"predictors": STOCK}})
    reconcile(verbs.cluster)
    copies = _copies(verbs)
    assert len(copies) == 2
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.OK, error
    said = " ".join(error.split())
    assert "KM304: converted since the checkpoint" in said
    assert "KM307: ServingRuntime team/kserve-sklearnserver came since the checkpoint" in said
    assert "KM302" not in said
    assert (_copies(verbs), verbs.cluster.get(CONFIG)["data"]) == (copies, former)


def test_who_was_converted_by_a_write_is_told_with_the_remedy(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    verbs = make(found=two())
    assert verbs("checkpoint", "before")[0] == Exit.OK
    verbs.cluster.patch(IRIS, {})
    verbs.cluster.patch(CONFIG, {"data": {"predictors": STOCK}})
    reconcile(verbs.cluster)
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.OK, error
    said = " ".join(error.split())
    assert "KM304: converted since the checkpoint" in said
    then = "registry.example.com/ml/sklearnserver:v0.7.0"
    assert f"ran {then} at the checkpoint, will run kserve/sklearnserver:v0.7.0" in said
    assert "fix: kmigrate plan --from-checkpoint before --to-runtimes gives it back" in said


def test_it_asks_before_it_writes(verbs: Verbs) -> None:
    disturbed = data(verbs.cluster)
    code, _, error = verbs("rollback", "before")
    assert (code, "there is no terminal to ask on" in error) == (Exit.USAGE, True)
    assert data(verbs.cluster) == disturbed


def test_what_others_changed_is_told_and_left(verbs: Verbs) -> None:
    found = verbs.cluster
    found.create(runtime("mine", "x/mine:1", "team"))
    found.create(runtime("own", "x/own:1"))
    found.create(service("late", "xgboost"))
    gone(found, TREES)
    code, _, error = verbs("rollback", "before", "--yes")
    said = " ".join(error.split())
    assert code == Exit.OK, error
    assert "KM301: created since the checkpoint" in said
    assert "KM309: gone since the checkpoint: services are not made again" in said
    assert "KM308: ServingRuntime team/mine: made by others since the checkpoint" in said
    assert "KM307: came since the checkpoint, and no release of KServe ships it" in said
    assert {"ServingRuntime team/mine", "ClusterServingRuntime None/own"} < specs(found).keys()


def test_who_would_lose_what_he_has_blocks_it(verbs: Verbs) -> None:
    """Somebody gave it the former image since, in another way than then."""
    image = "registry.example.com/ml/xgbserver:ours"
    found = verbs.cluster
    found.patch(TREES, {"spec": {"predictor": {"model": {"image": "x/other:1"}}}})
    spec = {"spec": {"template": {"spec": {"containers": [_container(image)]}}}}
    reconcile(found)
    workload = ObjectRef("apps/v1", "Deployment", "trees-predictor-default", "team")
    found.patch(_workload(verbs, "trees") or workload, spec)
    code, _, error = verbs("rollback", "before", "--yes")
    assert (code, "KM306" in error) == (Exit.BLOCKED, True), error
    assert data(found) != before()[0]
    code, _, error = verbs("rollback", "before", "--yes", "--accept", "KM306=team/trees")
    assert code == Exit.OK, error
    assert data(found) == before()[0]


def _container(image: str) -> dict[str, str]:
    return {"name": "kserve-container", "image": image}


def _workload(verbs: Verbs, name: str) -> ObjectRef | None:
    kinds = (("serving.knative.dev/v1", "Service"), ("apps/v1", "Deployment"))
    for version, kind in kinds:
        for one in verbs.cluster.list(version, kind, dict):
            meta = one["metadata"]
            if meta["name"].startswith(f"{name}-predictor"):
                return ObjectRef(version, kind, meta["name"], meta["namespace"])
    return None


def test_stopped_it_goes_on_by_either_command(verbs: Verbs) -> None:
    assert verbs("rollback", "before", "--yes")[0] == Exit.OK
    run = record.runs(verbs.cluster, "kserve")[-1]
    head = record.ref_of_head(run)
    lines = verbs.cluster.get(head)["data"]["journal"].splitlines(keepends=True)
    for command in (("rollback", "before"), ("apply",)):
        verbs.cluster.patch(head, {"data": {"journal": lines[0]}})
        verbs.cluster.patch(XGB, {"spec": {"disabled": None}})
        code, out, error = verbs(*command, "--yes")
        assert code == Exit.OK, error
        assert f"run {run.head.id} is unfinished; this goes on with its plan" in error
        assert "byte for byte as at the checkpoint" in out
    assert len(record.runs(verbs.cluster, "kserve")) == 1


@pytest.mark.parametrize("command", [("rollback", "before"), ("apply",)])
def test_stopped_it_does_not_go_on_under_another_release(
    verbs: Verbs, command: tuple[str, ...]
) -> None:
    """What a checkpoint holds is of its release: over another one it would be half of each."""
    assert verbs("rollback", "before", "--yes")[0] == Exit.OK
    head = record.ref_of_head(record.runs(verbs.cluster, "kserve")[-1])
    lines = verbs.cluster.get(head)["data"]["journal"].splitlines(keepends=True)
    verbs.cluster.patch(head, {"data": {"journal": lines[0]}})
    move_on(verbs.cluster, "0.8.0")
    left = everything(verbs.cluster)
    code, _, error = verbs(*command, "--yes")
    assert code == Exit.BLOCKED, error
    told = " ".join(error.split())
    assert "brings back what a checkpoint of KServe 0.9.0 holds, and 0.8.0 runs now" in told
    assert "kmigrate rollback takes back what was done" in told
    assert everything(verbs.cluster) == left
