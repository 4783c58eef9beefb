"""Checkpoints in files: gzipped JSON, or JSON where somebody has unpacked it."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from migrate.commands.checkpoints import T, decode, packed
from migrate.commands.files import write_whole
from migrate.errors import BlockedError, UsageError
from migrate.planning.checkpoint import Checkpoint

GZIP = b"\x1f\x8b"
"""How a gzip file begins (RFC 1952)."""


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
        raise UsageError(f"{path}: {why}", "kmigrate status lists those in a cluster") from error


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint for its owner alone, whole or not at all. Raise UsageError."""
    write_whole(path, packed(checkpoint)[1].pieces)
