"""Files that nobody should give to `plan -f`, each to a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.snapshots import BEFORE
from tests.commands.test_bad_objects import SKLEARN, Json, folder, runtime, service

HEAD = "apiVersion: kmigrate.dev/v1alpha1\nkind: Desired\nimages:\n"
GOOD = f"{HEAD}  - format: sklearn\n    image: registry.example.com/ml/sklearnserver:v0.7.0\n"
NINE = ", ".join(["*{0}"] * 9)
BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{NINE.format(f'a{n - 1}')}]\n" for n in range(1, 40)
)


def item(text: str) -> bytes:
    return f"{HEAD}  - {{{text}}}\n".encode()


def plan(
    file: Path | str, folder: Path, snapshot: Path | str = BEFORE, data: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    out = folder / "plan.json"
    command = [sys.executable, "-m", "migrate", "plan", "--snapshot", str(snapshot)]
    done = subprocess.run(
        [*command, "-f", str(file), "--out", str(out), "-o", "json"],
        input=data or b"",
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert out.exists() == (done.returncode == 0)
    words = done.stdout.decode(), done.stderr.decode()
    return subprocess.CompletedProcess(done.args, done.returncode, *words)


def refused(done: subprocess.CompletedProcess[str], name: Path | str, code: int = 64) -> str:
    """Expect one message about this file, then the next command."""
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    *told, following = done.stderr.splitlines()
    assert told[0].startswith("error: ")
    assert all(str(name) in line for line in told), done.stderr
    assert following.startswith("next: ")
    return "\n".join(told)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "expected a document, found nothing"),
        (GOOD.encode() + b"---\n" + GOOD.encode(), "line 6: expected one document"),
        (
            b"apiVersion: v1\nkind: Desired\n",
            "apiVersion: expected kmigrate.dev/v1alpha1, found v1",
        ),
        (b"kind: Desired\nimages: []\n", "apiVersion: missing; expected kmigrate.dev/v1alpha1"),
        (BOMB.encode(), "line 2: expected a value, found an alias (*): write the value out"),
        (
            GOOD.replace("sklearn\n", "&s sklearn\n    gpu: *s\n").encode(),
            "line 5: expected a value",
        ),
        (b"a: 1\na: 1\n", "line 2: expected each key once, found a on line 1 too"),
        (GOOD.replace("    image", "\timage").encode(), "line 5: expected spaces"),
        (GOOD.encode("utf-16"), "line 1: expected UTF-8, found byte 0xff"),
        (GOOD.encode() + b"\0", "line 6: expected text, found the control character '\\x00'"),
        (Path(sys.executable).read_bytes()[:100_000], "line 1: expected UTF-8"),
        (b"<<<<<<< HEAD\n" + GOOD.encode(), "line 2: mapping values are not allowed"),
        (b"[" * 1_000_000, "line 1: expected at most 20 levels"),
        (b"just words", "expected fields (apiVersion, kind), found text"),
        (b"null", "expected fields (apiVersion, kind), found nothing"),
        (item("format: sklearn, image: 1.0"), "images[0].image: expected [REGISTRY"),
        (item("format: sklearn, image: 1.0"), "found a number: put it in quotes"),
        (item("format: sklearn, image: True"), "found a boolean (to YAML so are yes, no, on"),
        (
            item("runtime: a, env: [{name: PREDICT_PROBA, value: True}]"),
            "value: expected text, found a boolean (to YAML so are yes, no, on and off): put it in",
        ),
        (
            item("runtime: a, env: [{name: WORKERS, value: 1}]"),
            "images[0].env[0].value: expected text, found a number: put it in quotes",
        ),
        (item("runtime: a, env: [{name: A, valeu: b}]"), "valeu: unknown; did you mean value?"),
        (item("fromat: sklearn, image: a:b"), "fromat: unknown; did you mean format?"),
        (item("format: s, image: a:b, namespace: c"), "namespace: unknown"),
        (item("format: s, image: a:b").replace(b"images", b"image"), "did you mean images?"),
        (
            item("format: s, image: a:b") + b"  - {format: s, image: a:c}\n",
            "line 5: images[1]: s is in images[0] already",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_file_that_says_nothing_clear(tmp_path: Path, data: bytes, words: str) -> None:
    file = tmp_path / "desired.yaml"
    file.write_bytes(data)
    assert words in refused(plan(file, tmp_path), file)


@pytest.mark.parametrize("fault", [b"\xef\xbb\xbf", b"\r\n"], ids=["BOM", "CRLF"])
def test_a_file_from_another_system_says_the_same(tmp_path: Path, fault: bytes) -> None:
    file = tmp_path / "desired.yaml"
    file.write_text(GOOD)
    expected = plan(file, tmp_path)
    (tmp_path / "plan.json").unlink()
    file.write_bytes(
        fault + GOOD.encode() if fault[0] > 127 else GOOD.encode().replace(b"\n", fault)
    )
    assert plan(file, tmp_path).stdout == expected.stdout != ""


def test_a_hundred_megabytes_are_not_read(tmp_path: Path) -> None:
    file = tmp_path / "desired.yaml"
    line = b"  - {format: sklearn, image: 'a:b'}\n" * 30_000
    with file.open("wb") as stream:
        stream.write(HEAD.encode())
        for _ in range(100):
            stream.write(line)
    assert file.stat().st_size > 100_000_000
    assert "expected at most 1 MiB, found more" in refused(plan(file, tmp_path), file)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("/dev/zero", "expected at most 1 MiB, found more"),
        ("/dev/null", "expected a document, found nothing"),
        ("/", "Is a directory"),
        ("/none.yaml", "No such file or directory"),
    ],
)
def test_what_is_no_file(tmp_path: Path, file: str, words: str) -> None:
    assert words in refused(plan(file, tmp_path), file)


def test_a_named_pipe_is_read_to_the_limit(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # It writes for ever, unless the reader goes away.
    with subprocess.Popen(["sh", "-c", f"exec yes > {pipe}"], stderr=subprocess.DEVNULL) as writer:
        assert "expected at most 1 MiB, found more" in refused(plan(pipe, tmp_path), pipe)
        assert writer.wait(20) != 0


def test_standard_input_by_its_name(tmp_path: Path) -> None:
    done = plan("/dev/stdin", tmp_path, data=b"#" * 2_000_000)
    assert "expected at most 1 MiB" in refused(done, "/dev/stdin")
    assert plan("/dev/stdin", tmp_path, data=GOOD.encode()).returncode == 0


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("registry.example.com/a:v1@sha256:" + "a" * 64, "it has a digest"),
        ("registry.example.com/a@sha256:" + "a" * 64, "it has a digest"),
        ("registry.example.com:5000/a", "no tag"),
    ],
)
def test_an_image_that_predictors_cannot_hold(tmp_path: Path, image: str, words: str) -> None:
    file = tmp_path / "desired.yaml"
    file.write_bytes(item(f"format: sklearn, image: '{image}'"))
    told = refused(plan(file, tmp_path), image, code=7)
    assert "expected REPOSITORY:TAG" in told
    assert words in told


NAME = "kserve-sklearnserver"


def in_both_scopes(path: Path) -> str:
    """A runtime of the cluster, one of the same name in namespace team, a service in each."""
    own, cluster = runtime(NAME), runtime(NAME) | {"kind": "ClusterServingRuntime"}
    cluster["metadata"] = {"name": NAME}
    iris = service({"model": SKLEARN})
    other = service({"model": SKLEARN}, namespace="beta")
    return folder(path, "0.15.2", own, cluster, iris, other, runtime("only-here"))


def test_a_runtime_name_in_both_scopes_means_that_of_the_cluster(tmp_path: Path) -> None:
    file = tmp_path / "desired.yaml"
    digest = "a/server:v2@sha256:" + "b" * 64
    file.write_bytes(item(f"runtime: {NAME}, image: '{digest}'"))
    (tmp_path / "snapshot").mkdir()
    done = plan(file, tmp_path, in_both_scopes(tmp_path / "snapshot"))
    assert done.returncode == 0, done.stderr
    made: Json = json.loads(done.stdout)["plan"]
    targets = [(each["target"]["kind"], each["target"]["name"]) for each in made["operations"]]
    assert targets == [("ClusterServingRuntime", NAME)]
    after = {row["service"]["namespace"]: row["afterPlan"] for row in made["forecast"]}
    assert after == {"team": "a/server:1", "beta": digest}
    kept = [each for each in made["findings"] if each["code"] == "KM210"]
    assert [[ref["namespace"] for ref in each["objects"]] for each in kept] == [["team"]]


def test_a_runtime_name_of_a_namespace_alone(tmp_path: Path) -> None:
    file = tmp_path / "desired.yaml"
    file.write_bytes(item("runtime: only-here, image: 'a:b'"))
    (tmp_path / "snapshot").mkdir()
    told = refused(plan(file, tmp_path, in_both_scopes(tmp_path / "snapshot")), "only-here")
    assert "there is no such ClusterServingRuntime; there is ServingRuntime team/only-here" in told
