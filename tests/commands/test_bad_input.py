"""Bad input: a clear error, the documented exit code, nothing written, no traceback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands.snapshots import (
    BEFORE,
    SET,
    changed,
    check,
    released,
    run,
)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plan", "--no-such-flag"), ("No such option", "kmigrate plan --help")),
        (("nonsense",), ("nonsense", "kmigrate --help")),
        (("plan", "-o", "xml"), ("xml", "table")),
        (("apply", "--lease-duration", "0"), ("0", "--lease-duration")),
        (("plan", "--set", "sklearn"), ("--set sklearn", "FORMAT")),
        (("plan", "--set", "runtime=a:b"), ("--set runtime=a:b", "runtime/NAME=IMAGE")),
        (
            ("plan", "--set", "runtime/a=b:c"),
            ("runtime/a: there is no such ClusterServingRuntime",),
        ),
        (("plan", "--set", "sklaern=a:b"), ("sklaern", "did you mean sklearn")),
        (("plan", "--set", "pytorch=a:b"), ("pytorch/v1 or pytorch/v2",)),
        (("plan", "--set", "onnx/v1=a:b"), ("without v1",)),
        (("plan", "--set", "sklearn/gpu=a:b"), ("GPU",)),
        (("plan", "--set", "sklearn=Not An Image"), ("not an image", "white space")),
        (("plan", "--set", "sklearn=UPPER/x:t"), ("capital letter",)),
        (("plan", "--set", "sklearn=a:b", "--set", "sklearn=a:c"), ("a:b", "a:c")),
        (("plan", "--set", "tensorflow=a:b", "--set", "tensorflow/gpu=c:d"), ("one repository",)),
        (("plan", "--set", "tensorflow/gpu=c:d"), ("one repository", "--set tensorflow=c:TAG")),
        (("plan", *SET, "--accept", "KM999"), ("KM999", "KM201")),
        (("plan", *SET, "--accept", "KM102"), ("KM102",)),
        (("plan", "--kserve-version", "seven"), ("--kserve-version", "seven")),
        (("plan", "-f", "/does/not/exist.yaml"), ("/does/not/exist.yaml",)),
        (("apply", "/does/not/exist.json"), ("/does/not/exist.json",)),
        (("apply",), ("nothing asked for",)),
        (("apply", *SET), ("files cannot be written", "--dry-run=client")),
        (("rollback", "20200101-000000-0000", "--dry-run=client"), ("20200101-000000-0000",)),
        (("plan", "--context", "x"), ("--context",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_usage(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    where = () if arguments == ("nonsense",) else ("--snapshot", str(BEFORE))
    dry = ("--dry-run=client",) if arguments[0] == "apply" and arguments[1:] != SET else ()
    check(capsys, 64, words, *arguments, *where, *dry)


@pytest.mark.parametrize(
    ("image", "word"),
    [("a/b@sha256:" + "a" * 64, "digest"), ("a/b", "tag"), ("r:5000/a/b", "tag")],
)
def test_an_image_that_predictors_cannot_express(
    capsys: pytest.CaptureFixture[str], image: str, word: str
) -> None:
    words = ("cannot express", word)
    check(capsys, 7, words, "plan", "--snapshot", str(BEFORE), "--set", f"sklearn={image}")


@pytest.mark.parametrize(
    ("predictors", "words"),
    [
        (None, ("expected a key predictors", "explainers")),
        ("", ("expected JSON", "line 1", "kubectl edit configmap")),
        ("{", ("line 1",)),
        ("[]", ("an object", "a list")),
        ('{"sklearn": {"v1": {"image": "a", "image": "b"}}}', ("image", "once")),
        ('{"sklearn": {"v1": {"image": "a", "IMAGE": "b"}}}', ("IMAGE",)),
        ('{"sklearn": {"v1": {"image": 7}}}', ("/sklearn/v1/image", "a string", "7")),
        ('{"tensorflow": {"defaultTimeout": 60}}', ("/tensorflow/defaultTimeout",)),
        ('{"sklearn": 7}', ("/sklearn",)),
        ("{} {}", ("line 1",)),
    ],
)
def test_predictors_that_cannot_be_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, predictors: Any, words: tuple[str, ...]
) -> None:
    folder = str(changed(tmp_path, predictors))
    for verb in (("plan",), ("plan", *SET), ("apply", "--dry-run=client", *SET)):
        check(capsys, 7, words, *verb, "--snapshot", folder)


def test_a_snapshot_without_the_config_map(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.copy(BEFORE / "services.yaml", tmp_path)
    words = ("inferenceservice-config", "--kserve-namespace")
    check(capsys, 7, words, "plan", "--snapshot", str(tmp_path))


def test_a_snapshot_in_another_namespace(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("ConfigMap kubeflow/inferenceservice-config",)
    where = ("--snapshot", str(BEFORE), "--kserve-namespace", "kubeflow")
    check(capsys, 7, words, "plan", *where)


def test_a_snapshot_that_does_not_parse(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("a: [")
    check(capsys, 64, ("bad.yaml",), "plan", "--snapshot", str(tmp_path))


def test_a_reader_that_goes_away_is_no_error_to_talk_of() -> None:
    command = f"{sys.executable} -m migrate plan --snapshot {BEFORE} | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_without_arguments_it_helps(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, error = run(capsys)
    assert (code, error) == (0, "")
    assert "Usage: kmigrate" in out


def test_the_result_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    after = ("--snapshot", str(BEFORE.with_name("after")), "-o", "json")
    code, out, _ = run(capsys, "rollback", "--dry-run=client", *after)
    result = json.loads(out)
    assert (code, result["kind"], result["dryRun"], result["whole"]) == (0, "RunResult", True, True)
    assert result["run"]
    code, out, _ = run(capsys, "status", *after)
    assert (code, json.loads(out)["run"]["state"]) == (0, "applied")


def test_what_a_terminal_would_take_for_a_command_is_spelled_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = r'{"sklearn": {"v1": {"image": "a\u001b[31m"}, "v2": {}, "on\ud800nx": 1}}'
    code, out, error = run(capsys, "plan", "--snapshot", str(changed(tmp_path, text)))
    assert code == 0, error
    assert "\x1b" not in out
    assert r"\x1b[31m" in out


def test_files_without_runtimes_are_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = Path(released(tmp_path, "kserve/kserve-controller:v0.12.0"))
    _, out, _ = run(capsys, "plan", "--snapshot", str(folder))
    assert "KM107: there is no ClusterServingRuntime" in " ".join(out.split())


def test_looking_at_a_release_that_does_not_read_predictors_is_no_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = released(tmp_path, "kserve/kserve-controller:v0.12.0")
    code, out, _ = run(capsys, "plan", "--snapshot", folder)
    assert code == 0
    assert "warning KM110" in out
    assert "predictors: KServe 0.12 does not read predictors" in " ".join(out.split())


@pytest.mark.parametrize("flags", [("--timeout", "0"), ("--timeout", "nan"), ("--timeout", "-5")])
def test_a_timeout_that_is_none(capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]) -> None:
    check(capsys, 64, ("--timeout",), "apply", *flags, *SET, "--snapshot", str(BEFORE))


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("kserve/kserve-controller:v1.2.0", ("KM102", "--kserve-version")),
        ("mirror:5000/controller@sha256:" + "a" * 64, ("KM104", "--kserve-version")),
    ],
)
def test_a_release_that_cannot_be_written_to(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, image: str, words: tuple[str, ...]
) -> None:
    folder = released(tmp_path, image)
    code, out, _ = run(capsys, "plan", *SET, "--snapshot", folder)
    assert code == 7
    for word in words:
        assert word in out, out
    code, _, error = run(capsys, "apply", *SET, "--snapshot", folder, "--dry-run=client")
    assert code == 7
    assert words[0] in error


@pytest.mark.parametrize("release", ["0.10.1", "0.20.0"])
def test_a_format_that_no_runtime_serves(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, release: str
) -> None:
    folder = released(tmp_path, f"kserve/kserve-controller:v{release}")
    words = ("sklearn: ", "a ClusterServingRuntime decides, and none serves it", "next: ")
    check(capsys, 7, words, "plan", *SET, "--snapshot", folder)


def test_the_release_can_be_given_where_it_cannot_be_detected(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = released(tmp_path, "mirror:5000/controller@sha256:" + "a" * 64)
    where = ("--snapshot", folder, "--kserve-version", "0.7.0")
    code, out, error = run(capsys, "plan", *SET, *where)
    assert code == 0, error
    assert "fraud/iris" in out


def test_images_from_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    images = [{"format": "sklearn", "image": "registry.example.com/ml/sklearnserver:v0.7.0"}]
    document = {"apiVersion": "kmigrate.dev/v1alpha1", "kind": "Desired", "images": images}
    file = tmp_path / "desired.yaml"
    file.write_text(yaml.safe_dump(document))
    where = ("--snapshot", str(BEFORE), "-o", "json")
    from_file = run(capsys, "plan", "-f", str(file), *where)
    from_flag = run(capsys, "plan", *SET, *where)
    assert from_file == from_flag
    assert from_file[0] == 0
    file.write_text("images: [")
    check(capsys, 64, ("desired.yaml",), "plan", "-f", str(file), *where)
    file.write_text(yaml.safe_dump({**document, "imgaes": []}))
    check(capsys, 64, ("imgaes",), "plan", "-f", str(file), *where)
