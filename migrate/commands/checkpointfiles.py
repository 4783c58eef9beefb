"""Checkpoints in files: gzipped JSON, or JSON where somebody has unpacked it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from migrate.commands.checkpointreading import OTHERS, Text, contents, whole
from migrate.errors import BlockedError, UsageError
from migrate.planning.model.checkpoint import Checkpoint, Contents

GZIP = b"\x1f\x8b"
"""How a gzip file begins (RFC 1952)."""
UNPACKED = b'{"services":['
"""How a checkpoint begins: see ``planning.checkpointtext``. Its kind comes last."""


class _Kind(msgspec.Struct):
    kind: str = ""


def is_checkpoint(path: Path) -> bool:
    """Tell a checkpoint's file, also a damaged one, from a plan's, a backup, and a name.

    Raise UsageError where it is there and cannot be read.
    """
    if not path.is_file():
        return path.suffix == ".gz"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", OTHERS) from error
    return path.suffix == ".gz" or data.startswith((GZIP, UNPACKED)) or _is_kind(data)


def _is_kind(data: bytes) -> bool:
    try:
        return msgspec.json.decode(data, type=_Kind).kind == Checkpoint.__name__
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False


def load(path: Path) -> Checkpoint:
    """Read a checkpoint. Raise UsageError where it cannot be read, or is none."""
    with _as_usage():
        return whole(_text(path), str(path))


def load_contents(path: Path) -> Contents:
    """Read a checkpoint without its services. Raise as ``load``."""
    with _as_usage():
        return contents(_text(path), str(path))


@contextmanager
def _as_usage() -> Iterator[None]:
    try:
        yield
    except BlockedError as error:
        raise UsageError(error.message, error.hint) from error


def _text(path: Path) -> Text:
    def lines() -> Iterator[bytes]:
        try:
            with path.open("rb") as file:
                if not (start := file.peek(len(GZIP))):
                    raise UsageError(f"{path}: expected a checkpoint, found an empty file", OTHERS)
                is_packed = start.startswith(GZIP)
                yield from gzip.GzipFile(fileobj=file) if is_packed else file
        except (OSError, EOFError, zlib.error) as error:
            why = getattr(error, "strerror", None) or f"it cannot be unpacked ({error})"
            raise UsageError(f"{path}: {why}", OTHERS) from error

    return lines
