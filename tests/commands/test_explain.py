"""kmigrate explain, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.commands.snapshots import BEFORE, SET, check, run

COPIES = str(Path(__file__).parents[2] / "fixtures" / "copies")


def test_tells_what_runs_what_would_run_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, error = run(capsys, "explain", "fraud/iris", "--snapshot", COPIES)
    assert (code, error) == (0, "")
    now, _, rest = out.partition("After the next reconcile:")
    assert "kserve/sklearnserver:v0.15.2" in now
    told, _, why = rest.partition("Why")
    assert "registry.example.com/ml/sklearnserver:v0.15.2-py311" in told
    assert "runtime:   ServingRuntime fraud/kserve-sklearnserver" in told
    assert "from the runtime" in told
    assert "It differs from what runs now in: image, args, env" in told
    assert "auto-selected: the only one of the namespace that fits" in " ".join(why.split())
    assert "it does not serve protocol v1" in why
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_no_form_shows_a_credential(capsys: pytest.CaptureFixture[str], form: str) -> None:
    _, out, _ = run(capsys, "explain", "fraud/iris", "--snapshot", COPIES, "-o", form)
    assert "REGISTRY_TOKEN" in out
    assert "s3cr3t" not in out


def test_json_and_yaml_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("explain", "fraud/churn", "--snapshot", COPIES, "-o")
    as_json = json.loads(run(capsys, *arguments, "json")[1])
    assert as_json == yaml.safe_load(run(capsys, *arguments, "yaml")[1])
    assert as_json["kind"] == "Explanation"
    assert as_json["next"]["container"]["image"] == "kserve/xgbserver:v0.7.0"
    assert as_json["contenders"][0]["lost"] == ""
    assert as_json["changes"] == []


def test_shows_the_service_after_a_plan_and_after_its_rollback(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    plan = str(tmp_path / "plan.json")
    run(capsys, "plan", *SET, "--repin", "--snapshot", str(BEFORE), "--out", plan)
    arguments = ("explain", "fraud/iris", "--snapshot", str(BEFORE), "--with", plan, "-o", "json")
    told = json.loads(run(capsys, *arguments)[1])
    images = [told[key]["container"]["image"] for key in ("next", "afterPlan", "afterRollback")]
    wanted = SET[1].partition("=")[2]
    assert images == ["kserve/sklearnserver:v0.7.0", wanted, "kserve/sklearnserver:v0.7.0"]


@pytest.mark.parametrize("text", ["iris", "fraud/", "/iris", "a/b/c", ""])
def test_refuses_what_names_no_service(capsys: pytest.CaptureFixture[str], text: str) -> None:
    check(capsys, 64, ("NAMESPACE/NAME",), "explain", text, "--snapshot", COPIES)


def test_says_that_there_is_no_such_service(capsys: pytest.CaptureFixture[str]) -> None:
    check(capsys, 7, ("fraud/none",), "explain", "fraud/none", "--snapshot", COPIES)
