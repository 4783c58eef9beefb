"""Data on stdout; everything else goes to stderr."""

from __future__ import annotations

import sys

from migrate.objects import printable


def emit(text: str) -> None:
    """Write data to stdout, whatever the locale: names and images may be of any script."""
    sys.stdout.buffer.write(printable(text).encode())
    sys.stdout.flush()
