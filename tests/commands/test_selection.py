"""Selections and settings beside images, as a person calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.snapshots import BEFORE, SET, check, run, saved
from tests.planning.desired_examples import file_of

COPIES = Path(__file__).parents[2] / "fixtures" / "copies"
PLAN = ("plan", "--snapshot", str(BEFORE), "-o", "json")


def rows(capsys: pytest.CaptureFixture[str], *flags: str, expect: int = 0) -> dict[str, Any]:
    code, out, error = run(capsys, *PLAN, *flags)
    assert code == expect, error
    return {row["service"]["name"]: row for row in json.loads(out)["plan"]["forecast"]}


def names(capsys: pytest.CaptureFixture[str], *flags: str) -> list[str]:
    return list(rows(capsys, *flags))


def test_every_flag_narrows(capsys: pytest.CaptureFixture[str]) -> None:
    every = names(capsys)
    assert names(capsys, "-A") == every == ["iris", "prices", "churn", "vision"]
    assert names(capsys, "-n", "fraud") == ["iris", "prices"]
    assert names(capsys, "-n", "fraud", "--namespace", "pricing") == every
    assert names(capsys, "--exclude", "fraud", "--exclude", "*/churn") == ["vision"]
    formats = names(capsys, "--format", "sklearn", "--format", "xgboost")
    assert set(formats) < set(every)
    assert names(capsys, "-l", "!no-such-label") == every
    assert names(capsys, "--runtime", "none") == []


def test_in_a_change_all_are_there_and_marked(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(capsys, *SET, "-n", "fraud", expect=7)
    assert {name: row["outside"] for name, row in found.items()} == {
        "iris": False,
        "prices": False,
        "churn": True,
        "vision": True,
    }


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("-n", "fraud", "-A"), ("-n and -A contradict each other",)),
        (("-l", "a in b"), ("-l a in b: expected KEY=VALUE",)),
        (("--exclude", "a/b/c"), ("--exclude a/b/c: expected NAMESPACE",)),
    ],
)
def test_what_cannot_be_meant(
    capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], words: tuple[str, ...]
) -> None:
    check(capsys, 64, words, *PLAN, *flags)


def test_a_saved_plan_has_its_selection(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = saved(capsys, tmp_path)
    dry = ("--dry-run=client", "--snapshot", str(BEFORE))
    words = ("a saved plan is applied as it is",)
    check(capsys, 64, words, "apply", str(file), "-n", "fraud", *dry)


def test_who_is_hit_beside_them_stops_an_apply(capsys: pytest.CaptureFixture[str]) -> None:
    dry = ("apply", *SET, "--dry-run=client", "--snapshot", str(BEFORE), "-n", "pricing")
    code, out, error = run(capsys, *dry)
    assert (code, out) == (7, "")
    assert "KM215" in error
    code, out, _ = run(capsys, *dry, "--accept", "KM215")
    assert (code, out.startswith("ok")) == (0, True)


def test_variables_and_flags_from_a_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "desired.yaml"
    env = "env: [{name: PREDICT_PROBA, value: 'True'}]"
    file.write_text(file_of(f"format: xgboost, {env}, args: [--workers=2]"), encoding="utf-8")
    snapshot = ("--snapshot", str(COPIES), "--kserve-version", "0.15.2")
    code, out, error = run(capsys, "plan", *snapshot, "-f", str(file))
    assert code == 0, error
    assert "set the env and args of xgboost" in " ".join(out.split())
    assert "changes: env PREDICT_PROBA, args --workers" in out
    assert "Images set globally:\n  3 stock ones not shown\n" in out
    code, markdown, error = run(capsys, "plan", *snapshot, "-f", str(file), "-o", "markdown")
    assert "**restarting by this: env PREDICT\\_PROBA, args --workers**" in markdown
    code, out, error = run(capsys, "plan", *snapshot, "-f", str(file), "-o", "json")
    changes = {r["service"]["name"]: r["settings"] for r in json.loads(out)["plan"]["forecast"]}
    assert changes["churn"] == ["env PREDICT_PROBA", "args --workers"]
    assert changes["iris"] == []
