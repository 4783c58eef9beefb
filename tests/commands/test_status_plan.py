"""kmigrate status FILE: what the file holds, with a cluster and without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.__main__ import main
from migrate.cluster.memory import MemoryCluster
from migrate.cluster.snapshot import load
from migrate.commands.target import Target
from migrate.errors import UnreachableError
from migrate.objects import ObjectRef
from tests.commands.snapshots import BEFORE, check, edited, released, run, saved
from tests.planning.desired_examples import file_of

COPIES = str(BEFORE.parents[1] / "copies")
CONFIG = "ConfigMap kserve/inferenceservice-config"
RESTART = "! restart StatefulSet kserve/kserve-controller-manager"


def status(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code, out, error = run(capsys, "status", *arguments, "-o", "json")
    assert code == 0, error
    return json.loads(out)["plan"]


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No kubeconfig, and no pod."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("flags", [(), ("--offline",)])
def test_without_a_cluster_it_tells_what_the_file_holds(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, flags: tuple[str, ...]
) -> None:
    file = saved(capsys, tmp_path)
    code, out, error = run(capsys, "status", str(file), *flags)
    assert code == 0
    assert f"    {CONFIG}\n    {RESTART}\n" in out
    assert "sklearn=registry.example.com/ml/sklearnserver:v0.7.0" in out
    assert "KServe 0.7.0" in out
    assert out.endswith(f"next: kmigrate apply {file}\n")
    assert ("no cluster is asked" in error) is not bool(flags)
    found = status(capsys, str(file), *flags)
    assert found["found"] is None
    assert found["digest"] == json.loads(file.read_text())["digest"]
    assert (found["writes"], found["activations"]) == ([CONFIG], [RESTART])


@pytest.mark.usefixtures("nowhere")
def test_a_cluster_that_was_named_must_be_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = saved(capsys, tmp_path)
    check(
        capsys,
        64,
        ("no such kubeconfig",),
        "status",
        str(file),
        "--kubeconfig",
        str(tmp_path / "none"),
    )


def test_a_cluster_that_does_not_answer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(MemoryCluster):
        def get(self, ref: ObjectRef) -> Any:
            raise UnreachableError(f"{ref}: no answer")

    file = saved(capsys, tmp_path)
    monkeypatch.setattr(Target, "open", lambda _: Silent())
    code, out, error = run(capsys, "status", str(file))
    assert (code, CONFIG in out) == (10, True)
    assert "no answer" in error


def test_with_the_cluster_it_was_made_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = saved(capsys, tmp_path)
    _, out, _ = run(capsys, "status", str(file), "--snapshot", str(BEFORE))
    assert f"    pending  {CONFIG}\n" in out
    assert "no run has carried it out" in out
    assert "InferenceService fraud/iris: as before" in out
    assert out.endswith(f"next: kmigrate apply {file}\n")
    found = status(capsys, str(file), "--snapshot", str(BEFORE))["found"]
    assert found["standings"] == {CONFIG: "pending"}
    assert (found["stale"], found["unfit"], found["runs"]) == ([], "", [])


def test_a_stale_plan_and_why(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = saved(capsys, tmp_path)
    folder = str(edited(tmp_path, "predictors", "kserve/lgbserver", "theirs/lgb"))
    _, out, _ = run(capsys, "status", str(file), "--snapshot", folder)
    for word in ("stale", "/lightgbm/image", "theirs/lgb", "everybody follows", "is refused"):
        assert word in out
    (one,) = status(capsys, str(file), "--snapshot", folder)["found"]["stale"]
    assert one["where"] == "/data/predictors /lightgbm/image"
    assert (one["planned"], one["found"]) == ('"kserve/lgbserver"', '"theirs/lgb"')


def test_a_cluster_of_another_release(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = saved(capsys, tmp_path)
    folder = released(tmp_path, "kserve/kserve-controller:v0.9.0")
    found = status(capsys, str(file), "--snapshot", folder)["found"]
    assert "0.9.0" in found["unfit"]
    assert (found["standings"], found["stale"]) == ({}, [])


def test_the_run_that_carried_it_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, cluster = saved(capsys, tmp_path), MemoryCluster(base=load(BEFORE))
    monkeypatch.setattr(Target, "open", lambda *_: cluster)
    assert main(["apply", str(file)]) == 0
    capsys.readouterr()
    found = status(capsys, str(file))["found"]
    assert found["standings"] == {CONFIG: "applied"}
    assert found["stale"] == []
    ((name, state),) = [(one["id"], one["state"]) for one in found["runs"]]
    assert state == "applied"
    _, out, _ = run(capsys, "status", str(file))
    assert out.endswith(f"next: kmigrate rollback {name}    takes it back\n")
    assert main(["rollback", "--yes"]) == 0
    capsys.readouterr()
    _, out, _ = run(capsys, "status", str(file))
    assert f"run {name}  rolled back" in out
    assert out.endswith(f"next: kmigrate apply {file}\n")


def test_a_blocked_plan(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    flags = ("--set", "sklearn=r/s:v9", "--snapshot", str(BEFORE), "--out", str(file))
    assert run(capsys, "plan", *flags)[0] == 7
    _, out, _ = run(capsys, "status", str(file), "--offline")
    assert "blocked by KM201" in out
    assert "next: kmigrate plan" in out


def test_a_plan_of_variables_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = file_of("format: xgboost, env: [{name: TOKEN, value: s3cr3t}], args: [--workers=2]")
    (desired := tmp_path / "desired.yaml").write_text(wish, encoding="utf-8")
    file, cluster = tmp_path / "plan.json", MemoryCluster(base=load(Path(COPIES)))
    made = ("plan", "--snapshot", COPIES, "-f", str(desired), "--out", str(file))
    assert run(capsys, *made)[0] == 0
    monkeypatch.setattr(Target, "open", lambda *_: cluster)
    _, out, _ = run(capsys, "status", str(file))
    assert "xgboost=env:TOKEN args:--workers" in " ".join(out.split())
    assert "restarts 3 InferenceServices" in out
    assert "fraud/churn: its image as before, and as planned" in out
    assert "s3cr3t" not in out


def test_a_plan_that_does_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    flags = ("--set", "sklearn=kserve/sklearnserver:v0.7.0", "--snapshot", str(BEFORE))
    code, _, error = run(capsys, "plan", *flags, "--out", str(file))
    assert (code, error) == (0, f"saved: {file}; there is nothing to apply\n")
    _, out, _ = run(capsys, "status", str(file), "--offline")
    assert "  writes nothing\n" in out
    assert out.endswith("next: kmigrate plan    there is nothing in this one to apply\n")


def test_offline_is_for_files(capsys: pytest.CaptureFixture[str]) -> None:
    check(capsys, 64, ("--offline", "kmigrate status FILE"), "status", "--offline")
    check(capsys, 64, ("No such file",), "status", "lost.json")
