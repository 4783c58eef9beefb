"""What the schema of a CRD keeps of an object, and what it drops."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.kserve.schemas import pruned, schema_of

TEXT = {"type": "string"}
KEEPS = {"x-kubernetes-preserve-unknown-fields": True}


def schema(**spec: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"spec": {"type": "object", **spec}}}


def runtime(spec: Any) -> dict[str, Any]:
    meta = {"name": "r", "labels": {"a": "b"}}
    return {"apiVersion": "v1", "kind": "ServingRuntime", "metadata": meta, "spec": spec}


@pytest.mark.parametrize(
    ("found", "spec", "dropped"),
    [
        (schema(properties={"a": TEXT}), {"a": "x"}, []),
        (schema(properties={"a": TEXT}), {"a": "x", "b": 1}, ["/spec/b"]),
        (schema(), {"a": {"b": 1}}, ["/spec/a"]),
        (schema(**KEEPS), {"a": {"b": [{"c": 1}]}}, []),
        (schema(**KEEPS, properties={"a": {"properties": {}}}), {"a": {"b": 1}}, ["/spec/a/b"]),
        (schema(additionalProperties=TEXT), {"any": "x"}, []),
        (schema(additionalProperties=True), {"any": {"thing": 1}}, []),
        (
            schema(additionalProperties={"properties": {"k": TEXT}}),
            {"a/b": {"k": "x", "l": "x"}},
            ["/spec/a~1b/l"],
        ),
        (
            schema(properties={"l": {"items": {"properties": {"k": TEXT}}}}),
            {"l": [{"k": "x"}, {"k": "x", "m": 1}]},
            ["/spec/l/1/m"],
        ),
        (
            schema(properties={"o": {"x-kubernetes-embedded-resource": True, "properties": {}}}),
            {"o": {"apiVersion": "v1", "kind": "K", "metadata": {"name": "n"}, "data": 1}},
            ["/spec/o/data"],
        ),
    ],
)
def test_what_the_schema_does_not_know_is_dropped(found: Any, spec: Any, dropped: Any) -> None:
    assert pruned(runtime(spec), found) == dropped


def test_the_schema_of_a_version() -> None:
    versions = [{"name": "v1", "schema": {"openAPIV3Schema": TEXT}}, {"name": "v2"}]
    crd = {"spec": {"versions": versions}}
    assert [schema_of(crd, name) for name in ("v1", "v2", "v3")] == [TEXT, None, None]
    assert schema_of({}, "v1") is None
