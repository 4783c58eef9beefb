"""Files for their owner alone, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from migrate.errors import UsageError


def write_whole(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file with mode 0600. Raise UsageError where that cannot be done."""
    name = ""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.writelines(parts)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except OSError as error:
        raise UsageError(f"--out {path}: {error.strerror}") from error
    finally:
        if name:
            Path(name).unlink(missing_ok=True)
