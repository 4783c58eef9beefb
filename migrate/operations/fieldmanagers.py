"""Who wrote a field: what ``metadata.managedFields`` of an object tells.

The API server keeps there, for each manager and operation, the set of fields that it owns
(``ManagedFieldsEntry`` in ``pkg/apis/meta/v1/types.go`` of k8s.io/apimachinery v0.33.2; the
keys are those of ``fieldpath/serialize-pe.go`` and ``serialize.go``, structured-merge-diff
v6.3.1): ``f:`` a field, ``k:`` an item of a list by its keys, ``v:`` an item of a set by its
value, ``i:`` an item by its index, ``.`` the field itself. An empty object is a field that
is owned with all that is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

import msgspec
from msgspec import UNSET

from migrate.objects import Json, Manifest, parts_of, pointer, printable, value_at

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_ITSELF = "."


class Writer(msgspec.Struct, frozen=True, rename="camel"):
    """A field manager, and when it last wrote.

    ``operation`` is "Apply" (server-side apply) or "Update" (any other write). ``time`` is
    UTC as the API server writes it, ``2026-08-20T15:58:20Z``, or empty where it is not known.
    It is when the manager last changed any field of the object, so the field in question was
    written then or before (``managedFieldsUpdater`` in
    ``pkg/util/managedfields/internal/managedfieldsupdater.go``, apimachinery v0.33.2).
    """

    manager: str
    operation: str
    time: str = ""

    def __str__(self) -> str:
        since = f", {self.time}" if self.time else ""
        return f"{printable(self.manager)} ({printable(self.operation)}{since})"


class Managed(msgspec.Struct, frozen=True):
    """One entry of ``managedFields``. ``subresource`` is "status" or empty."""

    writer: Writer
    subresource: str
    fields: dict[str, Json]


def managed_by(manifest: Manifest) -> tuple[Managed, ...]:
    """Return the entries of ``managedFields``; what is not of their form is left out."""
    entries = value_at(manifest, "/metadata/managedFields")
    found = (_entry(each) for each in entries) if isinstance(entries, list) else ()
    return tuple(each for each in found if each)


def writer_of(manifest: Manifest, path: str) -> Writer | None:
    """Return who last wrote the field at a JSON Pointer; the empty one is the whole object.

    List items are addressed as in ``value_at``, by index or as ``name=X``. Of several
    owners the one that owns the most specific part of the path counts, then the latest: who
    owns a list or a map without naming what is in it owns all of that. None where nothing
    tells; that is so too for a field that is not there, since the API server forgets who
    removed it.
    """
    owners = [(depth, writer.time, writer) for depth, writer in _owners(manifest, path)]
    return max(owners, key=lambda owner: owner[:2])[2] if owners else None


def writers_of(manifest: Manifest, path: str) -> tuple[Writer, ...]:
    """Return all who own the field at a JSON Pointer, or a list or a map that it is in."""
    return tuple(writer for _, writer in _owners(manifest, path))


def _owners(manifest: Manifest, path: str) -> Iterator[tuple[int, Writer]]:
    """Yield the owners of a field that is there, and how many parts of the path they name."""
    if value_at(manifest, path) is UNSET:
        return
    for managed in managed_by(manifest):
        depth = _depth(managed.fields, manifest, parts_of(path))
        if depth is not None:
            yield depth, managed.writer


def _entry(entry: Json) -> Managed | None:
    fields, manager = value_at(entry, "/fieldsV1"), _text(entry, "manager")
    if not (isinstance(fields, dict) and fields and manager):
        return None
    time = _text(entry, "time")
    known = time if _TIME.fullmatch(time) else ""
    return Managed(
        Writer(manager, _text(entry, "operation"), known), _text(entry, "subresource"), fields
    )


def _text(entry: Json, key: str) -> str:
    value = value_at(entry, pointer(key))
    return value if isinstance(value, str) else ""


def _depth(fields: dict[str, Json], live: Json, parts: Sequence[str]) -> int | None:
    """Return how many parts lead to what is owned; None where nothing on the way is."""
    for at, part in enumerate(parts):
        if not fields:
            return at
        below = next(_below(fields, live, part), None)
        if below is None:
            return at if _ITSELF in fields else None
        fields, live = below, value_at(live, pointer(part))
    return len(parts)


def _below(fields: dict[str, Json], live: Json, part: str) -> Iterator[dict[str, Json]]:
    if isinstance(live, list):
        keys = [key for key in fields if _is_item(key, live, value_at(live, pointer(part)))]
    else:
        keys = [f"f:{part}"]
    yield from (fields[key] for key in keys if isinstance(fields.get(key), dict))


def _is_item(key: str, items: list[Json], item: Json) -> bool:
    kind, _, text = key.partition(":")
    if kind not in ("k", "v", "i"):
        return False
    # RecursionError is what msgspec raises for JSON that is nested too deeply.
    with suppress(msgspec.DecodeError, RecursionError):
        return _says(kind, msgspec.json.decode(text), items, item)
    return False


def _says(kind: str, told: Json, items: list[Json], item: Json) -> bool:
    if kind == "i":
        return any(_same(told, at) and each is item for at, each in enumerate(items))
    if kind == "v":
        return _same(told, item)
    if not (isinstance(told, dict) and told and isinstance(item, dict)):
        return False
    return all(_same(value, item.get(name, UNSET)) for name, value in told.items())


def _same(told: Json, found: Json) -> bool:
    # True == 1 in Python, not in JSON.
    return type(told) is type(found) and bool(told == found)
