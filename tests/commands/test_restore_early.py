"""`kmigrate rollback CHECKPOINT` under 0.7, which reads no runtimes: those that are there stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.cluster import snapshot
from migrate.errors import Exit
from migrate.objects import ObjectRef
from tests.commands.restoring import runtime
from tests.commands.snapshots import BEFORE
from tests.commands.verbs import Verbs
from tests.commands.wording import Make

CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
LEFT = runtime("kserve-xgbserver", "kserve/xgbserver:v0.8.0")


@pytest.fixture
def verbs(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verbs:
    """A cluster of 0.7 with a runtime that an upgrade left which was given up, and a checkpoint."""
    monkeypatch.chdir(tmp_path)
    made = make(found=snapshot.load(BEFORE))
    made.cluster.create(LEFT)
    assert made("checkpoint", "before")[0] == Exit.OK
    return made


def test_where_nothing_differs_there_is_nothing_to_do(verbs: Verbs) -> None:
    code, out, said = verbs("rollback", "before", "--yes", "--timeout", "1")
    assert code == Exit.OK, said
    assert "nothing to roll back" in out


def test_the_configuration_comes_back_and_no_runtime_is_written(verbs: Verbs) -> None:
    former = verbs.cluster.get(CONFIG)["data"]
    verbs.cluster.patch(CONFIG, {"data": {"ingress": "{}", "new": "x"}})
    code, _, said = verbs("rollback", "before", "--yes", "--timeout", "1", "-o", "jsonl")
    assert code in (Exit.OK, Exit.MIXED), said
    assert "create ClusterServingRuntime" not in said
    assert verbs.cluster.get(CONFIG)["data"] == former


def test_who_does_not_get_its_image_back_is_not_sent_to_runtimes(verbs: Verbs) -> None:
    """Somebody named another image in the service since; 0.7 has no runtimes to give one."""
    churn = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "churn", "pricing")
    spec = verbs.cluster.get(churn)["spec"]
    spec["predictor"]["sklearn"]["image"] = "registry.example.com/own:1"
    verbs.cluster.patch(churn, {"spec": spec})
    verbs.cluster.patch(CONFIG, {"data": {"new": "x"}})
    _, _, said = verbs("rollback", "before", "--dry-run=client")
    assert "KM30" in said
    assert "pricing/churn" in said
    assert "--to-runtimes" not in said
    assert "kmigrate explain NAMESPACE/NAME" in said
