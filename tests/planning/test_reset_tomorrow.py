"""A reset of the global setting: what others get by it, told beforehand."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.planning.clusters import codes
from tests.planning.installed import (
    SKLEARN,
    cluster,
    container,
    copied,
    edited,
    predictors,
    reset,
    runtimes,
    text_of,
)
from tests.planning.runtimes import model

RELEASES = ["0.9.0", "0.11.2", "0.15.2", "0.16.0", "0.20.0"]


@pytest.mark.parametrize("release", RELEASES)
def test_what_a_service_of_tomorrow_gets(release: str) -> None:
    told = text_of(reset(cluster(release=release, whole=edited(release))), "KM261")
    stock = container(runtimes(release)[SKLEARN])["image"]
    assert "sklearn/v1" in told
    assert f"gets {stock} from ClusterServingRuntime {SKLEARN}" in told
    assert "today: registry.example.com/ml/sklearn:v1" in told
    assert "args --workers" in told
    assert "xgboost" not in told
    assert not text_of(reset(cluster(release=release)), "KM261")


def test_what_a_service_of_tomorrow_gets_beside_the_image() -> None:
    whole = runtimes("0.15.2")
    container(whole[SKLEARN])["env"] = [{"name": "A", "value": "1"}]
    told = text_of(reset(cluster(release="0.15.2", whole=whole)), "KM261")
    assert told.endswith(f"ClusterServingRuntime {SKLEARN}; other env A")


def test_what_a_service_of_tomorrow_gets_from_predictors() -> None:
    said = predictors("0.7.0")
    said["tensorflow"]["defaultGpuImageVersion"] = "9-gpu"
    told = text_of(reset(cluster(release="0.7.0", whole={}, said=said)), "KM261")
    assert told == (
        "a service created tomorrow, of tensorflow/gpu, gets tensorflow/serving:1.14.0-gpu "
        "from predictors tensorflow (today: tensorflow/serving:9-gpu)"
    )
    said = predictors("0.7.0")
    said["sklearn"]["v1"]["image"] = "x/sk"
    told = text_of(reset(cluster(release="0.7.0", whole={}, said=said)), "KM261")
    assert told == (
        "a service created tomorrow, of sklearn, sklearn/v1, gets kserve/sklearnserver:v0.7.0 "
        "from predictors sklearn/v1 (today: x/sk:v0.7.0)"
    )


def reporting(name: str, runtime: str) -> Any:
    found = model(name)
    status = msgspec.structs.replace(found.status, cluster_serving_runtime_name=runtime)
    return msgspec.structs.replace(found, status=status)


@pytest.mark.parametrize(
    ("release", "told"), [("0.15.2", []), ("0.16.0", ["a", "b"]), ("0.20.0", ["a"])]
)
def test_whom_kserve_reconciles_by_itself(release: str, told: list[str]) -> None:
    whole = edited(release)
    services = (reporting("a", SKLEARN), reporting("b", "another"))
    own = (copied(whole[SKLEARN], "team"),)
    made = reset(cluster(*services, release=release, whole=whole, own=own))
    assert codes(made)["KM262"] == told
    text = "reconciles none for it" if not told else "new pods for 0 InferenceServices"
    assert text in text_of(made, "KM262")
