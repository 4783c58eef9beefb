"""JSON Patch (RFC 6902) and JSON merge patch (RFC 7396), as the API server reads them.

Pure: documents go in, new documents come out, and nothing that was passed in is changed.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable

from msgspec import UNSET

from migrate.cluster.port import JsonPatch
from migrate.errors import InvalidError
from migrate.objects import Json, canonical, parts_of

_INDEX = re.compile(r"-?[0-9]+")


def apply(document: Json, patch: JsonPatch) -> Json:
    """Return the document with all operations done. Raise InvalidError where one cannot be.

    Done are ``add``, ``remove``, ``replace`` and ``test``. In two things the API server is
    more lenient than the RFC, and so is this: ``replace`` adds a missing key of a map, and a
    negative index counts from the end.
    """
    # One more level, so that the whole document is a place like any other.
    root = {"": copy.deepcopy(document)}
    for operation in patch:
        _do(root, operation)
    return _get(root, "", "")


def merge(target: Json, patch: Json) -> Json:
    """Return the target with the merge patch laid over it; null takes a key away."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def _do(root: Json, operation: dict[str, Json]) -> None:
    path, verb = operation.get("path"), _VERBS.get(operation.get("op", ""))
    if verb is None or not isinstance(path, str) or (path and path[0] != "/"):
        raise InvalidError(f"not an operation of JSON Patch that is understood: {operation}")
    *parents, last = ("", *parts_of(path))
    node = root
    for part in parents:
        node = _get(node, part, path)
    # Copied, or a later operation on the same place would change the patch itself.
    verb(node, last, copy.deepcopy(operation.get("value")), path)


def _get(node: Json, part: str, path: str) -> Json:
    child = _peek(node, part, path)
    if child is UNSET:
        raise InvalidError(f"{path}: there is no {part!r}")
    return child


def _peek(node: Json, part: str, path: str) -> Json:
    if isinstance(node, dict):
        return node.get(part, UNSET)
    return node[_index(node, part, path)]


def _index(node: Json, part: str, path: str, *, room: int = 0) -> int:
    if not isinstance(node, list) or not _INDEX.fullmatch(part):
        raise InvalidError(f"{path}: nothing can be at {part!r}")
    size = len(node) + room
    index = int(part)
    if not -size <= index < size:
        raise InvalidError(f"{path}: the list has no place {part}")
    return index % size


def _add(node: Json, part: str, value: Json, path: str) -> None:
    if isinstance(node, dict):
        node[part] = value
    elif isinstance(node, list) and part == "-":
        node.append(value)
    else:
        index = _index(node, part, path, room=1)
        node.insert(index, value)


def _replace(node: Json, part: str, value: Json, path: str) -> None:
    node[part if isinstance(node, dict) else _index(node, part, path)] = value


def _remove(node: Json, part: str, _: Json, path: str) -> None:
    _get(node, part, path)
    del node[part if isinstance(node, dict) else _index(node, part, path)]


def _test(node: Json, part: str, value: Json, path: str) -> None:
    found = _peek(node, part, path)
    # To the API server a key that is not there equals null.
    if canonical(None if found is UNSET else found) != canonical(value):
        raise InvalidError(f"{path}: the test found another value there")


_VERBS: dict[str, Callable[[Json, str, Json, str], None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "test": _test,
}
