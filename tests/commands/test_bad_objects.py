"""Objects as nobody should write them: each gets an explanation or a finding, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.snapshots import run

Json = dict[str, Any]
SKLEARN = {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://m/x"}
CONTAINER = {"name": "kserve-container", "image": "a/server:1", "args": ["--model_name={{.Name}}"]}
FORMATS = [{"name": "sklearn", "version": "1", "autoSelect": True}]
META = {"name": "iris", "namespace": "team", "finalizers": ["inferenceservice.finalizers"]}


def service(predictor: Json, **metadata: Any) -> Json:
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {**META, **metadata},
        "spec": {"predictor": predictor},
    }


def runtime(name: str = "ours", **spec: Any) -> Json:
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": {"name": name, "namespace": "team"},
        "spec": {"supportedModelFormats": FORMATS, "containers": [CONTAINER], **spec},
    }


def folder(path: Path, release: str, *items: Json) -> str:
    config = {"name": "inferenceservice-config", "namespace": "kserve"}
    controller = {"name": "manager", "image": f"kserve/kserve-controller:v{release}"}
    pods = {"template": {"spec": {"containers": [controller]}}}
    meta = {"name": "kserve-controller-manager", "namespace": "kserve"}
    known = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": config, "data": {}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": pods},
    ]
    (path / "all.json").write_text(json.dumps({"kind": "List", "items": [*known, *items]}))
    return str(path)


def container(**changes: Any) -> Json:
    return runtime(containers=[{**CONTAINER, **changes}])


IRIS = service({"model": SKLEARN})
CASES: dict[str, tuple[str, tuple[Json, ...], tuple[str, ...]]] = {
    "no containers": ("0.15.2", (IRIS, runtime(containers=[])), ("broken", "has no containers")),
    "several containers": (
        "0.15.2",
        (IRIS, runtime(containers=[{"name": "sidecar", "image": "b:1"}, CONTAINER])),
        ("a/server:1",),
    ),
    "several containers, the first counts": (
        "0.9.0",
        (IRIS, runtime(containers=[{"name": "sidecar", "image": "b:1"}, CONTAINER])),
        ("image:     b:1",),
    ),
    "no kserve-container": (
        "0.15.2",
        (IRIS, container(name="server")),
        ("broken", "no container named kserve-container"),
    ),
    "two frameworks": (
        "0.9.0",
        (service({"sklearn": {}, "xgboost": {}}), runtime()),
        ("cannot-tell", "says twice"),
    ),
    "unknown format": (
        "0.15.2",
        (service({"model": {"modelFormat": {"name": "cobol"}}}), runtime()),
        ("broken", "does not serve cobol"),
    ),
    "no format": ("0.15.2", (service({"model": {}}), runtime()), ("broken",)),
    "another way to write a version": (
        "0.15.2",
        (service({"model": {"modelFormat": {"name": "sklearn", "version": "1.0"}}}), runtime()),
        ("broken", "version '1.0'"),
    ),
    "an empty image": ("0.15.2", (IRIS, container(image="")), ("broken", "no image")),
    "an image with a space": ("0.15.2", (IRIS, container(image="a b")), ("broken", "white space")),
    "an image in capitals": ("0.15.2", (IRIS, container(image="A/B:1")), ("broken", "capital")),
    "a broken template": (
        "0.15.2",
        (IRIS, container(args=["--x={{.Name"])),
        ("broken", "not closed"),
    ),
    "a template for Go alone": (
        "0.15.2",
        (IRIS, container(args=["{{range .Finalizers}}x{{end}}"])),
        ("cannot-tell", "only Go"),
    ),
    "a field that metadata has not": (
        "0.15.2",
        (IRIS, container(args=["{{.Colour}}"])),
        ("broken", "no such field"),
    ),
    "unknown fields": (
        "0.15.2",
        (service({"model": {**SKLEARN, "new": {"x": 1}}, "other": []}), runtime(extra=True)),
        ("a/server:1",),
    ),
    "being deleted": (
        "0.15.2",
        (service({"model": SKLEARN}, deletionTimestamp="2026-01-01T00:00:00Z"), runtime()),
        ("not-reconciled", "being deleted"),
    ),
    "nothing to serve": ("0.15.2", (service({}), runtime()), ("broken", "nothing")),
    "nulls": (
        "0.15.2",
        (
            service({"model": {**SKLEARN, "args": None, "env": None, "resources": None}}),
            container(env=None, args=None, resources=None),
        ),
        ("a/server:1",),
    ),
    "disabled, and named": (
        "0.15.2",
        (service({"model": {**SKLEARN, "runtime": "ours"}}), runtime(disabled=True)),
        ("broken", "disabled"),
    ),
    "a namespace full of runtimes": (
        "0.15.2",
        (IRIS, *(runtime(f"runtime-{number:04}") for number in range(5000))),
        ("cannot-tell", "no order is kept"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_is_explained(capsys: pytest.CaptureFixture[str], tmp_path: Path, case: str) -> None:
    release, items, words = CASES[case]
    code, out, error = run(
        capsys, "explain", "team/iris", "--snapshot", folder(tmp_path, release, *items)
    )
    assert (code, error) == (0, "")
    text = " ".join(out.split())
    for word in words:
        assert " ".join(word.split()) in text


@pytest.mark.parametrize("case", CASES)
def test_is_checked(capsys: pytest.CaptureFixture[str], tmp_path: Path, case: str) -> None:
    release, items, words = CASES[case]
    code, out, error = run(
        capsys, "check", "--snapshot", folder(tmp_path, release, *items), "-o", "json"
    )
    assert error == ""
    found = [one for one in json.loads(out)["findings"] if one["code"] != "KM407"]
    refs = [ref["name"] for one in found for ref in one["objects"]]
    assert code == (7 if "broken" in words else 0)
    if words[0] in ("broken", "cannot-tell"):
        assert "iris" in refs


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (service({"model": {"modelFormat": {"name": "sklearn", "version": 1}}}), "version"),
        (service({"model": {**SKLEARN, "args": "--x"}}), "args"),
        (runtime(containers="none"), "containers"),
    ],
)
def test_what_no_api_server_stores_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, item: Json, words: str
) -> None:
    at = folder(tmp_path, "0.15.2", item)
    code, out, error = run(capsys, "check", "--snapshot", at)
    assert (code, out) == (7, "")
    assert words in error
    assert item["metadata"]["name"] in error
