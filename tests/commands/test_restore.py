"""`kmigrate rollback CHECKPOINT` on a cluster in memory, as a person calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import Exit, RefusedError
from migrate.execute import record
from migrate.objects import Manifest
from tests.commands.moving import everything
from tests.commands.reconciling import reconcile
from tests.commands.restoring import (
    CONFIG,
    NEWER,
    TREES,
    XGB,
    a_cluster,
    after_failed_upgrade,
    before,
    data,
    gone,
    runtime,
    service,
    specs,
    upgrade_taken_back,
)
from tests.commands.verbs import Verbs
from tests.commands.wording import Make

pytestmark = pytest.mark.usefixtures("here")

KINDS = (
    ("v1", "Namespace"),
    ("v1", "ConfigMap"),
    ("apps/v1", "Deployment"),
    ("serving.kserve.io/v1alpha1", "ClusterServingRuntime"),
    ("serving.kserve.io/v1beta1", "InferenceService"),
)


@pytest.fixture
def verbs(make: Make) -> Verbs:
    """A checkpoint was made, then came the upgrade and its way back."""
    return after_failed_upgrade(make)


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
    assert f"all {len(before()[0])} keys of its data byte for byte as at the checkpoint" in out
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


def test_what_is_in_the_way_of_a_runtime_goes_before_it(make: Make) -> None:
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
