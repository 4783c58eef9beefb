"""Data on stdout; everything else goes to stderr."""

from __future__ import annotations

import sys


def emit(text: str) -> None:
    """Write data to stdout, whatever the locale: names and images may be of any script."""
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.flush()
