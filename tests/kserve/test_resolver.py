"""What the controller does before it asks for an image: ``Reconcile`` in ``controller.go``."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.config import Config
from migrate.kserve.predictors import decode
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.resolver import left_alone, resolve
from migrate.kserve.runtimes import Runtimes
from migrate.kserve.services import Condition, InferenceService, ServiceStatus
from migrate.kserve.storage import StorageContainer
from tests.kserve.release import rules, runtime, service

MODE, STOP = "serving.kserve.io/deploymentMode", "serving.kserve.io/stop"
KEEP = "serving.kserve.io/disable-auto-update"
BROKEN, CANNOT_TELL = Verdict.BROKEN, Verdict.CANNOT_TELL
MODEL = {"modelFormat": {"name": "sklearn"}}


def config(release: str, mode: str = "Knative", **more: Any) -> Config:
    known = rules(release)
    found = [] if release == "0.7" else [runtime("sklearn", "x:1")]
    return Config(known, decode("{}", known), Runtimes(found), mode, **more)


def told(release: str, predictor: dict[str, Any], mode: str = "Knative", **meta: Any) -> Resolution:
    return resolve(service(predictor, **meta), config(release, mode))


def ready(of: InferenceService, *conditions: tuple[str, str], mode: str = "") -> InferenceService:
    listed = [Condition(kind, status) for kind, status in conditions]
    status = ServiceStatus(deployment_mode=mode, conditions=listed)
    return msgspec.structs.replace(of, status=status)


def test_what_is_being_deleted_is_left_alone() -> None:
    found = told("0.20", {"model": MODEL}, deletionTimestamp="2026-01-01T00:00:00Z")
    assert (found.verdict, found.image) == (Verdict.NOT_RECONCILED, None)
    assert (found.reason, found.rules) == ("the service is being deleted", ("left alone",))


@pytest.mark.parametrize("release", ["0.8", "0.20"])
def test_what_model_mesh_serves_is_left_alone(release: str) -> None:
    for found in (
        told(release, {"model": MODEL}, annotations={MODE: "ModelMesh"}),
        told(release, {"model": MODEL}, "ModelMesh"),
    ):
        assert found.verdict is Verdict.NOT_RECONCILED
        assert "ModelMesh" in found.reason


@pytest.mark.parametrize(
    ("release", "value", "conditions", "kept"),
    [
        ("0.16", "true", [("Ready", "True")], True),
        ("0.16", "true", [("Other", "False"), ("Ready", "True")], True),
        ("0.15", "true", [("Ready", "True")], False),
        ("0.16", "True", [("Ready", "True")], False),
        ("0.16", "false", [("Ready", "True")], False),
        ("0.16", "true", [("Ready", "False")], False),
        ("0.16", "true", [("Ready", "Unknown")], False),
        ("0.16", "true", [("PredictorReady", "True")], False),
        ("0.16", "true", [], False),
    ],
)
def test_disable_auto_update_keeps_what_is_ready_from_0_16_on(
    release: str, value: str, conditions: list[tuple[str, str]], kept: bool
) -> None:
    """``controller.go:205-211`` of 0.16.0."""
    of = ready(service({"model": MODEL}, annotations={KEEP: value}), *conditions)
    assert bool(left_alone(of, config(release))) is kept


@pytest.mark.parametrize(
    ("release", "mode", "stopped"),
    [
        ("0.14", "Knative", False),
        ("0.15", "Knative", True),
        ("0.15", "Standard", False),
        ("0.16", "Standard", True),
        ("0.20", "Knative", True),
    ],
)
def test_a_stopped_service_has_no_workload(release: str, mode: str, stopped: bool) -> None:
    """In Knative mode from 0.15 on, in both from 0.16 on."""
    for value in ("true", "True", "TRUE"):
        found = left_alone(service({}, annotations={STOP: value}), config(release, mode))
        assert bool(found) is stopped
    for value in ("false", "", "yes"):
        assert not left_alone(service({}, annotations={STOP: value}), config(release, mode))


NOTHING = [
    ("0.20", {}),
    ("0.20", {"containers": []}),
    ("0.7", {"model": MODEL}),
    ("0.11", {"huggingface": {}}),
]


@pytest.mark.parametrize(("release", "predictor"), NOTHING)
def test_a_predictor_without_anything_that_is_known(
    release: str, predictor: dict[str, Any]
) -> None:
    found = told(release, predictor)
    assert (found.verdict, found.image) == (BROKEN, None)
    assert "nothing" in found.reason
    assert release in found.reason


def test_a_predictor_that_says_twice_what_to_run() -> None:
    assert told("0.20", {"model": MODEL, "sklearn": {}}).verdict is CANNOT_TELL


OWN = [{"name": "side", "image": "side:1"}, {"name": "kserve-container", "image": "own:1"}]


@pytest.mark.parametrize(("release", "image"), [("0.7", "side:1"), ("0.11", "side:1")])
def test_the_first_of_its_own_containers_is_the_model(release: str, image: str) -> None:
    found = told(release, {"containers": OWN})
    assert (found.image, found.verdict) == (image, Verdict.CUSTOM)
    assert told(release, {"containers": [{"name": "x"}]}).image == ""


@pytest.mark.parametrize("release", ["0.12", "0.20"])
def test_from_0_12_on_it_is_the_one_named_so(release: str) -> None:
    """``GetContainer`` in ``predictor_custom.go`` of 0.12.1."""
    found = told(release, {"containers": OWN[::-1], "labels": {"l": "1"}})
    assert (found.image, found.verdict) == ("own:1", Verdict.CUSTOM)
    assert found.pod is not None
    assert [c["name"] for c in found.pod.containers] == ["kserve-container", "side"]
    assert found.pod.labels == {"l": "1"}
    second = told(release, {"containers": OWN})
    assert (second.image, second.verdict) == (None, BROKEN)
    assert "not its first container" in second.reason
    without = told(release, {"containers": OWN[:1]})
    assert (without.image, without.verdict) == (None, BROKEN)
    assert "no container is named kserve-container" in without.reason


@pytest.mark.parametrize(("release", "verdict"), [("0.14", Verdict.CUSTOM), ("0.15", BROKEN)])
def test_workers_need_a_runtime(release: str, verdict: Verdict) -> None:
    assert told(release, {"containers": OWN[::-1], "workerSpec": {}}).verdict is verdict


@pytest.mark.parametrize("release", ["0.8", "0.9", "0.20"])
def test_a_model_at_two_places_is_refused_from_0_9_on(release: str) -> None:
    twice = {"storageUri": "gs://m", "storage": {"path": "p"}}
    found = told(release, {"model": {**MODEL, **twice}})
    assert (found.verdict is BROKEN) is (release != "0.8")
    field = told(release, {"sklearn": {**twice, "runtimeVersion": "1"}})
    assert ("takes only one" in field.reason) is (release != "0.8")


@pytest.mark.parametrize("release", ["0.9", "0.10"])
def test_a_strange_uri_is_refused_at_a_write_up_to_0_10(release: str) -> None:
    """The webhook looks at it, at the first reconcile too; the controller does not."""
    found = told(release, {"model": {**MODEL, "storageUri": "odd://m"}}, finalizers=[])
    assert (found.verdict, found.image) == (BROKEN, None)
    assert "storageUri" in found.reason
    assert told(release, {"model": {**MODEL, "storageUri": "odd://m"}}).image == "x:1"


@pytest.mark.parametrize("release", ["0.11", "0.20"])
@pytest.mark.parametrize("finalizers", [[], ["inferenceservice.finalizers"]])
def test_a_strange_uri_needs_a_storage_container_from_0_11_on(
    release: str, finalizers: list[str]
) -> None:
    """``ValidateStorageURI`` in ``components/predictor.go`` of 0.11.2."""
    of = service({"model": {**MODEL, "storageUri": "odd://m"}}, finalizers=finalizers)
    assert resolve(of, config(release)).verdict is CANNOT_TELL
    refused = resolve(of, config(release, storage=()))
    assert refused.verdict is BROKEN
    assert "odd://m" in refused.reason
    taken = {"metadata": {"name": "c"}, "spec": {"supportedUriFormats": [{"prefix": "odd://"}]}}
    containers = (msgspec.convert(taken, StorageContainer),)
    assert resolve(of, config(release, storage=containers)).image == "x:1"


def test_own_containers_say_it_by_a_variable() -> None:
    """``GetStorageUri`` in ``predictor_custom.go``."""
    for name, verdict in (("STORAGE_URI", BROKEN), ("OTHER", Verdict.CUSTOM)):
        env = [{"name": "A", "value": "odd://a"}, {"name": name, "value": "odd://m"}]
        of = service({"containers": [{**OWN[1], "env": env}]})
        found = resolve(of, config("0.20", storage=()))
        assert found.verdict is verdict
        assert ("odd://m" in found.reason) is (verdict is BROKEN)


def test_a_mode_needs_what_it_is_made_of() -> None:
    without = config("0.20", has_knative=False)
    found = resolve(service({"model": MODEL}), without)
    assert (found.verdict, found.image) == (BROKEN, None)
    assert "not installed" in found.reason
    raw = config("0.20", "Standard", has_knative=False)
    assert resolve(service({"model": MODEL}), raw).image == "x:1"


ANNOTATED = [
    ("0.17", {MODE: "Knative"}, {}, True),
    ("0.17", {MODE: "Serverless"}, {}, True),
    ("0.17", {MODE: "Standard"}, {}, False),
    ("0.17", {MODE: "RawDeployment"}, {}, False),
    ("0.17", {MODE: ""}, {}, False),
    ("0.17", {}, {}, False),
    ("0.17", {MODE: "Standard"}, {MODE: "Knative"}, True),
    ("0.17", {MODE: "Knative"}, {MODE: "Standard"}, False),
    ("0.17", {MODE: "Knative"}, {"other": "x"}, True),
    ("0.16", {MODE: "Knative"}, {}, False),
]


@pytest.mark.parametrize(("release", "meta", "own", "broken"), ANNOTATED)
def test_the_annotation_is_asked_again_for_a_deployment_from_0_17_on(
    release: str, meta: dict[str, str], own: dict[str, str], broken: bool
) -> None:
    """``raw_kube_reconciler.go:177`` of 0.17.0; the status says Standard."""
    of = service({"model": MODEL, "annotations": own}, annotations=meta)
    found = resolve(ready(of, mode="Standard"), config(release))
    assert (found.verdict is BROKEN) is broken
    assert ("makes no Deployment" in found.reason) is broken
    knative = resolve(ready(of, mode="Knative"), config(release))
    assert knative.verdict is Verdict.RESOLVED


@pytest.mark.parametrize("release", ["0.9", "0.20"])
def test_the_first_reconcile_converts_and_so_needs_a_runtime(release: str) -> None:
    of = service({"sklearn": {}}, finalizers=[])
    assert resolve(of, config(release)).image == "x:1"
    marked = resolve(service({"sklearn": {}}), config(release))
    assert marked.runtime is None
