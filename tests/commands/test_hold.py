"""`plan|apply --target`: shown, saved, tried, carried out, taken back; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate.cluster import snapshot
from migrate.objects import ObjectRef
from migrate.planning.model.planfile import load
from tests.commands import upgrading
from tests.commands.admitting import IRIS, Admitting, forms, objects
from tests.commands.snapshots import BEFORE, changed, check, run
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.planning.converting import SKLEARN

OURS = "registry.example.com/ml/sklearnserver:v0.7.0"
TARGET = ("--target", "0.9.0")
CHURN = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "churn", "pricing")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cluster of 0.7.0 with an image set for sklearn; nobody was reconciled since."""
    whole = yaml.safe_load((BEFORE / "kserve.yaml").read_text())
    data = next(i["data"] for i in whole["items"] if "predictors" in i.get("data", {}))
    predictors = json.loads(data["predictors"])
    predictors["sklearn"]["v1"]["image"] = OURS.partition(":")[0]
    return changed(tmp_path, json.dumps(predictors))


@pytest.fixture
def verbs(make: Make, folder: Path) -> Verbs:
    """That cluster when everybody was reconciled, and verbs on it."""
    return make(found=snapshot.load(folder))


def test_the_plan_says_what_comes_before_and_what_the_upgrade_gives(verbs: Verbs) -> None:
    code, out, said = verbs("plan", *TARGET)
    assert code == 0, said
    shown = " ".join(out.split())
    assert "To be done before the upgrade to KServe 0.9.0" in shown
    assert "To do before the upgrade to 0.9.0, in this order:" in shown
    assert f'/spec/predictor/sklearn/image - (none) + "{OURS}"' in shown
    assert "0 of 4 InferenceServices restart" in shown
    assert "4 InferenceServices unchanged" in shown
    assert max(len(line) for line in out.splitlines() if "/" not in line) <= 80
    assert said.splitlines()[-2:] == [
        "next: kmigrate apply --target 0.9.0",
        "then: upgrade KServe to 0.9.0, then kmigrate check",
    ]


def test_it_is_applied_and_taken_back_and_nobody_notices(verbs: Verbs) -> None:
    before = verbs.cluster.get(CHURN)["spec"]
    code, out, said = verbs("apply", *TARGET, "--yes")
    assert code == 0, said
    assert "then: upgrade KServe to 0.9.0" in said
    assert verbs.cluster.get(CHURN)["spec"]["predictor"]["sklearn"]["image"] == OURS
    assert "ok  InferenceService pricing/churn: as planned" in out
    code, out, _ = verbs("status")
    assert "--target 0.9.0" in out
    assert "2 InferenceServices: 2 applied" in out
    upgrade_first, back = out.splitlines()[-2:]
    assert upgrade_first == "next: upgrade KServe to 0.9.0, then kmigrate check"
    assert back.startswith("or:   kmigrate rollback 2")
    assert max(map(len, (upgrade_first, back))) <= 80
    code, out, said = verbs("apply", *TARGET, "--yes")
    assert (code, "nothing to change" in out) == (0, True), said
    code, _, said = verbs("rollback", "--yes")
    assert code == 0, said
    assert verbs.cluster.get(CHURN)["spec"] == before


def test_what_somebody_changed_since_is_kept_by_the_rollback(verbs: Verbs) -> None:
    verbs("apply", *TARGET, "--yes")
    own = {"spec": {"predictor": {"sklearn": {"image": "own/x:1"}}}}
    verbs.cluster.patch(CHURN, own)
    code, _, said = verbs("rollback", "--yes")
    assert (code, "KM303" in said) == (4, True), said
    assert verbs.cluster.get(CHURN)["spec"]["predictor"]["sklearn"]["image"] == "own/x:1"


def test_a_dry_run_writes_nothing_and_says_what_follows(verbs: Verbs) -> None:
    before = verbs.cluster.get(CHURN)
    code, _, said = verbs("apply", *TARGET, "--dry-run=client")
    assert (code, verbs.cluster.get(CHURN)) == (0, before), said
    assert "next: kmigrate apply --target 0.9.0\n" in said


def test_a_saved_plan_is_applied_as_it_is_and_refused_once_the_image_moved(
    verbs: Verbs, tmp_path: Path
) -> None:
    saved = tmp_path / "plan.json"
    code, _, said = verbs("plan", *TARGET, "--out", str(saved))
    assert (code, f"next: kmigrate apply {saved}" in said) == (0, True)
    made = load(saved.read_bytes(), "plan.json")
    assert (made.strategy, made.options.target, made.target) == ("hold", "0.9.0", "")
    code, out, _ = verbs("status", str(saved))
    assert "pending  InferenceService pricing/churn" in out
    assert out.endswith(f"next: kmigrate apply {saved}\n")
    code, _, said = verbs("apply", str(saved), *TARGET)
    assert (code, "applied as it is" in said) == (64, True)
    code, _, said = verbs("apply", str(saved))
    assert code == 0, said
    verbs("rollback", "--yes")
    config = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
    text = verbs.cluster.get(config)["data"]["predictors"]
    moved = text.replace(OURS.partition(":")[0], "r/other")
    verbs.cluster.patch(config, {"data": {"predictors": moved}})
    code, _, said = verbs("apply", str(saved))
    assert code == 5, said


@pytest.mark.parametrize("form", ["wide", "markdown", "json", "jsonl", "yaml"])
def test_every_form_has_it(capsys: pytest.CaptureFixture[str], folder: Path, form: str) -> None:
    code, out, said = run(capsys, "plan", *TARGET, "--snapshot", str(folder), "-o", form)
    assert code == 0, said
    assert OURS in out
    if form == "wide":
        heading, row = (x for x in out.splitlines() if x.startswith("NAMESP") or "iris  " in x)
        assert heading.endswith("IMAGE AFTER UPGRADE")
        assert row.split()[-1] == OURS
    if form == "markdown":
        assert "| image after 0.9.0 |" in out
    if form == "json":
        rows: list[Any] = json.loads(out)["plan"]["forecast"]
        told = {row["service"]["name"]: row["afterUpgrade"] for row in rows}
        assert told == {row["service"]["name"]: row["afterPlan"] for row in rows}
        assert told["iris"] == OURS
    if form == "jsonl":
        assert json.loads(out.splitlines()[0])["strategy"] == "hold"


def test_its_roles_and_its_files_are_of_the_services_that_it_writes(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path
) -> None:
    where = ("--snapshot", str(folder))
    code, out, said = run(capsys, "plan", *TARGET, *where, "--rbac")
    assert code == 0, said
    rules = [rule for role in yaml.safe_load_all(out) for rule in role["rules"]]
    writing = [r for r in rules if "patch" in r["verbs"] and "inferenceservices" in r["resources"]]
    assert writing
    git = tmp_path / "git"
    code, _, said = run(capsys, "plan", *TARGET, *where, "--render", str(git))
    assert code == 0, said
    texts = [file.read_text() for file in git.rglob("*churn*")]
    assert any(OURS in text for text in texts)
    assert "All of it comes before the upgrade to KServe 0.9.0" in (git / "README.md").read_text()


def test_a_cluster_without_overrides_has_nothing_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    where = ("--snapshot", str(BEFORE))
    code, out, said = run(capsys, "plan", *TARGET, *where)
    assert (code, "KM526" in out, "next:" in said) == (0, True, False)
    code, out, _ = run(capsys, "apply", *TARGET, *where, "--dry-run=client")
    assert (code, out) == (0, "nothing to change\n")


def test_a_plan_that_does_not_lead_there_is_blocked(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    where = ("--snapshot", str(folder), "--dry-run=client")
    code, _, said = run(capsys, "apply", "--target", "0.10.2", *where)
    assert code == 7
    assert "KM520" in said
    assert "kmigrate apply --target 0.9.0" in said


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        (("expected a release such as",), ("--target", "soon")),
        (("found 0.7.0", "known are 0.8.0, 0.9.0"), ("--target", "0.7.0")),
        (("no release that is known", "0.9.0"), ("--target", "0.9.99")),
        (("plans of their own",), (*TARGET, "--reset-global")),
        (("other images",), (*TARGET, "--set", "sklearn=x:1")),
        (("--repin",), (*TARGET, "--repin")),
        (("--activate=each",), (*TARGET, "--activate=each")),
        (("--convert: only with",), (*TARGET, "--convert")),
        (("--canary",), (*TARGET, "--canary", "fraud/iris")),
    ],
)
def test_what_does_not_go_with_it_is_refused(
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    words: tuple[str, ...],
    arguments: tuple[str, ...],
) -> None:
    where = ("--snapshot", str(folder))
    check(capsys, 64, words, "plan", *arguments, *where)
    check(capsys, 64, words, "apply", *arguments, *where, "--dry-run=client")


def test_under_0_9_services_are_converted_and_the_rollback_leaves_them_their_images(
    make: Make,
) -> None:
    verbs = make(found=Admitting(objects(sklearn_v1=SKLEARN)))
    code, _, said = verbs("apply", "--target", "0.10.2", "--yes")
    assert code == 0, said
    assert "! convert InferenceService team/iris" in said
    assert forms(verbs.cluster) == {"iris": "model"}
    code, _, said = verbs("rollback", "--yes")
    assert "they stay in the model form" in " ".join(said.split())
    assert "model" in verbs.cluster.get(IRIS)["spec"]["predictor"]


@pytest.mark.parametrize("release", ["0.9.0", "0.10.2"])
def test_after_the_upgrade_a_rollback_keeps_the_images_and_says_so(
    verbs: Verbs, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verbs("apply", *TARGET, "--yes")[0] == 0
    former = ObjectRef("apps/v1", "StatefulSet", "kserve-controller-manager", "kserve")
    monkeypatch.setattr(upgrading, "MANAGER", former)
    upgrading.upgrade(verbs.cluster, release)
    code, out, _ = verbs("status")
    assert (code, out.splitlines()[-1]) == (
        0,
        f"next: kmigrate check    tells what is wrong under {release}",
    )
    _, _, said = verbs("rollback", "--yes")
    assert "the images that the run wrote into them stay" in " ".join(said.split())
    assert verbs.cluster.get(CHURN)["spec"]["predictor"]["sklearn"]["image"] == OURS
