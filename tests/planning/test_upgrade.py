"""Runtimes for after an upgrade from 0.7: which are made, and what each service gets when."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from migrate.operations.model import Create
from migrate.planning.model.desired import Desired, EnvVar, Selection
from migrate.planning.model.plan import Outlook
from migrate.planning.world.copies import PREPARED_FOR
from tests.planning.converting import (
    GPU,
    MLSERVER,
    REGISTRY,
    RELEASES,
    SKLEARN,
    blocked,
    copies,
    found,
    names,
    old,
)
from tests.planning.upgrading import moments, prepared, seven

PORT = "registry.example.com:5000/ml"


@pytest.mark.parametrize("target", RELEASES)
def test_a_service_on_an_override_gets_it_back_once_it_is_written(target: str) -> None:
    made = prepared(seven(old("iris"), sklearn_v1=SKLEARN), target)
    ours, stock = f"{SKLEARN}:v0.7.0", "kserve/sklearnserver:v0.7.0"
    assert moments(made, "iris") == (ours, stock, ours, stock)
    assert copies(made) == {"team/kserve-sklearnserver": ours}
    (operation,) = made.operations
    assert isinstance(operation.change, Create)
    spec = operation.change.manifest["spec"]
    assert "--model_name={{.Name}}" in spec["containers"][0]["args"]
    assert spec.get("protocolVersions") == (["v1"] if target == "0.9.0" else None)
    assert operation.change.manifest["metadata"]["annotations"][PREPARED_FOR] == target
    (row,) = made.forecast
    assert (row.outlook, row.restarts) == (Outlook.CHANGES, False)
    assert row.runtime is not None
    assert (row.runtime.kind, row.runtime.name) == ("ClusterServingRuntime", "kserve-sklearnserver")
    assert names(made, "KM281") == ["iris"]
    assert "put predictors as it is now" in found(made, "KM281")[0].fix
    assert found(made, "KM280")
    assert not found(made, "KM283")
    assert blocked(made) == set()
    assert not [act for stage in made.apply for act in stage.activations]


def test_who_depends_on_what_is_shipped_needs_no_runtime() -> None:
    made = prepared(seven(old("iris"), old("wine", "xgboost"), sklearn_v1=SKLEARN))
    assert set(copies(made)) == {"team/kserve-sklearnserver"}
    assert set(moments(made, "wine")) == {"kserve/xgbserver:v0.7.0"}
    row = next(row for row in made.forecast if row.service.name == "wine")
    assert row.outlook is Outlook.UNCHANGED
    assert "wine" not in names(made, "KM281") + names(made, "KM283")


def test_an_override_that_a_pin_gives_over_the_shipped_image_needs_none() -> None:
    still = seven(old("iris", runtimeVersion="v0.7.1"))
    document = json.loads(still.config["data"]["predictors"])
    document["sklearn"]["v1"]["defaultImageVersion"] = "v0.7.1"
    data = {"predictors": json.dumps(document)}
    made = prepared(replace(still, config={**still.config, "data": data}))
    assert [row.entry for row in made.images if not row.is_stock] == ["sklearn/v1"]
    assert (copies(made), set(moments(made, "iris"))) == ({}, {"kserve/sklearnserver:v0.7.1"})


def test_who_was_never_admitted_gets_the_tag_for_gpus_that_is_shipped() -> None:
    """0.8 and 0.9 take it from `predictors`, where a service has no pin."""
    flow = old("flow", "tensorflow", runtimeVersion=None, resources=GPU)
    flow["metadata"]["finalizers"] = []
    made = prepared(seven(flow))
    assert moments(made, "flow")[3] == "tensorflow/serving:2.6.2-gpu"


def test_a_model_that_no_runtime_takes_cannot_be_kept() -> None:
    one = old("rows", "pmml", protocolVersion="v2")
    made = prepared(seven(one, pmml=f"{REGISTRY}/pmml"))
    assert names(made, "KM242") == ["rows"]
    assert "they would get no image" in found(made, "KM242")[0].text


def test_whom_the_webhook_of_that_release_refuses_cannot_be_kept() -> None:
    one = old("iris", env=[{"name": "PYTHONPATH", "value": "/x"}])
    made = prepared(seven(one, sklearn_v1=SKLEARN), "0.20.0", accept=("KM282",))
    assert names(made, "KM242") == ["iris"]
    assert "the webhook of KServe 0.20.0 refuses" in found(made, "KM242")[0].text


def test_settings_are_in_the_runtimes_and_those_that_do_not_serve_are_told() -> None:
    services = seven(old("iris", runtimeVersion="next"))
    wanted = Desired(format="sklearn", args=("--model_name=fixed",))
    made = prepared(services, images=(wanted,))
    assert names(made, "KM401") == ["iris"]
    python = Desired(format="sklearn", env=(EnvVar("PYTHONPATH", "/x"),))
    made = prepared(services, "0.20.0", images=(python,), accept=("KM282",))
    assert blocked(made) == {"KM232"}


def test_each_pin_keeps_its_tag_in_every_namespace() -> None:
    services = [old("iris"), old("wine", runtimeVersion="v0.6.1"), old("far", namespace="other")]
    made = prepared(seven(*services, sklearn_v1=SKLEARN))
    assert set(copies(made)) == {"team/kserve-sklearnserver", "other/kserve-sklearnserver"}
    assert moments(made, "wine")[2] == f"{SKLEARN}:v0.6.1"
    assert moments(made, "far")[2] == f"{SKLEARN}:v0.7.0"


@pytest.mark.parametrize("target", RELEASES)
def test_a_gpu_and_protocol_v2_keep_theirs(target: str) -> None:
    flow = old("flow", "tensorflow", runtimeVersion="1.14.0-gpu", resources=GPU)
    two = old("two", protocolVersion="v2", runtimeVersion="0.2.1")
    made = prepared(seven(flow, two, tensorflow=f"{REGISTRY}/tf", sklearn_v2=MLSERVER), target)
    assert moments(made, "flow")[2] == f"{REGISTRY}/tf:1.14.0-gpu"
    assert moments(made, "two")[2] == f"{MLSERVER}:0.2.1"
    assert names(made, "KM241") == ["flow", "two"]
    assert blocked(made) == set()


def test_pytorch_breaks_by_the_upgrade_and_blocks_until_that_is_accepted() -> None:
    torch = old("torch", "pytorch", runtimeVersion="0.4.1")
    services = seven(torch, old("iris"), sklearn_v1=SKLEARN)
    made = prepared(services)
    assert moments(made, "torch")[1] == ":0.4.1"
    assert names(made, "KM282") == ["torch"]
    assert blocked(made) == {"KM282"}
    assert blocked(prepared(services, accept=("KM282",))) == set()
    assert blocked(prepared(services, selection=Selection(formats=("sklearn",)))) == set()


@pytest.mark.parametrize("target", ["0.10.2", "0.15.2", "0.20.0"])
def test_where_predictors_are_not_read_nobody_has_an_image_until_it_is_written(target: str) -> None:
    made = prepared(seven(old("iris"), old("wine", "xgboost"), sklearn_v1=SKLEARN), target)
    assert moments(made, "iris") == (
        f"{SKLEARN}:v0.7.0",
        "",
        f"{SKLEARN}:v0.7.0",
        "kserve/sklearnserver:v0.7.0",
    )
    assert names(made, "KM282") == ["iris", "wine"]
    assert "--target 0.9.0" in found(made, "KM282")[0].fix


def test_another_server_cannot_be_kept() -> None:
    one = old("net", "onnx", runtimeVersion="v1.0.0")
    made = prepared(seven(one, onnx=f"{REGISTRY}/onnx"))
    assert names(made, "KM242") == ["net"]
    assert "another server" in found(made, "KM242")[0].text
    assert blocked(made) == {"KM242"}


def test_what_is_shipped_and_becomes_another_image_is_told_alone() -> None:
    made = prepared(seven(old("net", "onnx", runtimeVersion="v1.0.0")))
    assert names(made, "KM283") == ["net"]
    assert "tritonserver:v1.0.0 in place of mcr.microsoft.com" in found(made, "KM283")[0].text
    assert (blocked(made), copies(made)) == (set(), {})


def test_an_image_of_its_own_that_a_pin_rewrites_is_told() -> None:
    made = prepared(seven(old("iris", image="own/x:1")))
    assert "own/x:v0.7.0 in place of own/x:1" in found(made, "KM283")[0].text
    assert copies(made) == {}


def test_two_entries_that_become_one_runtime_block() -> None:
    services = [old("rows", protocolVersion="v2"), old("wine", "xgboost", protocolVersion="v2")]
    made = prepared(seven(*services, sklearn_v2=MLSERVER, xgboost_v2=f"{REGISTRY}/other"))
    assert names(made, "KM242") == ["rows", "wine"]
    assert "share the runtime kserve-mlserver" in found(made, "KM242")[0].text


def test_whom_a_runtime_would_give_another_ones_image_blocks() -> None:
    services = [old("rows", protocolVersion="v2"), old("wine", "xgboost", protocolVersion="v2")]
    made = prepared(seven(*services, sklearn_v2=MLSERVER))
    assert names(made, "KM242") == ["wine"]
    assert f"would get {MLSERVER}:v0.7.0" in found(made, "KM242")[0].text


def test_0_8_cuts_an_image_at_the_port_of_its_registry() -> None:
    one = seven(old("iris"), sklearn_v1=f"{PORT}/sk")
    assert names(prepared(one, "0.8.0"), "KM242") == ["iris"]
    assert blocked(prepared(one, "0.9.0")) == set()


def test_a_runtime_that_takes_other_services_comes_with_theirs() -> None:
    services = [old("iris"), old("two", protocolVersion="v2")]
    accepted = ("KM282",)
    made = prepared(seven(*services, sklearn_v1=SKLEARN), "0.15.2", accept=accepted)
    assert set(copies(made)) == {"team/kserve-sklearnserver", "team/kserve-mlserver"}
    assert [ref.name for one in found(made, "KM235") for ref in one.objects] == ["kserve-mlserver"]
    assert moments(made, "two")[2] == "docker.io/seldonio/mlserver:v0.7.0"
    order = [made.operations[at].target.name for stage in made.apply for at in stage.operations]
    assert order == ["kserve-mlserver", "kserve-sklearnserver"]
    assert made.rollback == made.apply[::-1]
    assert blocked(made) == set()


def test_who_is_not_selected_is_kept_by_the_runtime_of_its_namespace() -> None:
    services = [old("iris"), old("wine"), old("far", namespace="other")]
    where = Selection(exclude=("team/wine", "other"))
    made = prepared(seven(*services, sklearn_v1=SKLEARN), selection=where)
    assert set(copies(made)) == {"team/kserve-sklearnserver"}
    assert moments(made, "wine")[2] == f"{SKLEARN}:v0.7.0"
    assert blocked(made) == set()
    assert names(made, "KM281") == ["iris"]


def test_a_selection_by_runtime_means_the_one_after_the_upgrade() -> None:
    services = [old("iris"), old("wine", "xgboost")]
    images = {"sklearn_v1": SKLEARN, "xgboost_v1": f"{REGISTRY}/xgb"}
    where = Selection(runtimes=("kserve-xgbserver",))
    made = prepared(seven(*services, **images), selection=where)
    assert set(copies(made)) == {"team/kserve-xgbserver"}
    assert not found(made, "KM216")


def test_what_is_wanted_is_in_the_runtimes_and_a_pin_over_it_is_refused() -> None:
    services = seven(old("iris"), old("new", runtimeVersion="next"), sklearn_v1=SKLEARN)
    wanted = f"{REGISTRY}/fresh:next"
    made = prepared(services, "0.9.0", f"sklearn={wanted}")
    assert copies(made) == {"team/kserve-sklearnserver": wanted}
    assert moments(made, "new")[2] == wanted
    assert moments(made, "iris")[2] == f"{REGISTRY}/fresh:v0.7.0"
    assert names(made, "KM201") == ["iris"]
    assert "before the upgrade" in found(made, "KM201")[0].fix
    assert blocked(made) == {"KM201"}


def test_what_is_not_named_beside_what_is_wanted_is_told() -> None:
    services = [old("iris", runtimeVersion="next"), old("wine", "xgboost")]
    images = {"sklearn_v1": SKLEARN, "xgboost_v1": f"{REGISTRY}/xgb"}
    made = prepared(seven(*services, **images), "0.9.0", f"sklearn={REGISTRY}/fresh:next")
    assert names(made, "KM283") == ["wine"]


def test_what_does_not_run_as_configured_is_told() -> None:
    still = seven(old("iris"))
    moved = replace(still, config=seven(old("iris"), sklearn_v1=SKLEARN).config)
    made = prepared(moved)
    assert names(made, "KM202") == ["iris"]
    assert moments(made, "iris")[0] == "kserve/sklearnserver:v0.7.0"


@pytest.mark.parametrize(
    ("target", "words"), [("0.8.0", "the manifest at the tag of"), ("0.9.0", "the Helm chart of")]
)
def test_another_form_of_the_release_ships_no_images(target: str, words: str) -> None:
    torch = old("torch", "pytorch", runtimeVersion="0.4.1")
    made = prepared(seven(old("iris"), old("own", image="own/x:1"), torch), target)
    (one,) = found(made, "KM284")
    assert one.text.startswith(words)
    assert names(made, "KM284") == ["iris"]
