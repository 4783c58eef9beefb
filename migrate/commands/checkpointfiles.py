"""Checkpoints in files: gzipped JSON, or JSON where somebody has unpacked it."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import msgspec

from migrate.commands.checkpoints import OTHERS, T, decode, packed
from migrate.commands.files import write_whole
from migrate.errors import BlockedError, UsageError
from migrate.planning.checkpoint import Checkpoint

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
    return load_as(path, Checkpoint)


def load_as(path: Path, into: type[T]) -> T:
    """Read as much of a checkpoint as ``into`` has fields for. Raise as ``load``."""
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if data.startswith(GZIP) else data
        return decode(data, str(path), into)
    except BlockedError as error:
        raise UsageError(error.message, error.hint) from error
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or f"it cannot be unpacked ({error})"
        raise UsageError(f"{path}: {why}", OTHERS) from error


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint for its owner alone, whole or not at all. Raise UsageError."""
    write_whole(path, packed(checkpoint)[1].pieces)
