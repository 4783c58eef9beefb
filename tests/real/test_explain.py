"""explain and check on real clusters: what they tell is what the controller writes."""

from __future__ import annotations

import json
import os

import pytest

from migrate.catalog.fingerprints import SCHEMA_FACTS
from migrate.kserve.detection import detect_release
from migrate.kserve.fingerprint import Fit, fitting
from tests.real.cli import kmigrate
from tests.testbed.kserve import SERVING, KServe
from tests.testbed.releases import RELEASES

TRIED = ("0.9.0", "0.15.2", "0.20.0")
WHY = "set KMIGRATE_TESTBED_ALL=1 to try the releases that no other test needs"
ALL = [
    pytest.param(
        release,
        marks=pytest.mark.skipif(
            release not in TRIED and not os.environ.get("KMIGRATE_TESTBED_ALL"), reason=WHY
        ),
    )
    for release in RELEASES
    if release != "0.7.0"
]
everywhere = pytest.mark.parametrize("kserve_cluster", ALL, indirect=True)


@everywhere
def test_a_stock_installation_has_no_error(kserve_cluster: KServe) -> None:
    done = kmigrate(kserve_cluster.admin, "check", "-o", "json")
    document = json.loads(done.stdout)
    assert document["release"] == kserve_cluster.release.version
    assert document["runtimes"] >= 9
    assert [one for one in document["findings"] if one["severity"] == "error"] == []


@everywhere
def test_tells_what_the_controller_writes(kserve_cluster: KServe, namespace: str) -> None:
    model = {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://models/iris"}
    kserve_cluster.api.create(
        {
            "apiVersion": SERVING,
            "kind": "InferenceService",
            "metadata": {"name": "iris", "namespace": namespace, "annotations": {"team": "red"}},
            "spec": {"predictor": {"model": {**model, "args": ["--workers=2"]}}},
        }
    )
    written = kserve_cluster.wait_predictor(namespace, "iris")
    container = written["spec"]["template"]["spec"]["containers"][0]
    done = kmigrate(kserve_cluster.admin, "explain", f"{namespace}/iris", "-o", "json")
    told = json.loads(done.stdout)
    assert told["next"]["container"]["image"] == container["image"]
    assert [arg["value"] for arg in told["next"]["container"]["args"]] == container["args"]
    assert told["changes"] == []
    assert told["now"]["workload"]["name"] == written["metadata"]["name"]


@everywhere
def test_tells_the_release_where_the_image_does_not(kserve_cluster: KServe) -> None:
    api = kserve_cluster.api
    config = api.get("v1", "ConfigMap", "inferenceservice-config", "kserve")
    found = {
        name: api.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
        for name in SCHEMA_FACTS
    }
    assert config is not None

    def fit() -> Fit:
        return fitting({name: crd for name, crd in found.items() if crd}, config["data"])

    told = detect_release("", ["mirror.example/kserve-controller:latest"], fit)
    running = RELEASES[kserve_cluster.release.version].manifests.removeprefix("v")
    assert str(told.release).rpartition(".")[0] == ".".join(running.split(".")[:2])
