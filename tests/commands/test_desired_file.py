"""`plan -f FILE` as a person calls it: files, standard input, and what is wrong with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from migrate.commands.yamlfile import LIMIT
from tests.commands.snapshots import BEFORE, SET, check, run
from tests.planning.desired_examples import file_of

IMAGE = "registry.example.com/ml/sklearnserver:v0.7.0"
PLAN = ("plan", "--snapshot", str(BEFORE), "-o", "json")


def piped(data: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "migrate", *arguments]
    return subprocess.run(command, input=data, capture_output=True, check=False)


def test_standard_input(capsys: pytest.CaptureFixture[str]) -> None:
    code, from_flag, _ = run(capsys, *PLAN, *SET)
    done = piped(file_of(f"format: sklearn, image: '{IMAGE}'").encode(), *PLAN, "-f", "-")
    assert (code, done.returncode) == (0, 0), done.stderr
    assert done.stdout.decode() == from_flag


def test_faults_of_standard_input() -> None:
    done = piped(b"", *PLAN, "-f", "-")
    assert (done.returncode, done.stdout) == (64, b"")
    assert done.stderr.startswith(b"error: standard input: expected a document, found nothing")
    done = piped(b"#" * (LIMIT + 1), *PLAN, "-f", "-")
    assert (done.returncode, done.stdout) == (64, b"")
    assert b"at most 1 MiB" in done.stderr


def test_standard_input_that_is_closed() -> None:
    command = f"{sys.executable} -m migrate {' '.join(PLAN)} -f - <&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.startswith("error: standard input: Bad file descriptor")


def test_standard_input_stays_open() -> None:
    program = "import os; from migrate.commands import yamlfile; yamlfile.read('-'); os.fstat(0)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input=b"a: 1", capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_very_large_file_costs_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "desired.yaml"
    with file.open("wb") as stream:
        stream.truncate(100 << 30)
    limited = f"ulimit -v 2000000; {sys.executable} -m migrate {' '.join(PLAN)} -f {file}"
    done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (64, ""), done.stderr
    assert done.stderr.startswith(f"error: {file}: expected at most 1 MiB"), done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("expected a document, found nothing", "docs/desired.md")),
        ("a: 1\n---\na: 1\n", ("line 2: expected one document",)),
        (
            "apiVersion: v1\nkind: Desired\n",
            ("line 1: apiVersion: expected kmigrate.dev/v1alpha1",),
        ),
        ("images: [{format: 2026-13-45}]", ("line 1", "a date")),
        ("images: [", ("line 2",)),
        ("[" * 3000, ("line 1", "levels")),
        (file_of("format: s, imgae: a"), ("line 4: images[0].imgae", "did you mean image?")),
        (
            file_of("format: sklearn, image: a", "format: sklearn, image: a"),
            ("line 5: images[1]: sklearn is in images[0] already",),
        ),
        (file_of("format: s, args: [--a]"), ("s: there is no such model format",)),
        (file_of("runtime: a, image: a"), ("runtime/a: there is no such ClusterServingRuntime",)),
    ],
)
def test_a_file_that_does_not_fit(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    file = tmp_path / "desired.yaml"
    file.write_text(text, encoding="utf-8")
    check(capsys, 64, words, *PLAN, "-f", str(file))


def test_flag_and_file_that_contradict_each_other(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "desired.yaml"
    file.write_text(file_of("format: sklearn, image: a:b"), encoding="utf-8")
    words = ("sklearn is wanted as a:c and as a:b", "say it once")
    check(capsys, 64, words, *PLAN, "--set", "sklearn=a:c", "-f", str(file))
    assert run(capsys, *PLAN, "-f", str(file)) == run(
        capsys, *PLAN, "--set", "sklearn=a:b", "-f", str(file)
    )


def test_apply_reads_standard_input_too() -> None:
    arguments = ("apply", "--snapshot", str(BEFORE), "--dry-run=client", "-f", "-")
    done = piped(file_of(f"format: sklearn, image: '{IMAGE}'").encode(), *arguments)
    assert done.returncode == 0, done.stderr
    assert b"byte for byte as planned" in done.stdout
