"""`plan --to-runtimes --target`: what is shown, saved, and written for Git; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate.objects import Manifest
from migrate.planning.model.planfile import load
from tests.commands.snapshots import BEFORE, changed, check, run
from tests.commands.test_places import definition, quota

OURS = "registry.example.com/ml/sklearnserver:v0.7.0"
STOCK = "kserve/sklearnserver:v0.7.0"
ASKED = ("plan", "--to-runtimes", "--target", "0.9.0")


@pytest.fixture
def where(tmp_path: Path) -> tuple[str, str]:
    """A cluster of 0.7.0 with an image set for sklearn; nobody was reconciled since."""
    whole = yaml.safe_load((BEFORE / "kserve.yaml").read_text())
    data = next(i["data"] for i in whole["items"] if "predictors" in i.get("data", {}))
    predictors = json.loads(data["predictors"])
    predictors["sklearn"]["v1"]["image"] = OURS.partition(":")[0]
    return ("--snapshot", str(changed(tmp_path, json.dumps(predictors))))


def test_the_plan_says_for_when_it_is_and_what_each_service_gets(
    capsys: pytest.CaptureFixture[str], where: tuple[str, str]
) -> None:
    code, out, said = run(capsys, *ASKED, *where)
    assert code == 0, said
    shown = " ".join(out.split())
    assert "For after the upgrade to KServe 0.9.0" in shown
    assert (
        "To do after the upgrade to 0.9.0, in this order: + create ServingRuntime fraud/" in shown
    )
    assert (
        f"fraud/iris, pricing/churn now, after the upgrade: {STOCK} once written: {OURS} "
        f"written without these: {STOCK}" in shown
    )
    assert "Plan for KServe 0.9.0: 2 ServingRuntimes in 2 namespaces; 3 of 4" in shown
    assert "restart" not in shown
    images = [line for line in out.splitlines() if "/" in line]
    assert max(len(line) for line in out.splitlines() if line not in images) <= 80


@pytest.mark.parametrize("form", ["wide", "markdown", "jsonl", "name", "yaml"])
def test_every_form_has_it(
    capsys: pytest.CaptureFixture[str], where: tuple[str, str], form: str
) -> None:
    code, out, said = run(capsys, *ASKED, *where, "-o", form)
    assert code == 0, said
    if form == "name":
        assert out == ""
    elif form == "jsonl":
        first = json.loads(out.splitlines()[0])
        assert (first["target"], first["restarts"], first["writes"]) == ("0.9.0", 0, 2)
    else:
        assert OURS in out
        assert "0.9.0" in out
    if form == "wide":
        told = {line.split()[1]: line.split() for line in out.splitlines() if "framework" in line}
        assert "later" in told["iris"]
        assert "later" not in told["prices"]


def test_the_saved_plan_cannot_be_applied_and_says_so_everywhere(
    capsys: pytest.CaptureFixture[str], where: tuple[str, str], tmp_path: Path
) -> None:
    saved = tmp_path / "plan.json"
    code, out, said = run(capsys, *ASKED, *where, "--out", str(saved), "-o", "json")
    assert code == 0, said
    assert "cannot be applied" in said
    assert load(saved.read_bytes(), "plan.json").options.target == "0.9.0"
    assert json.loads(out)["plan"]["options"]["target"] == "0.9.0"
    check(capsys, 64, ("after the upgrade", "--render DIR"), "apply", str(saved), *where)
    asked = ("apply", "--to-runtimes", "--target", "0.9.0", "--yes", "--dry-run=client")
    check(capsys, 64, ("after the upgrade", "--render DIR"), *asked, *where)
    check(capsys, 64, ("after the upgrade",), "explain", "fraud/iris", "--with", str(saved), *where)
    code, out, said = run(capsys, "status", str(saved), *where)
    assert code == 0, said
    assert "for after the upgrade to KServe 0.9.0" in out
    assert "pending  ServingRuntime fraud/kserve-sklearnserver" in out
    assert out.endswith("next: kmigrate plan --to-runtimes --target 0.9.0 --render DIR\n")


def test_a_plan_that_is_blocked_is_neither_rendered_nor_said_to_be(
    capsys: pytest.CaptureFixture[str], where: tuple[str, str], tmp_path: Path
) -> None:
    folder, saved = tmp_path / "git", tmp_path / "plan.json"
    more = ("--render", str(folder), "--out", str(saved))
    code, _, said = run(capsys, *ASKED[:-1], "0.15.2", *where, *more)
    assert code == 7
    assert "blocked by KM282" in said
    assert not folder.exists()
    assert run(capsys, "status", str(saved), *where)[1].endswith("this one is refused\n")


def test_what_is_written_for_git_says_what_to_do_in_which_order(
    capsys: pytest.CaptureFixture[str], where: tuple[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "git"
    code, _, said = run(capsys, *ASKED, *where, "--render", str(folder))
    assert code == 0, said
    files = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    assert files == [
        "README.md",
        "manifests/runtimes/fraud/servingruntime.kserve-sklearnserver.yaml",
        "manifests/runtimes/pricing/servingruntime.kserve-sklearnserver.yaml",
    ]
    manifest: Any = yaml.safe_load((folder / files[1]).read_text())
    assert manifest["spec"]["containers"][0]["image"] == OURS
    assert manifest["metadata"]["annotations"] == {"kmigrate.dev/prepared-for": "0.9.0"}
    assert "labels" not in manifest["metadata"]
    text = (folder / "README.md").read_text()
    steps = (
        "-o jsonpath='{.data.predictors}' > predictors.json",
        "Upgrade KServe to 0.9.0",
        "$ kubectl apply --server-side -R -f manifests",
        "$ kmigrate apply --to-runtimes --convert",
        "$ kubectl patch inferenceservice --type=merge --patch={} churn -n pricing",
        "Leave the ServingRuntimes there",
    )
    places = [text.index(step) for step in steps]
    assert places == sorted(places)
    assert f"| fraud/iris, pricing/churn | `{STOCK}` | `{STOCK}` | `{OURS}` | `{STOCK}` |" in text
    assert "vision -n" not in text


def test_where_predictors_are_not_read_it_converts_as_well(
    capsys: pytest.CaptureFixture[str], where: tuple[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "git"
    asked = (*ASKED[:-1], "0.15.2", "--accept", "KM282", "--render", str(folder))
    code, _, said = run(capsys, *asked, *where)
    assert code == 0, said
    text = (folder / "README.md").read_text()
    assert "$ kmigrate apply --to-runtimes --convert" in text
    assert "With the text of step 1" not in text
    assert "--patch={} iris -n fraud" in text


def test_its_roles_write_nothing(
    capsys: pytest.CaptureFixture[str], where: tuple[str, str]
) -> None:
    code, out, said = run(capsys, *ASKED, *where, "--rbac")
    assert code == 0, said
    verbs = {v for role in yaml.safe_load_all(out) for r in role["rules"] for v in r["verbs"]}
    assert verbs == {"get", "list"}


def test_it_belongs_to_the_move_into_runtimes(
    capsys: pytest.CaptureFixture[str], where: tuple[str, str]
) -> None:
    check(capsys, 64, ("--target 'soon'",), *ASKED[:-1], "soon", *where)
    check(capsys, 7, ("--target 0.9.0",), "plan", "--to-runtimes", *where)


@pytest.mark.parametrize(
    ("manifest", "codes"), [(definition(), set()), (quota("fraud", 0), {"KM271"})]
)
def test_the_crd_of_before_the_upgrade_forbids_nothing_and_a_quota_does(
    capsys: pytest.CaptureFixture[str],
    where: tuple[str, str],
    manifest: Manifest,
    codes: set[str],
) -> None:
    (Path(where[1]) / "more.yaml").write_text(yaml.safe_dump(manifest))
    code, out, said = run(capsys, *ASKED, *where, "-o", "json")
    assert code == (7 if codes else 0), said
    told = {one["code"] for one in json.loads(out)["plan"]["findings"]}
    assert told & {"KM271", "KM272"} == codes
