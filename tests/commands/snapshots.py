"""Running a verb in this process, on copies of the recorded snapshot that somebody changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate.__main__ import main

BEFORE = Path(__file__).parents[2] / "fixtures" / "demo" / "before"
SET = ("--set", "sklearn=registry.example.com/ml/sklearnserver:v0.7.0")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    said = capsys.readouterr()
    return code, said.out, said.err


def check(
    capsys: pytest.CaptureFixture[str], code: int, words: tuple[str, ...], *arguments: str
) -> None:
    """Run, and expect the exit code, an error with all the words, and nothing on stdout."""
    found, out, error = run(capsys, *arguments)
    assert (found, out) == (code, ""), error
    assert error.startswith("error: "), error
    for word in words:
        assert word in error, error


def changed(tmp_path: Path, predictors: Any) -> Path:
    """A copy of the snapshot with another value of `predictors`; None takes the key away."""
    folder = tmp_path / "snapshot"
    shutil.copytree(BEFORE, folder)
    file = folder / "kserve.yaml"
    document = yaml.safe_load(file.read_text())
    for item in document["items"]:
        if item["metadata"]["name"] == "inferenceservice-config":
            item["data"]["predictors"] = predictors
            if predictors is None:
                del item["data"]["predictors"]
    file.write_text(json.dumps(document))
    return folder


def saved(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Path:
    file = tmp_path / "plan.json"
    code, _, said = run(capsys, "plan", "--snapshot", str(BEFORE), *SET, "--out", str(file))
    assert code == 0, said
    return file


def grown(tmp_path: Path, **changes: Any) -> str:
    """A copy of the snapshot with one more service, like iris but for these fields."""
    folder = tmp_path / "grown"
    shutil.copytree(BEFORE, folder)
    file = folder / "services.yaml"
    document = yaml.safe_load(file.read_text())
    twin = next(i for i in document["items"] if i["metadata"]["name"] == "iris")
    twin = json.loads(json.dumps(twin))
    twin["metadata"].update({"name": "late", **changes})
    document["items"].append(twin)
    file.write_text(json.dumps(document))
    return str(folder)


def edited(tmp_path: Path, key: str, before: str, after: str) -> Path:
    """A copy of the snapshot in which somebody edited a key of the ConfigMap."""
    folder = tmp_path / "edited"
    shutil.copytree(BEFORE, folder)
    file = folder / "kserve.yaml"
    document = yaml.safe_load(file.read_text())
    for item in document["items"]:
        if item["metadata"]["name"] == "inferenceservice-config":
            assert before in item["data"][key]
            item["data"][key] = item["data"][key].replace(before, after)
    file.write_text(json.dumps(document))
    return folder


def released(tmp_path: Path, image: str) -> str:
    """A copy of the snapshot whose controller has another image."""
    folder = tmp_path / "released"
    shutil.copytree(BEFORE, folder)
    file = folder / "kserve.yaml"
    text = file.read_text()
    assert "kserve/kserve-controller:v0.7.0" in text
    file.write_text(text.replace("kserve/kserve-controller:v0.7.0", image))
    return str(folder)
