"""Where the output goes: readers that leave, full disks, narrow terminals, other scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.snapshots import BEFORE, SET, changed
from tests.commands.test_bad_objects import SKLEARN, folder, runtime, service

KMIGRATE = f"{sys.executable} -m migrate"
C = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
"""A locale in which Python writes ASCII."""


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {KMIGRATE} {command}"],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    return done


def test_a_reader_that_leaves_early(tmp_path: Path) -> None:
    # More than a pipe holds, so that something is left to write.
    services = (service({"model": SKLEARN}, name=f"iris-{number}") for number in range(500))
    many = folder(tmp_path, "0.15.2", runtime(), *services)
    done = shell(f"plan -o json --snapshot {many} | head -c 1")
    assert (done.stdout, done.stderr) == (b"{", b"")


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize(
    ("where", "words"),
    [(">/dev/full", "standard output: No space left"), (">&-", "standard output: expected a")],
)
def test_an_output_that_takes_nothing(form: str, where: str, words: str) -> None:
    done = shell(f"plan --snapshot {BEFORE} -o {form} {where}")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().startswith(f"error: {words}")


def test_a_plan_is_saved_only_once_it_was_shown(tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    done = shell(f"plan --snapshot {BEFORE} --out {out} >/dev/full")
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])


def test_a_narrow_terminal_loses_nothing() -> None:
    flags = f"plan --snapshot {BEFORE} {' '.join(SET)}"
    wide, narrow = shell(flags, COLUMNS="200"), shell(flags, COLUMNS="20")
    assert (wide.returncode, narrow.returncode) == (0, 0), narrow.stderr
    words = wide.stdout.split()
    assert b"fraud/iris," in words
    assert set(words) <= set(narrow.stdout.split())


NAMES = "модель/模型"


def test_names_of_other_scripts_where_the_locale_is_c(tmp_path: Path) -> None:
    predictors = {"sklearn": {"v1": {"image": NAMES, "defaultImageVersion": "v1"}}}
    other = changed(tmp_path, json.dumps(predictors, ensure_ascii=False))
    expected = shell(f"plan --snapshot {other} -o json", LC_ALL="C.UTF-8")
    assert NAMES.encode() in expected.stdout
    done = shell(f"plan --snapshot {other} -o json", **C)
    assert (done.returncode, done.stdout) == (expected.returncode, expected.stdout)
    table = shell(f"plan --snapshot {other}", **C)
    assert table.returncode == 0
    assert ascii(NAMES).strip("'").encode() in table.stdout


@pytest.mark.parametrize("data", ["модель", "\udcff"])
def test_arguments_of_other_scripts_where_the_locale_is_c(data: str) -> None:
    command = [sys.executable, "-m", "migrate", "plan", "--snapshot", str(BEFORE), "--set"]
    done = subprocess.run(
        [*command, os.fsencode(f"sklearn={data}:1")],
        env={**os.environ, **C},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (64, b"")
    assert b"Traceback" not in done.stderr
    assert done.stderr.startswith(b"error: --set sklearn=")
    assert b"not an image" in done.stderr
