"""Saved plans: applied exactly, or refused with the reason."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from tests.commands.snapshots import (
    BEFORE,
    SET,
    check,
    edited,
    grown,
    released,
    run,
    saved,
)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("v0.7.0", "v0.7.1", "edited"),
        ('"release"', '"Release"', "Release"),
        ("kmigrate.dev/v1alpha1", "kmigrate.dev/v2", "kmigrate.dev/v2"),
    ],
)
def test_a_plan_file_that_was_changed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, before: str, after: str, words: str
) -> None:
    file = saved(capsys, tmp_path)
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))
    dry = ("--dry-run=client", "--snapshot", str(BEFORE))
    check(capsys, 64, (words, "plan.json", "kmigrate plan"), "apply", str(file), *dry)


def test_a_truncated_plan_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = saved(capsys, tmp_path)
    file.write_bytes(file.read_bytes()[:-40])
    dry = ("--dry-run=client", "--snapshot", str(BEFORE))
    check(capsys, 64, ("not a plan file",), "apply", str(file), *dry)


@pytest.mark.parametrize("verb", [["status"], ["rollback", "--dry-run=client"]])
def test_a_backup_of_kubectl_is_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, verb: list[str]
) -> None:
    file = tmp_path / "backup.yaml"
    file.write_text("apiVersion: v1\nkind: ConfigMap\n")
    leads = "kmigrate plan --from-checkpoint"
    check(capsys, 64, ("a backup of kubectl", leads), *verb, str(file), "--snapshot", str(BEFORE))


def test_a_plan_for_another_cluster(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, other = saved(capsys, tmp_path), tmp_path / "other"
    shutil.copytree(BEFORE, other)
    cluster = yaml.safe_load((other / "cluster.yaml").read_text())
    cluster["metadata"]["uid"] = "another-uid"
    (other / "cluster.yaml").write_text(json.dumps(cluster))
    dry = ("--dry-run=client", "--snapshot", str(other))
    check(capsys, 5, ("another-uid", "--context"), "apply", str(file), *dry)


def test_a_plan_for_another_release(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = saved(capsys, tmp_path)
    folder = released(tmp_path, "kserve/kserve-controller:v0.9.0")
    dry = ("--dry-run=client", "--snapshot", folder)
    check(capsys, 5, ("KServe 0.7.0", "0.9.0"), "apply", str(file), *dry)


def test_a_plan_from_files_that_do_not_tell_their_cluster(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "nameless"
    shutil.copytree(BEFORE, folder)
    (folder / "cluster.yaml").unlink()
    code, out, error = run(capsys, "plan", *SET, "--snapshot", str(folder), "-o", "json")
    assert code == 0, error
    assert json.loads(out)["plan"]["clusterUid"] == ""
    file = tmp_path / "plan.json"
    file.write_text(out)
    dry = ("--dry-run=client", "--snapshot", str(BEFORE))
    check(capsys, 5, ("another cluster",), "apply", str(file), *dry)


def test_a_service_that_came_since_the_plan_is_a_surprise(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file, folder = saved(capsys, tmp_path), grown(tmp_path)
    dry = ("--dry-run=client", "--snapshot", folder)
    words = ("InferenceService fraud/late", "came since", "would get", "kmigrate plan")
    check(capsys, 5, words, "apply", str(file), *dry)


def test_a_saved_plan_whose_writes_are_there_already_does_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    after = BEFORE.with_name("after")
    wanted = "sklearn=registry.example.com/ml/sklearnserver:v0.7.0-p5"
    file = tmp_path / "plan.json"
    made = run(
        capsys, "plan", "--snapshot", str(BEFORE), "--repin", "--set", wanted, "--out", str(file)
    )
    assert made[0] == 0, made
    dry = ("--dry-run=client", "--snapshot", str(after))
    code, out, _ = run(capsys, "apply", str(file), *dry)
    assert (code, out) == (0, "nothing to change: all that this plan writes is there already\n")
    code, out, _ = run(capsys, "apply", str(file), *dry, "-o", "json")
    assert (code, json.loads(out)["results"]) == (0, [])


def test_a_plan_cannot_be_saved_over_a_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    where = ("--snapshot", str(BEFORE), "--out", str(tmp_path / "folder"))
    code, _, error = run(capsys, "plan", *SET, *where)
    assert (code, "folder" in error) == (64, True)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_planning_flags_beside_a_plan(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = saved(capsys, tmp_path)
    dry = ("--dry-run=client", "--snapshot", str(BEFORE))
    check(
        capsys,
        64,
        ("planning flags", f"next: kmigrate apply {file}"),
        "apply",
        str(file),
        *SET,
        *dry,
    )


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            '"kserve/sklearnserver"',
            '"somebody/sklearnserver"',
            ("/sklearn/v1/image", "somebody/sklearnserver"),
        ),
        ('"kserve/lgbserver"', '"somebody/lgbserver"', ("/lightgbm/image", "somebody/lgbserver")),
        ('"60"', '"90"', ("/defaultTimeout", '"60"', '"90"')),
    ],
)
def test_an_edit_of_predictors_since_the_plan_is_refused_with_a_diff(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    before: str,
    after: str,
    words: tuple[str, ...],
) -> None:
    file, folder = saved(capsys, tmp_path), edited(tmp_path, "predictors", before, after)
    dry = ("--dry-run=client", "--snapshot", str(folder))
    check(capsys, 5, ("has changed since", "everybody follows", *words), "apply", str(file), *dry)


def test_an_edit_of_ingress_since_the_plan_is_not_in_the_way(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file, folder = saved(capsys, tmp_path), edited(tmp_path, "ingress", "knative", "other")
    code, out, said = run(capsys, "apply", str(file), "--dry-run=client", "--snapshot", str(folder))
    assert code == 0, said
    assert "byte for byte as planned" in out
