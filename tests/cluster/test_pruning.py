"""What the real API server drops of an object is what the schema of its CRD says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from migrate.kserve.schemas import pruned, schema_of
from migrate.operations.classify import lacking
from tests.testbed.api import Manifest, basic_object
from tests.testbed.control_plane import ControlPlane
from tests.testbed.install import apply_crds

TEXT = {"type": "string"}
KEEPS = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
FIELDS: dict[str, Any] = {
    "known": TEXT,
    "open": KEEPS,
    "half": {**KEEPS, "properties": {"inner": {"type": "object", "properties": {"a": TEXT}}}},
    "map": {"type": "object", "additionalProperties": TEXT},
    "objects": {
        "type": "object",
        "additionalProperties": {"type": "object", "properties": {"a": TEXT}},
    },
    "list": {"type": "array", "items": {"type": "object", "properties": {"a": TEXT}}},
    "loose": {
        "type": "array",
        "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
    "whole": {
        "type": "object",
        "x-kubernetes-embedded-resource": True,
        "properties": {"data": TEXT},
    },
    "shut": {"type": "object"},
}
SCHEMA = {
    "type": "object",
    "properties": {"spec": {"type": "object", "properties": FIELDS}},
}
PART = {"a": "x", "b": {"c": [{"d": "x"}]}}
SPEC = {
    "known": "x",
    "unknown": {"a": "x"},
    "open": {"any": [PART, [PART]]},
    "half": {"inner": PART, "other": PART},
    "map": {"any/key": "x"},
    "objects": {"one": PART},
    "list": [{"a": "x"}, PART],
    "loose": [PART],
    "whole": {"apiVersion": "v1", "kind": "K", "metadata": {"name": "n"}, "data": "x", "more": 1},
    "shut": {"a": "x"},
}


@pytest.fixture
def definition(plane: ControlPlane) -> Iterator[Manifest]:
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": SCHEMA},
    }
    spec = {
        "group": "example.com",
        "scope": "Cluster",
        "names": {"kind": "Odd", "plural": "odds"},
        "versions": [version],
    }
    made = basic_object(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", "odds.example.com", spec=spec
    )
    apply_crds(plane.api, [made])
    yield plane.api.get_same(made) or {}
    plane.api.delete(made)


def test_what_is_dropped_is_what_the_schema_says(plane: ControlPlane, definition: Manifest) -> None:
    wanted = basic_object("example.com/v1", "Odd", "one", spec=SPEC)
    found = plane.api.request("POST", "/apis/example.com/v1/odds?dryRun=All", wanted)
    schema = schema_of(definition, "v1")
    assert schema is not None
    said = pruned(wanted, schema)
    assert sorted(said) == sorted(lacking(found, wanted))
    assert len(said) == 6
