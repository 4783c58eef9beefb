"""The ground that every room stands on: JSON values, object references, JSON Pointers.

Nothing here does I/O, and nothing here imports another module of kmigrate.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, TypeAlias

import msgspec

Json: TypeAlias = Any
"""A JSON value: None, bool, int, float, str, list or dict of the same."""

Manifest: TypeAlias = dict[str, Any]
"""A whole Kubernetes object as JSON."""


CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class ObjectRef(msgspec.Struct, frozen=True, cache_hash=True, rename="camel"):
    """Names one object of a cluster. ``namespace`` is empty for cluster-scoped kinds."""

    api_version: str
    kind: str
    name: str
    namespace: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """By which people expect objects to be sorted: namespace, kind, name."""
        return (self.namespace, self.kind, self.name)

    def __str__(self) -> str:
        path = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {path}"


def is_terminating(manifest: Manifest) -> bool:
    """Tell whether an object is being deleted: finalizers may hold it for as long as they like."""
    return bool(manifest["metadata"].get("deletionTimestamp"))


def ref_of(manifest: Manifest) -> ObjectRef:
    """Return the reference of a manifest."""
    meta = manifest["metadata"]
    return ObjectRef(
        manifest["apiVersion"], manifest["kind"], meta["name"], meta.get("namespace", "")
    )


def canonical(value: Json) -> bytes:
    """Encode a value as compact JSON with sorted keys: equal values give equal bytes."""
    return msgspec.json.encode(value, order="sorted")


def sha256(data: bytes | str) -> str:
    """Return ``sha256:`` and the hex digest of the data (text is taken as UTF-8)."""
    raw = data.encode() if isinstance(data, str) else data
    return "sha256:" + hashlib.sha256(raw).hexdigest()


def count(number: int, noun: str) -> str:
    """Return the number with its noun, in the plural where it must be."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def printable(text: str) -> str:
    """Return text that no terminal takes for a command, and that can be encoded.

    Names and images come from people's objects; line ends and tabs stay.
    """
    clean = text.encode("utf-8", "backslashreplace").decode()
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", clean)


def pointer(*parts: str) -> str:
    """Build a JSON Pointer (RFC 6901) from unescaped parts."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def parts_of(path: str) -> tuple[str, ...]:
    """Split a JSON Pointer into its unescaped parts; the empty pointer has none."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])


def value_at(value: Json, path: str) -> Json:
    """Return what the pointer leads to, or ``msgspec.UNSET`` where it leads nowhere.

    A part ``name=X`` or ``type=X`` picks the first item of a list whose ``name`` or ``type`` is X,
    so that containers and conditions can be named rather than counted.
    """
    for part in parts_of(path):
        value = _step(value, part)
        if value is msgspec.UNSET:
            break
    return value


def _step(value: Json, part: str) -> Json:
    if isinstance(value, dict):
        return value.get(part, msgspec.UNSET)
    if isinstance(value, list):
        return _item(value, part)
    return msgspec.UNSET


def _item(items: list[Json], part: str) -> Json:
    key, found, value = part.partition("=")
    if found and key in ("name", "type"):
        named = (i for i in items if isinstance(i, dict) and i.get(key) == value)
        return next(named, msgspec.UNSET)
    index = int(part) if part.isdecimal() else -1
    return items[index] if 0 <= index < len(items) else msgspec.UNSET
