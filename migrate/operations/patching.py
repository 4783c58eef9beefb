"""Edits as a JSON Patch for the API server, or done to a manifest in memory.

Edits name the items of a list (``containers/name=kserve-container``); a JSON Patch can only
count them, so each index goes with a test of the name found there.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import UNSET

from migrate.objects import Json, Manifest, parts_of, pointer, value_at
from migrate.operations.jsontext import replace
from migrate.operations.model import Edit

PatchOp = dict[str, Json]


def json_patch(edits: Iterable[Edit], live: Manifest) -> list[PatchOp]:
    """Return the JSON Patch that makes these edits to the object just read, or none of them.

    Each field is guarded by a ``test`` of what it holds, so that another's edit elsewhere in
    the object is no conflict. JSON Patch has no test for "is not there": additions are
    guarded by the resourceVersion. Items are taken out last, and from behind, for that moves
    those behind them.
    """
    ops = [op for path, group in _by_path(edits) for op in _field(path, list(group), live)]
    removals = sorted((op for op in ops if op["op"] == "remove"), key=_place, reverse=True)
    ops = [op for op in ops if op["op"] != "remove"] + removals
    if any(op["op"] == "add" for op in ops):
        version = live["metadata"]["resourceVersion"]
        return [{"op": "test", "path": "/metadata/resourceVersion", "value": version}, *ops]
    return ops


def _place(op: PatchOp) -> list[int]:
    return [int(part) if part.isdecimal() else -1 for part in parts_of(op["path"])]


def apply_edits(edits: Iterable[Edit], manifest: Manifest) -> Manifest:
    """Return a copy of the manifest with the edits made, without a look at their before."""
    result = copy.deepcopy(manifest)
    for path, group in _by_path(edits):
        _put(result, path, _after(path, list(group), manifest))
    return result


def _by_path(edits: Iterable[Edit]) -> Iterator[tuple[str, Iterator[Edit]]]:
    # Edits of one text are made together: they are one field for the API server.
    return groupby(edits, key=lambda edit: edit.path)


def _field(path: str, edits: list[Edit], live: Manifest) -> Iterator[PatchOp]:
    found, after = value_at(live, path), _after(path, edits, live)
    at, names = counted(path, live)
    yield from ({"op": "test", "path": name, "value": value} for name, value in names)
    if found is UNSET:
        yield {"op": "add", "path": at, "value": after}
        return
    yield {"op": "test", "path": at, "value": found}
    if after is UNSET:
        yield {"op": "remove", "path": at}
    else:
        yield {"op": "replace", "path": at, "value": after}


def counted(path: str, live: Json) -> tuple[str, list[tuple[str, str]]]:
    """Return the path by indices, and the path and value of each name on the way.

    A name that is not in its list leads behind the list's end (``-``).
    """
    at, names = "", []
    for part in parts_of(path):
        step = part
        if isinstance(live, list) and part.startswith("name="):
            step = _index(live, part)
            if step != "-":
                names.append((f"{at}/{step}/name", part[5:]))
        live = value_at(live, pointer(part))
        at += pointer(step)
    return at, names


def _index(items: list[Json], part: str) -> str:
    for index, item in enumerate(items):
        if isinstance(item, dict) and item.get("name") == part[5:]:
            return str(index)
    return "-"


def _after(path: str, edits: list[Edit], live: Manifest) -> Json:
    value = value_at(live, path)
    for edit in edits:
        value = edit.after if edit.within is None else replace(value, edit.within, edit.after)
    return value


def _put(manifest: Manifest, path: str, value: Json) -> None:
    *parents, last = parts_of(counted(path, manifest)[0])
    node: Json = manifest
    for part in parents:
        node = node[int(part)] if isinstance(node, list) else node[part]
    if isinstance(node, list):
        _put_item(node, last, value)
    elif value is UNSET:
        node.pop(last, None)
    else:
        node[last] = value


def _put_item(items: list[Json], index: str, value: Json) -> None:
    if index == "-":
        if value is not UNSET:
            items.append(value)
    elif value is UNSET:
        del items[int(index)]
    else:
        items[int(index)] = value
