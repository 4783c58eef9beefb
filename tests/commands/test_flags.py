"""Flags beside each other: what would have no effect, or contradicts another, is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.moving import snapshot_of
from tests.commands.snapshots import run

ASKED = {
    "nothing": (),
    "in place": ("--set", "sklearn=r/i:t"),
    "each": ("--set", "sklearn=r/i:t", "--activate=each"),
    "restart": ("--set", "sklearn=r/i:t", "--activate=restart"),
    "env alone": ("-f", "ENV"),
    "reset": ("--reset-global",),
    "reset, each": ("--reset-global", "--activate=each"),
    "moved": ("--to-runtimes",),
    "moved, other": ("--to-runtimes", "--set", "sklearn=r/i:t"),
    "moved, restart": ("--to-runtimes", "--activate=restart"),
    "moved, none": ("--to-runtimes", "--activate=none"),
    "service": ("--to-runtimes", "--scope", "service"),
    "service, other": ("--to-runtimes", "--scope", "service", "--set", "sklearn=r/i:t"),
}
NO_CHANGE = "no change is asked for"
NO_WAVES = "there are no waves"
NO_IMAGE = "pins move with a wanted image"
MOVED_ALONE = "only with --to-runtimes"
WAVES = (("--pause", "5m"), ("--wave-size", "2"))
RESETS, NO_EACH = ("reset", "reset, each"), ("moved, restart", "moved, none")
WIDE = dict.fromkeys(RESETS, "whole cluster")
WITHOUT_WAVES = {
    "nothing": NO_CHANGE,
    **dict.fromkeys(("restart", "reset", *NO_EACH), NO_WAVES),
}
WITHOUT_SERVICE = {name: "" for name, flags in ASKED.items() if "service" not in flags}
REFUSED: dict[tuple[str, ...], dict[str, str]] = {
    ("--repin",): {
        "nothing": NO_CHANGE,
        **dict.fromkeys(("env alone", "moved", "service", *NO_EACH), NO_IMAGE),
        **dict.fromkeys(RESETS, "writes to no InferenceService"),
    },
    **dict.fromkeys(WAVES, WITHOUT_WAVES),
    ("--take-ownership",): {"nothing": NO_CHANGE},
    ("--max-restarts", "9"): {"nothing": NO_CHANGE},
    ("--max-namespaces", "9"): {"nothing": NO_CHANGE},
    ("--activate=each",): {"nothing": NO_CHANGE},
    ("--scope", "namespace"): {
        name: MOVED_ALONE for name, flags in ASKED.items() if "--to-runtimes" not in flags
    },
    ("--max-unavailable", "1"): WITHOUT_SERVICE,
    ("--canary", "team/iris"): WITHOUT_SERVICE,
    ("--convert",): {
        name: "--scope service" if "service" in flags else MOVED_ALONE
        for name, flags in ASKED.items()
        if "service" in flags or "--to-runtimes" not in flags
    },
    ("-n", "team"): WIDE,
    ("-l", "a=b"): WIDE,
    ("--exclude", "x"): WIDE,
    ("--format", "sklearn"): WIDE,
    ("--runtime", "kserve-sklearnserver"): WIDE,
    ("-A", "-n", "team"): dict.fromkeys(ASKED, ""),
}
"""For each flag beside what it is refused by itself, and the words that tell why."""
BY_THE_PLAN = [
    *((asked, flags, NO_WAVES) for asked in ("in place", "env alone") for flags in WAVES),
    *(
        (asked, ("--activate=each",), "reconciled at once")
        for asked in ("service", "service, other")
    ),
]
"""What the release decides as well: 0.15.2 restarts its controller."""


def words_of(asked: str, flags: tuple[str, ...], folder: Path) -> list[str]:
    file = folder / "desired.yaml"
    env = "[{format: sklearn, env: [{name: A, value: b}]}]"
    file.write_text(f"apiVersion: kmigrate.dev/v1alpha1\nkind: Desired\nimages: {env}\n")
    return [str(file) if word == "ENV" else word for word in (*ASKED[asked], *flags)]


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("flags", REFUSED, ids=" ".join)
def test_a_flag_has_an_effect_or_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, flags: tuple[str, ...], asked: str
) -> None:
    """Nothing is there to be read, so who is not refused gets as far as that."""
    given = words_of(asked, flags, tmp_path)
    code, _, said = run(capsys, "plan", *given, "--snapshot", "/nowhere")
    assert code == 64
    assert ("/nowhere" in said) == (asked not in REFUSED[flags]), said
    assert REFUSED[flags].get(asked, "") in said


@pytest.mark.parametrize(("asked", "flags", "words"), BY_THE_PLAN)
def test_so_it_is_where_the_release_decides(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    asked: str,
    flags: tuple[str, ...],
    words: str,
) -> None:
    given = words_of(asked, flags, tmp_path)
    code, _, said = run(capsys, "plan", *given, "--snapshot", snapshot_of(tmp_path))
    assert (code, words in said) == (64, True), said


def test_files_need_no_limit(capsys: pytest.CaptureFixture[str]) -> None:
    source = ("--snapshot", "/nowhere", "--dry-run=client")
    code, _, said = run(capsys, "apply", "--to-runtimes", *source, "--qps", "5")
    assert (code, "sends no requests" in said) == (64, True), said


def test_a_saved_plan_is_told_so_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, source = str(tmp_path / "plan.json"), ("--snapshot", snapshot_of(tmp_path))
    run(capsys, "plan", "--to-runtimes", *source, "--out", file)
    code, _, said = run(capsys, "apply", file, "--pause", "5m", *source, "--dry-run=client")
    assert (code, "planning flags have no meaning" in said) == (64, True), said
