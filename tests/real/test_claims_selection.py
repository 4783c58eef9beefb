"""Which runtime KServe takes, where that is not what one would think. Containers are simulated."""

from __future__ import annotations

import pytest

from tests.real.claims import (
    FORMAT,
    OTHER_IMAGE,
    RUNTIME,
    add_service,
    copy_runtime,
    get_service,
    image_of,
    only_if_all,
    stock_runtime,
    wait_image,
    wake_until,
)
from tests.testbed.api import Manifest, basic_object
from tests.testbed.kserve import SERVING_ALPHA, KServe
from tests.testbed.samples import framework_service
from tests.testbed.waiting import wait_until

_UNKNOWN_ELSEWHERE = "a-format-of-these-tests"
_SECONDS = 30
_NOT_AUTOSELECTED = [{"name": FORMAT, "version": "1"}]
_ANOTHER_FORMAT = [{"name": _UNKNOWN_ELSEWHERE, "autoSelect": True}]
_INELIGIBLE = {
    "disabled": {"disabled": True},
    "not auto-selected": {"supportedModelFormats": _NOT_AUTOSELECTED},
    "for another format": {"supportedModelFormats": _ANOTHER_FORMAT},
}

shadowed = pytest.mark.parametrize(
    "kserve_cluster", ["0.20.0", *only_if_all("0.19.0", "0.17.0", "0.16.0")], indirect=True
)
sorting = pytest.mark.parametrize(
    "kserve_cluster", ["0.9.0", "0.15.2", *only_if_all("0.10.2", "0.11.2", "0.20.0")], indirect=True
)


@sorting
def test_of_runtimes_of_the_same_second_the_first_by_name_is_taken(
    kserve_cluster: KServe, namespace: str
) -> None:
    runtimes = [_runtime(namespace, name) for name in ("zebra", "mule", "ant")]

    def have_one_time() -> bool:
        times = {_recreate(kserve_cluster, r)["metadata"]["creationTimestamp"] for r in runtimes}
        return len(times) == 1

    wait_until(have_one_time, _SECONDS, "runtimes created within one second")
    _assert_taken(kserve_cluster, namespace, "ant")


@sorting
def test_a_pin_beside_a_framework_field_is_dropped_by_any_write_of_both(
    kserve_cluster: KServe, namespace: str
) -> None:
    """So is what a component adds to a service that Git has in the framework form."""
    service = framework_service("both", namespace, FORMAT)
    pinned = {"modelFormat": {"name": FORMAT}, "runtime": "mine"}
    made = kserve_cluster.api.create(service)
    assert "runtime" not in made["spec"]["predictor"]["model"]
    found = kserve_cluster.api.patch(made, {"spec": {"predictor": {"model": pinned}}})
    assert found["spec"]["predictor"]["model"]["runtime"] == "mine"
    synced = {"predictor": {"model": pinned, **service["spec"]["predictor"]}}
    found = kserve_cluster.api.patch(found, {"spec": synced})
    assert "runtime" not in found["spec"]["predictor"]["model"]
    assert FORMAT not in found["spec"]["predictor"]


@sorting
def test_of_runtimes_of_different_seconds_the_newest_is_taken(
    kserve_cluster: KServe, namespace: str
) -> None:
    old = _recreate(kserve_cluster, _runtime(namespace, "ant"))["metadata"]["creationTimestamp"]

    def is_newer() -> bool:
        zebra = _recreate(kserve_cluster, _runtime(namespace, "zebra"))
        return bool(zebra["metadata"]["creationTimestamp"] > old)

    wait_until(is_newer, _SECONDS, "a runtime created in a later second")
    _assert_taken(kserve_cluster, namespace, "zebra")


@shadowed
@pytest.mark.parametrize("changed", _INELIGIBLE.values(), ids=_INELIGIBLE)
def test_a_shadow_that_cannot_be_chosen_is_named_and_lends_its_server_type(
    kserve_cluster: KServe, namespace: str, changed: dict[str, object]
) -> None:
    cluster = kserve_cluster
    copy_runtime(cluster, namespace, OTHER_IMAGE, "mlserver", **changed)
    status = _add_beside_the_shadow(cluster, namespace)["status"]
    assert image_of(cluster, namespace, "iris") == _stock_image(cluster)
    assert "clusterServingRuntimeName" not in status
    workload = cluster.wait_predictor(namespace, "iris")
    is_mlserver = "modelClass" in workload["spec"]["template"]["metadata"]["labels"]
    assert is_mlserver == (cluster.release.version != "0.16.0")


@shadowed
def test_from_0_20_on_the_server_type_of_a_disabled_shadow_renames_the_image(
    kserve_cluster: KServe, namespace: str
) -> None:
    copy_runtime(kserve_cluster, namespace, OTHER_IMAGE, "vllmserver", disabled=True)
    _add_beside_the_shadow(kserve_cluster, namespace)
    stock = _stock_image(kserve_cluster)
    renamed = stock.replace(":", "-cpu:")
    expected = renamed if kserve_cluster.release.version == "0.20.0" else stock
    assert image_of(kserve_cluster, namespace, "iris") == expected


def _add_beside_the_shadow(cluster: KServe, namespace: str) -> Manifest:
    """Return the service as it is once the controller knows the shadow."""
    add_service(cluster, namespace, "iris")

    def names_it() -> bool:
        status = get_service(cluster, namespace, "iris")["status"]
        return bool(status.get("servingRuntimeName") == RUNTIME)

    wake_until(cluster, namespace, "iris", names_it)
    return get_service(cluster, namespace, "iris")


def _assert_taken(cluster: KServe, namespace: str, name: str) -> None:
    """The runtime meant to win was created last: a controller that knows it knows them all."""
    add_service(cluster, namespace, "iris", _UNKNOWN_ELSEWHERE)
    wait_image(cluster, namespace, "iris", _image(name))
    status = get_service(cluster, namespace, "iris").get("status", {})
    assert status.get("servingRuntimeName", name) == name


def _recreate(cluster: KServe, runtime: Manifest) -> Manifest:
    cluster.api.delete(runtime)
    return cluster.api.create(runtime)


def _runtime(namespace: str, name: str) -> Manifest:
    """A runtime for a format that no stock runtime serves, all of the same priority: none."""
    spec = {
        "protocolVersions": ["v1"],
        "supportedModelFormats": [{"name": _UNKNOWN_ELSEWHERE, "autoSelect": True}],
        "containers": [{"name": "kserve-container", "image": _image(name)}],
    }
    return basic_object(SERVING_ALPHA, "ServingRuntime", name, namespace, spec=spec)


def _image(name: str) -> str:
    return f"registry.example.com/{name}:v1"


def _stock_image(cluster: KServe) -> str:
    return str(stock_runtime(cluster)["spec"]["containers"][0]["image"])
