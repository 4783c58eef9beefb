"""The pods of a service in the framework form, 0.7.0 and later."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.kserve.building import Pod
from migrate.kserve.predictors import decode
from migrate.objects import Manifest
from tests.kserve.release import PIN, resolve, rules, service

TEXT = '{"sklearn": {"v1": {"image": "x"}}, "tensorflow": {"image": "x", "defaultTimeout": "60"}}'


def pod(release: str, predictor: dict[str, Any], **metadata: Any) -> Pod:
    known = rules(release)
    found = resolve(service(predictor, **metadata), decode(TEXT, known), known)
    assert found.pod is not None
    return found.pod


def model(release: str, predictor: dict[str, Any]) -> Manifest:
    return pod(release, predictor).container


@pytest.mark.parametrize("release", ["0.7", "0.9"])
def test_the_container_is_that_of_the_server(release: str) -> None:
    found = model(release, {"sklearn": {**PIN, "args": ["--own"]}})
    assert (found["name"], found["image"]) == ("kserve-container", "x:OLD")
    assert found["args"][0] == "--model_name=s"
    assert found["args"][-1] == "--own"


def test_from_0_10_on_it_is_the_service_s_alone() -> None:
    """``GetContainer`` of 0.10: ``return &k.Container``."""
    found = model("0.10", {"sklearn": {"image": "own:1", "args": ["--own"], "name": "n"}})
    assert found == {"name": "n", "image": "own:1", "args": ["--own"]}


def test_the_timeout_is_that_of_the_entry() -> None:
    found = model("0.9", {"tensorflow": PIN})
    assert "--rest_api_timeout_in_ms=60000" in found["args"]


@pytest.mark.parametrize("release", ["0.7", "0.10"])
def test_containers_beside_the_first_are_sidecars(release: str) -> None:
    """The first of them is replaced by the server."""
    listed = [{"name": "lost"}, {"name": "a", "image": "a:1"}, {"name": "b"}]
    found = pod(release, {"sklearn": {**PIN, "image": "own:1"}, "containers": listed})
    assert found.containers[1:] == ({"name": "a", "image": "a:1"}, {"name": "b"})
    assert pod(release, {"sklearn": {**PIN, "image": "own:1"}}).containers[1:] == ()


def test_labels_and_fields_are_those_of_the_service() -> None:
    found = pod("0.7", {"sklearn": PIN, "nodeSelector": {"a": "b"}}, labels={"l": "1"})
    assert (found.labels, found.fields) == ({"l": "1"}, {"nodeSelector": {"a": "b"}})


@pytest.mark.parametrize("beside", [{"logger": {}}, {"batcher": {}}])
def test_0_7_gives_a_container_the_port_of_the_agent(beside: dict[str, Any]) -> None:
    """``addAgentContainerPort`` in ``components/component.go`` of 0.7.0."""
    predictor = {"sklearn": PIN, **beside}
    assert model("0.7", predictor)["ports"] == [{"containerPort": 9081}]
    assert "ports" not in model("0.8", predictor)
    assert "ports" not in model("0.7", {"sklearn": PIN})
    own = {**PIN, "ports": [{"containerPort": 1}]}
    assert model("0.7", {**predictor, "sklearn": own})["ports"] == [{"containerPort": 1}]


@pytest.mark.parametrize(("release", "told"), [("0.16", False), ("0.17", True)])
def test_containers_are_told_the_name_from_0_17_on(release: str, told: bool) -> None:
    found = model(release, {"sklearn": {"image": "own:1"}})
    name = [{"name": "INFERENCE_SERVICE_NAME", "value": "s"}]
    assert found.get("env") == (name if told else None)
