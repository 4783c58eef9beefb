"""What the verbs say of images that are moved into runtimes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml

from migrate.commands.runs import resumable
from migrate.commands.strategies import duration
from migrate.errors import BlockedError
from migrate.planning.model.desired import Options
from tests.commands.moving import (
    NEW,
    apply,
    cluster,
    planned,
    snapshot_of,
)
from tests.commands.snapshots import run
from tests.planning.copies import OVER, SKLEARN


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--canary", "team/iris"), "all of its namespace"),
        (("--max-unavailable", "2"), "all of its namespace"),
        (("--pause", "soon"), "expected a duration"),
        (("--scope", "model"), "expected namespace"),
    ],
)
def test_flags_that_scope_namespace_cannot_keep(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, flags: tuple[str, ...], words: str
) -> None:
    code, _, said = run(
        capsys, "plan", "--to-runtimes", *flags, "--snapshot", snapshot_of(tmp_path)
    )
    assert (code, words in said) == (64, True), said


@pytest.mark.parametrize("flags", [("--canary", "team/iris"), ("--max-unavailable", "2")])
def test_flags_of_scope_service_alone(
    capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]
) -> None:
    code, _, said = run(capsys, "plan", *flags, "--snapshot", "nowhere")
    assert (code, "only with --to-runtimes --scope service" in said) == (64, True), said


def test_an_apply_for_nobody_is_no_success(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    where = ("--snapshot", snapshot_of(tmp_path), "--dry-run=client")
    asked = ("apply", "--to-runtimes", *where, "-n", "nope")
    code, _, said = run(capsys, *asked)
    assert code == 7
    assert "-n nope: no InferenceService fits it" in said[said.index("error: ") :]
    assert run(capsys, *asked, "--accept=KM216")[0] == 0
    assert run(capsys, *asked, "-n", "team")[0] == 0


def test_a_dry_run_goes_through_the_whole_plan(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    where = ("--snapshot", snapshot_of(tmp_path))
    code, out, said = run(capsys, "apply", "--to-runtimes", "--dry-run=client", *where)
    assert code == 0, said
    assert f"ServingRuntime team/{SKLEARN}: as planned" in out
    assert [line for line in said.splitlines() if line.endswith("finished")] == [
        "dry run: apply finished"
    ]
    code, out, said = run(capsys, "plan", "--to-runtimes", "--rbac", *where)
    assert code == 0, said
    assert "servingruntimes" in out


def test_the_copies_are_rendered_for_git_without_marks_of_ours(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "git"
    where = ("--snapshot", snapshot_of(tmp_path))
    code, _, said = run(capsys, "plan", "--to-runtimes", *where, "--render", str(folder))
    assert code == 0, said
    [file] = folder.glob(f"manifests/*/runtimes/team/servingruntime.{SKLEARN}.yaml")
    manifest = yaml.safe_load(file.read_text())
    assert manifest["spec"]["containers"][0]["image"] == OVER
    assert "kmigrate" not in file.read_text()
    assert not (folder / "rollback").exists()
    text = (folder / "README.md").read_text()
    assert "wakes nobody" in text
    assert "rollback/" not in text


def test_a_plan_tells_each_copy_with_its_namespaces_and_a_content_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, out, _ = run(capsys, "plan", "--to-runtimes", "--snapshot", snapshot_of(tmp_path))
    shown = " ".join(out.split())
    assert "ServingRuntimes in 2 namespaces: + " in shown
    assert "for 3 InferenceServices in other, team" in shown
    again = f"+ create ServingRuntime team/{SKLEARN}: with the content of ServingRuntime other"
    assert again in shown
    assert out.count(f'"{OVER}"') == 1


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90.0), ("5m", 300.0), ("1h30m", 5400.0), ("0.5s", 0.5)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text, "--pause") == seconds


def test_a_saved_plan_goes_on_with_the_run_that_carries_it() -> None:
    found = cluster()
    made = planned(found)
    run = apply(found, made).run
    unfinished = msgspec.structs.replace(run, journal=run.journal[:-1])
    assert resumable(found, [unfinished], Options(), made)[0] == unfinished
    other = planned(cluster(), NEW)
    with pytest.raises(BlockedError, match="asks for something else"):
        resumable(found, [unfinished], Options(), other)
