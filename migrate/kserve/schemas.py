"""What the API server keeps of an object by the schema of its CustomResourceDefinition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from migrate.objects import Json, Manifest, pointer

Schema = Mapping[str, Any]
"""A structural schema: ``openAPIV3Schema`` of a version of a CRD, or a part of it."""
_KEPT = frozenset({"apiVersion", "kind", "metadata"})
"""At the root, and in what is an object of its own, these are no business of the schema."""


def schema_of(crd: Manifest, version: str) -> Schema | None:
    """Return the schema of a version of a CRD, as v1 or converted from it; None without one."""
    spec = crd.get("spec") or {}
    found = (one for one in spec.get("versions") or () if one.get("name") == version)
    return ((next(found, None) or {}).get("schema") or {}).get("openAPIV3Schema")


def pruned(manifest: Manifest, schema: Schema) -> list[str]:
    """Return the JSON Pointers of the fields that are dropped when the object is stored.

    ``PruneWithOptions`` in ``pkg/apiserver/schema/pruning/algorithm.go`` of
    k8s.io/apiextensions-apiserver 0.34: what is neither in ``properties`` nor in
    ``additionalProperties``, and not below ``x-kubernetes-preserve-unknown-fields``.
    """
    return list(_pruned(manifest, schema, "", is_object=True))


def _pruned(
    value: Json, schema: Schema, at: str, *, is_object: bool = False, keeps: bool = False
) -> Iterator[str]:
    """Yield what is dropped; ``keeps`` is handed down to what no schema knows."""
    keeps = keeps or bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _pruned(item, schema.get("items") or {}, f"{at}/{number}", keeps=keeps)
    elif isinstance(value, dict):
        is_object = is_object or bool(schema.get("x-kubernetes-embedded-resource"))
        for key, item in value.items():
            if not (is_object and key in _KEPT):
                yield from _field(item, schema, key, at + pointer(key), keeps=keeps)


def _field(value: Json, schema: Schema, key: str, at: str, *, keeps: bool) -> Iterator[str]:
    known, more = schema.get("properties") or {}, schema.get("additionalProperties")
    if key in known:
        yield from _pruned(value, known[key], at)
    elif isinstance(more, Mapping):
        yield from _pruned(value, more, at)
    elif keeps or more:
        yield from _pruned(value, {}, at, keeps=True)
    else:
        yield at
