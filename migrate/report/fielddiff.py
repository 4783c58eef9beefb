"""The fields that an operation changes, for people: red what goes, green what comes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import assert_never

from msgspec import UNSET, UnsetType

from migrate.credentials import hidden_values
from migrate.objects import Json, canonical, pointer
from migrate.operations.describe import describe, place_of, shown_value
from migrate.operations.model import Create, Delete, Edit, Operation, Patch
from migrate.report.lines import WIDTH, Tone, Toned, wrapped

OTHER_LAYOUT = "the same values, laid out in another way"
IDENTITY = {"apiVersion", "kind", "metadata"}
"""What the line about the object says already."""
LONGEST = WIDTH - len("      + ")
"""Columns for a field and its value in one line."""


def operation_lines(operation: Operation, reason: str = "", indent: str = "") -> Iterator[str]:
    """Yield a line for the object, then those of its fields."""
    yield from told_lines(operation, _fields(operation), reason, indent)


def told_lines(
    operation: Operation, fields: Iterable[str], reason: str, indent: str
) -> Iterator[str]:
    """Yield a line for the object, then these."""
    why = f": {reason}" if reason else ""
    yield from wrapped(f"{indent}{describe(operation)}{why}")
    yield from (_indented(line, indent + "    ") for line in fields)


def _indented(line: str, indent: str) -> str:
    return Toned(indent + line, line.tone) if isinstance(line, Toned) else indent + line


def _fields(operation: Operation) -> Iterator[str]:
    match operation.change:
        case Create(manifest):
            for path, value in shown_leaves(manifest).items():
                yield from map(_added, _in_lines(path, value))
        case Delete(manifest):
            for path, value in shown_leaves(manifest).items():
                yield from removed(path, value)
        case Patch(edits):
            for edit in edits:
                yield from _edit(edit)
        case _:
            assert_never(operation.change)


def _own(manifest: dict[str, Json]) -> Json:
    return hidden_values({key: each for key, each in manifest.items() if key not in IDENTITY})


def shown_leaves(manifest: dict[str, Json]) -> dict[str, str]:
    """Return each value that has no others in it by the pointer to it, credentials hidden."""
    return dict(_leaves(_own(manifest)))


def _leaves(value: Json, path: str = "") -> Iterator[tuple[str, str]]:
    inner = _items(value)
    if not inner:
        yield path, canonical(value).decode()
    for name, each in inner.items():
        yield from _leaves(each, path + pointer(name))


def _items(value: Json) -> dict[str, Json]:
    """Return what is in an object or list by name; items of lists by their own, where unique."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list):
        return {}
    own = [each.get("name") if isinstance(each, dict) else None for each in value]
    if all(isinstance(name, str) for name in own) and len(set(own)) == len(own):
        return {f"name={name}": each for name, each in zip(own, value, strict=True)}
    return {str(at): each for at, each in enumerate(value)}


def _edit(edit: Edit) -> Iterator[str]:
    yield place_of(edit)
    before, after = _value(edit, edit.before), _value(edit, edit.after)
    if before == after:
        yield f"  {OTHER_LAYOUT}"
    elif all(map(_is_document, (before, after))) and (before or after):
        yield from _differences(before, after)
    else:
        yield _removed(shown_value(edit, edit.before), "  ")
        yield _added(shown_value(edit, edit.after), "  ")


def _is_document(value: Json | UnsetType) -> bool:
    """Tell what has others in it, or is not there, from a text or a number."""
    return value is UNSET or isinstance(value, dict | list)


def _value(edit: Edit, side: Json | UnsetType) -> Json | UnsetType:
    """Return the JSON value of one side; the source text itself where it is none.

    What a ConfigMap holds is looked into, too, where it is a document.
    """
    if not isinstance(side, str) or (edit.within is None and not edit.path.startswith("/data/")):
        return side
    try:
        value = json.loads(side)
    except ValueError:
        return side
    return value if edit.within is not None or _is_document(value) else side


def _differences(before: Json | UnsetType, after: Json | UnsetType) -> Iterator[str]:
    """Yield only what differs in two documents: a list of variables may be long.

    They are compared as they are, and shown from copies with credentials hidden: two of them
    that differ would look the same.
    """
    from deepdiff import DeepDiff  # noqa: PLC0415 -- slow to import, and seldom needed

    old, new = before or {}, after or {}
    hidden = (_named(hidden_values(old)), _named(hidden_values(new)))
    # Without the threshold, two that have little in common are one difference at the root.
    tree = DeepDiff(_named(old), _named(new), view="tree", threshold_to_diff_deeper=0)
    paths = {
        tuple(level.path(output_format="list")) for levels in tree.values() for level in levels
    }
    for path in sorted(paths):
        old, new = (_at(side, path) for side in hidden)
        place = pointer(*path)
        if old is not UNSET:
            yield _removed(f"{place}: {canonical(old).decode()}", "  ")
        if new is not UNSET:
            yield _added(f"{place}: {canonical(new).decode()}", "  ")


def _named(value: Json) -> Json:
    """Return the document with lists as objects, so that what was moved up is not all new."""
    inner = _items(value)
    return {name: _named(each) for name, each in inner.items()} if inner else value


def _at(value: Json, path: tuple[str, ...]) -> Json | UnsetType:
    for part in path:
        value = value.get(part, UNSET) if isinstance(value, dict) else UNSET
    return value


def removed(path: str, value: str) -> Iterator[str]:
    """Yield a field that goes, in two lines where one would be too long."""
    yield from map(_removed, _in_lines(path, value))


def replaced(path: str, before: str | None, after: str) -> Iterator[str]:
    """Yield a field that becomes another one; ``before`` is None where it is not told."""
    yield path
    if before is not None:
        yield _removed(before, "  ")
    yield _added(after, "  ")


def _in_lines(path: str, value: str) -> tuple[str, ...]:
    whole = f"{path}: {value}"
    return (whole,) if len(whole) <= LONGEST else (f"{path}:", f"  {value}")


def _removed(text: str, indent: str = "") -> Toned:
    return Toned(f"{indent}- {text}", Tone.REMOVED)


def _added(text: str, indent: str = "") -> Toned:
    return Toned(f"{indent}+ {text}", Tone.ADDED)
