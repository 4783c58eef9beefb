"""Edits as a JSON Patch for the API server, or done to a manifest in memory."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import UNSET

from migrate.objects import Json, Manifest, parts_of, value_at
from migrate.operations.jsontext import replace
from migrate.operations.model import Edit

PatchOp = dict[str, Json]


def json_patch(edits: Iterable[Edit], live: Manifest) -> list[PatchOp]:
    """Return the JSON Patch that makes these edits to the object just read, or none of them.

    Each field is guarded by a ``test`` of what it holds, so that another's edit elsewhere in
    the object is no conflict. JSON Patch has no test for "is not there": additions are
    guarded by the resourceVersion.
    """
    ops = [op for path, group in _by_path(edits) for op in _field(path, list(group), live)]
    if any(op["op"] == "add" for op in ops):
        version = live["metadata"]["resourceVersion"]
        return [{"op": "test", "path": "/metadata/resourceVersion", "value": version}, *ops]
    return ops


def apply_edits(edits: Iterable[Edit], manifest: Manifest) -> Manifest:
    """Return a copy of the manifest with the edits made, without a look at their before."""
    result = copy.deepcopy(manifest)
    for path, group in _by_path(edits):
        _put(result, path, _after(path, list(group), manifest))
    return result


def _by_path(edits: Iterable[Edit]) -> Iterator[tuple[str, Iterator[Edit]]]:
    # Edits of one text are made together: they are one field for the API server.
    return groupby(edits, key=lambda edit: edit.path)


def _field(path: str, edits: list[Edit], live: Manifest) -> list[PatchOp]:
    found, after = value_at(live, path), _after(path, edits, live)
    test = {"op": "test", "path": path, "value": found}
    if found is UNSET:
        return [{"op": "add", "path": path, "value": after}]
    if after is UNSET:
        return [test, {"op": "remove", "path": path}]
    return [test, {"op": "replace", "path": path, "value": after}]


def _after(path: str, edits: list[Edit], live: Manifest) -> Json:
    value = value_at(live, path)
    for edit in edits:
        value = edit.after if edit.within is None else replace(value, edit.within, edit.after)
    return value


def _put(manifest: Manifest, path: str, value: Json) -> None:
    *parents, last = parts_of(path)
    node = manifest
    for part in parents:
        node = node[part]
    if value is UNSET:
        node.pop(last, None)
    else:
        node[last] = value
