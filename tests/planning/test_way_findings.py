"""What is found at a step, with what to do; and that nothing is told twice."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec

from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.objects import Manifest, ref_of
from migrate.planning.check.check import check
from migrate.planning.check.waychanges import Why
from migrate.planning.model.plan import Severity
from migrate.planning.world.copies import copy_of
from migrate.planning.world.snapshot import Snapshot
from tests.planning.converting import SKLEARN, old
from tests.planning.copies import OVER, cluster, isvc, own
from tests.planning.upgrades import direct, objects, rows, told, way
from tests.planning.upgrading import seven

RAW = {"serving.kserve.io/deploymentMode": "RawDeployment"}
HELM = {
    "annotations": {
        "meta.helm.sh/release-name": "kserve",
        "meta.helm.sh/release-namespace": "kserve",
    },
    "labels": {"app.kubernetes.io/managed-by": "Helm"},
}
OPERATOR = {"labels": {"platform.opendatahub.io/part-of": "kserve"}}


def with_own(found: Snapshot, *manifests: Manifest) -> Snapshot:
    records = [msgspec.convert(one, Runtime) for one in manifests]
    whole = {ref_of(one): one for one in manifests}
    runtimes = Runtimes([*found.runtimes.everywhere, *records])
    return replace(found, runtimes=runtimes, originals={**found.originals, **whole})


def test_a_lost_override_names_image_services_and_command() -> None:
    found = seven(old("iris"), old("prices", "xgboost"), sklearn_v1=SKLEARN)
    (one,) = told(found, way(found, "0.9.0"), "KM501")
    assert one.severity is Severity.ERROR
    assert one.text == (
        "0.7.0 to 0.8.0: the manifests put predictors back: "
        f"{SKLEARN}:v0.7.0 becomes kserve/sklearnserver:v0.7.0"
    )
    assert one.fix == "before this step: kmigrate plan --target 0.8.0"
    assert objects([one]) == ["iris"]


def test_a_lost_edit_names_the_runtime() -> None:
    found = cluster("0.11.2", isvc("iris"), isvc("trees", "lightgbm"))
    (one,) = told(found, way(found, "0.12.1"), "KM502")
    assert "ClusterServingRuntime kserve-sklearnserver back" in one.text
    assert f"{OVER} becomes kserve/sklearnserver:v0.12.1" in one.text
    assert objects([one]) == ["iris"]
    (released,) = told(found, way(found, "0.12.1"), "KM510")
    assert objects([released]) == ["trees"]


def test_no_image_says_where_to_convert() -> None:
    found = seven(old("iris"), old("torch", "pytorch", runtimeVersion="0.4.1"))
    step = way(found, "0.10.2")
    fixes = {one.text.partition(":")[0]: one.fix for one in told(found, step, "KM503")}
    assert set(fixes) == {"0.7.0 to 0.8.0", "0.9.0 to 0.10.2"}
    assert "kmigrate plan --target 0.8.0" in fixes["0.7.0 to 0.8.0"]
    assert fixes["0.9.0 to 0.10.2"] == "before this step: kmigrate plan --target 0.10.2"
    (one,) = told(found, (direct(found, "0.10.2"),), "KM503")
    assert "kmigrate check --target 0.10.2 --via 0.9.0" in one.fix
    assert "kmigrate plan --target 0.10.2 on 0.9.0" in one.fix


def test_the_patch_of_a_service_that_would_have_no_runtime_keeps_it_on_its_own() -> None:
    services = (isvc("a", "triton"), isvc("b", "mlflow"))
    found = cluster("0.10.1", *services, images={})
    broken = told(found, (direct(found, "0.11.2"),), "KM503")
    assert "no image is written: no runtime serves 'mlflow' as asked" in broken[0].text
    fixes = {one.objects[0].name: one.fix for one in broken}
    patched = [with_patch(one, fixes[one["metadata"]["name"]]) for one in services]
    step = direct(cluster("0.10.1", *patched, images={}), "0.11.2")
    assert {name: row.why for name, row in rows(step).items()} == {
        "a": Why.RELEASED,
        "b": Why.RELEASED,
    }
    assert all(not row.is_other_runtime for row in step.rows())


def with_patch(manifest: dict[str, Any], fix: str) -> dict[str, Any]:
    """The service as the command of the finding leaves it."""
    patch = json.loads(fix.partition("-p '")[2].rstrip("'"))
    model = manifest["spec"]["predictor"]["model"] | patch["spec"]["predictor"]["model"]
    return {**manifest, "spec": {"predictor": {"model": model}}}


def test_an_image_of_its_own_loses_what_kserve_wrote() -> None:
    found = seven(old("mine", image="my/sklearn:1"))
    (one,) = told(found, way(found, "0.10.2"), "KM504")
    assert "--model_name" in one.text
    assert objects([one]) == ["mine"]


def test_a_digest_that_a_release_mangles_is_told_at_its_step() -> None:
    """``UpdateImageTag`` of 0.8 cuts at the first colon, that of 0.9 behind the last."""
    spec = {
        "containers": [{"name": "kserve-container", "image": "tensorflow/serving"}],
        "supportedModelFormats": [{"name": "mine", "autoSelect": True}],
    }
    mine = own("kserve-tensorflow-serving", "mine", spec=spec)
    gpu = {"limits": {"nvidia.com/gpu": "1"}}
    digest = f"tensorflow/serving@sha256:{'a' * 64}"
    mine["spec"]["containers"][0]["image"] = digest
    found = cluster("0.9.0", isvc("big", "mine", resources=gpu), own=(mine,), images={})
    (one,) = told(found, way(found, "0.10.1"), "KM505")
    assert one.text.startswith("0.9.0 to 0.10.1: ")
    assert digest in one.text
    assert objects([one]) == ["big"]
    # The last release would say the same under another code.
    assert told(found, way(found, "0.10.1"), "KM402") == []


def test_another_runtime_is_a_warning_with_the_patch_that_keeps_it() -> None:
    found = cluster("0.8.0", isvc("iris", protocolVersion="v2"), images={})
    (one,) = told(found, way(found, "0.9.0"), "KM506")
    assert one.severity is Severity.WARNING
    assert "kserve-mlserver in place of ClusterServingRuntime kserve-sklearnserver" in one.text
    assert '"runtime":"kserve-sklearnserver"' in one.fix


def test_a_pin_behind_another_repository_is_told_once() -> None:
    found = cluster("0.8.0", isvc("net", "pytorch", runtimeVersion="0.5.3"), images={})
    (one,) = told(found, way(found, "0.9.0"), "KM507")
    assert "pytorch/torchserve-kfs:0.5.3" in one.text
    assert told(found, way(found, "0.9.0"), "KM403") == []


def test_equal_priorities_are_told_at_the_step_to_the_webhook_that_refuses_them() -> None:
    both = (own(name, "mine", spec={"protocolVersions": ["v1"]}) for name in "ab")
    found = with_own(cluster("0.9.0"), *both)
    (one,) = told(found, way(found, "0.12.1"), "KM508")
    assert one.text == (
        "0.10.2 to 0.11.2: the webhook of KServe 0.11.2 refuses any write to them: "
        "ServingRuntime team/a, since ServingRuntime team/b has the same priority for mine"
    )
    assert objects([one]) == ["a", "b"]
    assert told(found, way(found, "0.12.1"), "KM404") == []


def test_models_that_meet_another_library_are_told() -> None:
    found = cluster("0.9.0", isvc("iris"), images={})
    several = told(found, (direct(found, "0.20.0"),), "KM509")
    assert {one.text.split()[3] for one in several} == {"python", "scikit-learn"}
    assert all("(source: " in one.text and objects([one]) == ["iris"] for one in several)
    same = cluster("0.9.0", isvc("iris", image="own/sklearn:1"), images={})
    assert told(same, (direct(same, "0.20.0"),), "KM509") == []


def test_other_pods_with_the_same_image_are_told_with_what_differs() -> None:
    found = cluster("0.16.0", isvc("flow", "tensorflow"), images={})
    (one,) = told(found, way(found, "0.17.0"), "KM511")
    assert one.severity is Severity.INFO
    assert "env INFERENCE_SERVICE_NAME" in one.text


def test_a_copy_of_ours_falls_behind_at_the_step_that_changes_its_source() -> None:
    found = cluster("0.11.2", isvc("iris"))
    sources = {ref.name: one for ref, one in found.originals.items()}
    copies = [
        copy_of(sources[name], "team", found.release)
        for name in ("kserve-sklearnserver", "kserve-tensorflow-serving")
    ]
    found = with_own(found, *copies)
    behind = told(found, way(found, "0.14.1"), "KM512")
    assert [(one.text.partition(":")[0], objects([one])) for one in behind] == [
        ("0.11.2 to 0.12.1", ["kserve-sklearnserver"]),
        ("0.13.1 to 0.14.1", ["kserve-tensorflow-serving"]),
    ]


def test_name_keyed_defaults_are_told_at_the_step_that_loses_them() -> None:
    """From 0.17 on the annotation comes before the name."""
    env = [{"name": "MLSERVER_MODEL_IMPLEMENTATION", "value": "{{.Labels.modelClass}}"}]
    other = {"serving.kserve.io/server-type": "vllmserver"}
    mine = own("kserve-mlserver", "mine", annotations=other)
    mine["spec"]["containers"][0]["env"] = env
    long_lost = own("mine", "yours")
    long_lost["spec"]["containers"][0]["env"] = env
    found = with_own(cluster("0.15.2"), mine, long_lost)
    lost = told(found, way(found, "0.18.1"), "KM408")
    assert [(one.text.partition(": ")[0], objects([one])) for one in lost] == [
        ("0.16.0 to 0.17.1", ["kserve-mlserver"]),
        ("ServingRuntime team/mine asks for modelClass", ["mine"]),
    ]


def test_a_runtime_that_sets_pythonpath_is_told_of_the_last_release() -> None:
    mine = own("mine", "mine")
    mine["spec"]["containers"][0]["env"] = [{"name": "PYTHONPATH", "value": "/x"}]
    found = with_own(cluster("0.17.0"), mine)
    assert told(found, way(found, "0.18.1"), "KM508") == []
    assert objects(told(found, way(found, "0.18.1"), "KM412")) == ["mine"]


def test_what_cannot_be_told_any_more_is_told_once() -> None:
    formats = {"supportedModelFormats": [{"name": "mine", "autoSelect": True}]}
    many = tuple(own(f"r{i:02}", "mine", spec=formats) for i in range(14))
    found = cluster("0.10.1", isvc("iris", "mine"), own=many, images={})
    (one,) = told(found, way(found, "0.12.1"), "KM203")
    assert one.text.startswith("0.10.1 to 0.11.2: ")


def test_a_broken_service_has_no_other_pods_with_the_same_image() -> None:
    found = seven(old("torch", "pytorch", runtimeVersion="0.4.1"))
    steps = way(found, "0.10.2")
    row = rows(steps[-1])["torch"]
    assert (row.image_before, row.image_after, row.other_pods) == (":0.4.1", "", True)
    assert told(found, steps, "KM511") == []
    assert [one.other_image for one in check(found, steps, "", ()).steps] == [0, 0, 0]


def test_another_protocol_is_told_beside_an_edit_that_is_lost() -> None:
    found = cluster("0.10.1", isvc("trees", "lightgbm"), images={})
    ref = next(ref for ref in found.originals if ref.name == "kserve-lgbserver")
    whole = found.originals[ref]
    edited = {**whole, "spec": {**whole["spec"], "protocolVersions": ["v2"]}}
    edited["spec"]["containers"] = [{**whole["spec"]["containers"][0], "image": "mine:1"}]
    kept = [one for one in found.runtimes.everywhere if one.ref != ref]
    runtimes = Runtimes([*kept, msgspec.convert(edited, Runtime)])
    found = replace(found, runtimes=runtimes, originals={**found.originals, ref: edited})
    steps = (direct(found, "0.11.2"),)
    assert objects(told(found, steps, "KM502")) == ["trees"]
    (one,) = told(found, steps, "KM506")
    assert "protocol v2 becomes v1" in one.text
