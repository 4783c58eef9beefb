"""Containers as Go writes them: what ``omitempty`` drops does not count as set."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.containers import (
    Container,
    PodFields,
    container_manifest,
    lean,
    pod_manifest,
)
from migrate.kserve.services import Framework, Predictor

# Of `core/v1`: numbers and flags that are no pointers, and say omitempty.
NUMBERS = [
    *("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold"),
    *("failureThreshold", "hostPort"),
]
FLAGS = ["stdin", "stdinOnce", "tty", "readOnly"]


@pytest.mark.parametrize("name", [*NUMBERS, *FLAGS])
def test_zeros_of_optional_numbers_and_flags_are_dropped(name: str) -> None:
    value, zero = (True, False) if name in FLAGS else (7, 0)
    assert lean({name: zero, "other": 1}) == {"other": 1}
    assert lean({name: value}) == {name: value}


@pytest.mark.parametrize("name", ["limits", "requests", "nodeSelector", "matchLabels"])
def test_empty_maps_of_texts_are_dropped(name: str) -> None:
    assert lean({name: {}, "x": 1}) == {"x": 1}
    assert lean({name: {"a": ""}}) == {}
    assert lean({name: {"a": "b"}}) == {name: {"a": "b"}}


LEAN: list[tuple[Any, Any]] = [
    ({"a": None, "b": "", "c": [], "d": 1}, {"d": 1}),
    ({"emptyDir": {}}, {"emptyDir": {}}),
    ({"runAsUser": 0, "allowPrivilegeEscalation": False}, None),
    ({"a": [{"b": ""}, {"c": [None]}]}, {"a": [{}, {"c": [None]}]}),
    ({"a": {"b": {"c": ""}}}, {"a": {"b": {}}}),
    ("", ""),
]


@pytest.mark.parametrize(("value", "told"), LEAN)
def test_what_is_empty_is_dropped_at_any_depth(value: Any, told: Any) -> None:
    assert lean(value) == (value if told is None else told)


def test_only_the_fields_of_a_container_are_written() -> None:
    spec = {
        "name": "n",
        "image": "",
        "args": [],
        "workingDir": "/w",
        "imagePullPolicy": "Always",
        "resources": {"limits": {}, "requests": {"cpu": "1"}},
        "livenessProbe": {"httpGet": {"port": 1}, "periodSeconds": 0},
        "storageUri": "gs://m",
        "runtimeVersion": "1",
    }
    assert container_manifest(msgspec.convert(spec, Framework)) == {
        "name": "n",
        "workingDir": "/w",
        "imagePullPolicy": "Always",
        "resources": {"requests": {"cpu": "1"}},
        "livenessProbe": {"httpGet": {"port": 1}},
    }
    assert container_manifest(Container()) == {}


def test_only_the_fields_of_a_pod_are_written() -> None:
    spec = {"nodeSelector": {"a": "b"}, "tolerations": [], "schedulerName": "s", "minReplicas": 1}
    told = {"nodeSelector": {"a": "b"}, "schedulerName": "s"}
    assert pod_manifest(msgspec.convert(spec, Predictor)) == told
    assert pod_manifest(PodFields()) == {}
