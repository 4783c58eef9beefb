"""Objects into records: what does not fit is told by name, not by a traceback.

An API server with full CRDs stores nothing of the wrong type; one with KServe's minimal CRDs
does, and so does a file.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from migrate.errors import BlockedError
from migrate.objects import Json

T = TypeVar("T")


def record_of(manifest: Json, kind: str, into: type[T]) -> T:
    """Return the object as a record. Raise BlockedError where one of its fields does not fit."""
    try:
        return msgspec.convert(manifest, into)
    except msgspec.ValidationError as error:
        raise unfit(manifest, kind, error) from error


def decoded(raw: bytes, kind: str, into: type[T]) -> T:
    """Return an object in JSON as a record. Raise BlockedError as ``record_of`` does."""
    try:
        return msgspec.json.decode(raw, type=into)
    except msgspec.ValidationError as error:
        raise unfit(msgspec.json.decode(raw), kind, error) from error


def unfit(manifest: Json, kind: str, error: msgspec.ValidationError) -> BlockedError:
    """Return the error that names the object and the field."""
    meta: dict[str, Any] = manifest.get("metadata") or {} if isinstance(manifest, dict) else {}
    place = "/".join(str(meta[key]) for key in ("namespace", "name") if meta.get(key))
    return BlockedError(
        f"{kind} {place or '(no name)'}: {str(error)[:1].lower()}{str(error)[1:]}",
        "KServe cannot read it either: correct the field",
    )
