"""The pods of a model: ``buildPodSpec`` in ``components/predictor.go``, 0.8 to 0.20."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.kserve.config import Config
from migrate.kserve.predictors import decode
from migrate.kserve.resolution import Resolution
from migrate.kserve.resolver import resolve
from migrate.kserve.runtimes import Runtime, Runtimes
from tests.kserve.release import rules, runtime, service

FORMAT = {"modelFormat": {"name": "sklearn"}}


def told(
    release: str,
    model: dict[str, Any],
    *runtimes: Runtime,
    predictor: dict[str, Any] | None = None,
    meta: dict[str, Any] | None = None,
    mode: str = "Knative",
    **config: Any,
) -> Resolution:
    of = service({"model": {**FORMAT, **model}, **(predictor or {})}, **(meta or {}))
    known = rules(release)
    return resolve(of, Config(known, decode("{}", known), Runtimes(runtimes), mode, **config))


def one(name: str = "ours", namespace: str = "", image: str = "x:1", **spec: Any) -> Runtime:
    return runtime("sklearn", image, name, namespace, **spec)


def env(found: Resolution) -> dict[str, Any]:
    assert found.pod is not None
    return {item["name"]: item["value"] for item in found.pod.container.get("env", [])}


def test_placeholders_see_the_labels_of_the_server() -> None:
    container = {"name": "kserve-container", "image": "x:1", "args": ["{{.Labels.modelClass}}"]}
    mlserver = one("kserve-mlserver", containers=[container])
    found = told("0.16", {"runtime": "kserve-mlserver"}, mlserver)
    assert found.pod is not None
    assert found.pod.container["args"] == ["mlserver_sklearn.SKLearnModel"]
    assert found.pod.labels["modelClass"] == "mlserver_sklearn.SKLearnModel"


@pytest.mark.parametrize(("release", "called"), [("0.10", "kserve-container"), ("0.20", "own")])
def test_up_to_0_10_the_container_gets_its_name(release: str, called: str) -> None:
    containers = [{"name": "kserve-container", "image": "x:1"}]
    found = told(release, {"name": "own"}, one(containers=containers))
    assert found.pod is not None
    assert found.pod.container["name"] == called


def test_every_container_is_told_the_name_from_0_17_on() -> None:
    containers = [{"name": "kserve-container", "image": "x:1"}, {"name": "side"}]
    for release, named in (("0.16", None), ("0.17", "s")):
        found = told(release, {}, one(containers=containers))
        assert found.pod is not None
        for container in found.pod.containers:
            values = {item["name"]: item["value"] for item in container.get("env", [])}
            assert values.get("INFERENCE_SERVICE_NAME") == named


@pytest.mark.parametrize(("mode", "label"), [("Knative", None), ("Standard", "cluster-local")])
def test_labels_are_hidden_from_the_pods_of_knative_alone(mode: str, label: str | None) -> None:
    key, meta = "networking.knative.dev/visibility", {"runtime": "r", "annotation": "a"}
    found = told(
        "0.15",
        {},
        one(labels={"l": "runtime"}, annotations={"a": "runtime", "hidden": "x"}),
        meta={"labels": {key: "cluster-local"}, "annotations": meta},
        mode=mode,
        hidden=frozenset({"hidden"}),
    )
    assert found.pod is not None
    assert (found.pod.labels.get(key), found.pod.labels["l"]) == (label, "runtime")
    assert found.pod.annotations == {"a": "runtime", **meta}


def test_fields_of_the_pod_come_from_both() -> None:
    found = told("0.20", {}, one(nodeSelector={"r": "1"}), predictor={"nodeSelector": {"s": "1"}})
    assert found.pod is not None
    assert found.pod.fields == {"nodeSelector": {"r": "1", "s": "1"}}


WORKERS = {"containers": [{"name": "worker-container", "image": "w:1"}]}


@pytest.mark.parametrize("release", ["0.14", "0.15"])
@pytest.mark.parametrize("mode", ["Knative", "Standard"])
def test_workers_are_made_in_standard_mode_from_0_15_on(release: str, mode: str) -> None:
    many = one(workerSpec=WORKERS)
    uri = {"storageUri": "pvc://c"}
    found = told(release, uri, many, predictor={"workerSpec": {}}, mode=mode)
    assert found.image == "x:1"
    assert (found.workers is not None) is ((release, mode) == ("0.15", "Standard"))
    assert ("MODEL_DIR" in env(found)) is (release == "0.15")
    assert found.pod is not None
    assert ("resources" in found.pod.container) is (found.workers is not None)
