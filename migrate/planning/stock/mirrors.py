"""Images that a distribution takes from its own registry: the release's, below a prefix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from migrate.planning.model.plan import ImageRow

ENOUGH = 2
"""So many images with one prefix are a mirror's; a single one is somebody's override."""


def mirror_of(rows: Sequence[ImageRow]) -> str:
    """Return the prefix that images have before the release's own names; empty for none."""
    found = Counter(prefix for row in rows if not row.is_stock and (prefix := prefix_of(row)))
    prefix, times = max(found.items(), key=lambda pair: (pair[1], pair[0]), default=("", 0))
    return prefix if times >= ENOUGH else ""


def prefix_of(row: ImageRow) -> str:
    """Return what comes before the stock image, with its registry or without; empty for none."""
    if row.image == row.stock:
        return ""
    registry, slash, rest = row.stock.partition("/")
    has_registry = slash and ("." in registry or ":" in registry)
    for tail in (row.stock, rest if has_registry else ""):
        if tail and row.image.endswith("/" + tail):
            return row.image.removesuffix(tail)
    return ""


def taken_for_stock(rows: Sequence[ImageRow], mirror: str) -> tuple[ImageRow, ...]:
    """Return the rows with those of the mirror as stock."""
    return tuple(
        msgspec.structs.replace(row, is_stock=True) if mirror and prefix_of(row) == mirror else row
        for row in rows
    )
