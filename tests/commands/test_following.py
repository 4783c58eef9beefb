"""What is to be typed next: the command that does what was shown, with the same flags."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from migrate.cli import command
from migrate.commands.following import OF_DRY_RUN, OF_PLAN
from tests.commands.snapshots import BEFORE, SET, run

FILES = ("--snapshot", str(BEFORE))
IMAGE = {"format": "sklearn", "image": "registry.example.com/ml/sklearnserver:v0.7.0"}


def following(error: str) -> list[str]:
    """The last line, as a shell reads it."""
    line = error.splitlines()[-1]
    assert line.startswith("next: kmigrate ")
    return shlex.split(line.removeprefix("next: kmigrate "))


def test_a_plan_ends_with_its_apply_and_a_dry_run_with_the_real_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    flags = (*SET, "--exclude", "none*", "--wave-size", "5", "--activate", "each", "--accept=KM215")
    code, _, error = run(capsys, "plan", *flags, *FILES)
    assert code == 0
    dry = following(error)
    told = ["--set", SET[1], "--activate", "each", "--wave-size", "5", "--exclude", "none*"]
    given = [*told, "--accept", "KM215"]
    assert dry == ["apply", *given, *FILES, "--dry-run=client"]
    code, _, error = run(capsys, *dry, "-o", "json", "--timeout", "20")
    assert code == 0
    assert following(error) == ["apply", *given, "--timeout", "20"]


def test_a_saved_plan_goes_on_with_its_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = str(tmp_path / "a plan.json")
    _, _, error = run(capsys, "plan", *SET, *FILES, "--out", file)
    assert error.count("next: ") == 1
    code, _, error = run(capsys, "apply", file, *FILES, "--dry-run=client")
    assert (code, following(error)) == (0, ["apply", file])


@pytest.mark.parametrize("stream", ["-", "/dev/stdin"])
@pytest.mark.parametrize(
    ("verb", "flags", "followed"),
    [
        ("plan", (), ["apply", "--file", "FILE", *FILES, "--dry-run=client"]),
        ("apply", ("--dry-run=client", "-o", "json"), ["apply", "--file", "FILE"]),
    ],
)
def test_what_was_read_from_a_stream_is_named_as_the_file_that_it_has_to_be(
    stream: str, verb: str, flags: tuple[str, ...], followed: list[str]
) -> None:
    wanted = {"apiVersion": "kmigrate.dev/v1alpha1", "kind": "Desired", "images": [IMAGE]}
    done = subprocess.run(
        [sys.executable, "-m", "migrate", verb, "-f", stream, *FILES, *flags],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert following(done.stderr) == followed


@pytest.mark.parametrize(
    "flags", [(), (*SET, "-o", "json"), (*SET, "--rbac"), (*SET, "-n", "fraud")]
)
def test_of_what_cannot_be_applied_nothing_is_said(
    capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]
) -> None:
    """Nothing asked for, read by programs, roles alone, blocked."""
    _, _, error = run(capsys, "plan", *flags, *FILES)
    assert "next:" not in error


def test_a_dry_run_of_a_rollback_ends_with_the_rollback(capsys: pytest.CaptureFixture[str]) -> None:
    after = ("--snapshot", str(BEFORE.parent / "after"))
    code, _, error = run(capsys, "rollback", "--dry-run=client", "--timeout=20", *after)
    assert (code, following(error)) == (0, ["rollback", "--timeout", "20"])


def test_apply_takes_all_that_plan_takes_but_for_its_own() -> None:
    flags = {verb: {one.name for one in command(verb).params} for verb in ("plan", "apply")}
    assert flags["plan"] >= OF_PLAN
    assert flags["plan"] - flags["apply"] == OF_PLAN - {"output"}
    assert flags["apply"] >= OF_DRY_RUN


def test_on_a_terminal_an_error_is_wrapped_and_a_command_is_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("plan", "--convert", "--scope", "service", "--to-runtimes", *FILES)
    assert max(map(len, run(capsys, *arguments)[2].splitlines())) > 80
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    code, _, error = run(capsys, *arguments)
    lines = error.splitlines()
    assert (code, lines[0][:7]) == (64, "error: ")
    assert max(map(len, lines)) <= 80
    assert "next: kmigrate apply --to-runtimes --convert first;" in error
