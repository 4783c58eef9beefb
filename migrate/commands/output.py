"""Data on stdout; everything else goes to stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec

from migrate.commands.flags import Form
from migrate.errors import KmigrateError
from migrate.objects import Json, canonical, printable


def emit(text: str) -> None:
    """Write data to stdout, whatever the locale: names and images may be of any script.

    Raise KmigrateError where it takes nothing. A reader that has gone is a BrokenPipeError.
    """
    if sys.stdout is None:
        raise KmigrateError("standard output: expected a place to write to, found it closed")
    try:
        sys.stdout.buffer.write(printable(text).encode())
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise KmigrateError(f"standard output: {error.strerror}") from error


def emit_document(document: Json, form: Form) -> None:
    """Write a document as JSON or YAML."""
    if form is Form.JSON:
        emit(msgspec.json.format(canonical(document), indent=2).decode() + "\n")
        return
    import yaml  # noqa: PLC0415 -- slow to import, and seldom asked for

    emit(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))


def emit_documents(documents: Sequence[Json]) -> None:
    """Write several documents as one YAML stream."""
    import yaml  # noqa: PLC0415 -- slow to import, and seldom asked for

    emit(yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, explicit_start=True))
