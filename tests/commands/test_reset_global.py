"""`--reset-global` as a person calls it, on the recorded snapshot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.commands.snapshots import BEFORE, changed, check, run

RESET = "--reset-global"


def predictors(**images: str) -> str:
    """Those of the snapshot with other images; of nested entries the one of v1."""
    for item in yaml.safe_load((BEFORE / "kserve.yaml").read_text())["items"]:
        if item["metadata"]["name"] == "inferenceservice-config":
            found = json.loads(item["data"]["predictors"])
    for name, image in images.items():
        found[name].get("v1", found[name])["image"] = image
    return json.dumps(found)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("-n", "fraud"), ("cannot be narrowed", "leave out -n")),
        (("-l", "a=b"), ("cannot be narrowed",)),
        (("--format", "sklearn"), ("cannot be narrowed",)),
        (("--repin",), ("writes to no InferenceService",)),
    ],
)
@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_a_reset_is_global(
    capsys: pytest.CaptureFixture[str], verb: str, flags: tuple[str, ...], words: tuple[str, ...]
) -> None:
    check(capsys, 64, words, verb, "--snapshot", str(BEFORE), RESET, *flags)


def test_what_is_stock_needs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, error = run(capsys, "plan", "--snapshot", str(BEFORE), RESET, "-A")
    assert code == 0, error
    assert "Plan: 0 writes, 0 controller restarts; 0 of 4 InferenceServices restart" in out


def test_what_nobody_uses_is_set_back(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = str(changed(tmp_path, predictors(onnx="x/onnx")))
    file = tmp_path / "plan.json"
    code, out, error = run(capsys, "plan", "--snapshot", folder, RESET, "--out", str(file))
    assert code == 0, error
    assert '"x/onnx"' in out
    assert '+ "mcr.microsoft.com/onnxruntime/server"' in out
    assert "as KServe 0.7.0 ships it" in out
    saved = json.loads(file.read_text())["plan"]
    assert saved["strategy"] == "reset-global"
    assert [s.get("activations", []) for s in saved["apply"]] == [[]]
    code, out, error = run(capsys, "status", str(file), "--offline")
    assert code == 0, error
    assert "--reset-global" in out
    code, out, error = run(capsys, "apply", str(file), "--snapshot", folder, "--dry-run=client")
    assert code == 0, error
    assert "/data/predictors: byte for byte as planned" in out


def test_who_uses_it_is_named_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    flags = ("--snapshot", str(BEFORE.with_name("after")), RESET, "--dry-run=client", "--yes")
    code, out, error = run(capsys, "apply", *flags)
    assert (code, out) == (7, "")
    assert "error KM260" in error
    assert "fraud/iris" in error
    code, out, error = run(capsys, "apply", *flags, "--accept", "KM260")
    assert code == 0, error
    assert "/data/predictors: byte for byte as planned" in out


def test_a_reset_is_rendered(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = str(changed(tmp_path, predictors(onnx="x/onnx")))
    files = tmp_path / "files"
    code, _, error = run(capsys, "plan", "--snapshot", folder, RESET, "--render", str(files))
    assert code == 0, error
    text = (files / "manifests" / "configmap.inferenceservice-config.yaml").read_text()
    assert "mcr.microsoft.com/onnxruntime/server" in text
