"""Which images of ``predictors`` somebody set: those that no manifest of the release ships."""

from __future__ import annotations

import msgspec

from migrate.catalog.predictors import Row, variants_of
from migrate.kserve import terms
from migrate.kserve.predictors import Entry, Predictors
from migrate.kserve.releases import Release

FIELDS = (terms.IMAGE, terms.VERSION, terms.GPU_VERSION)


class Override(msgspec.Struct, frozen=True):
    """A leaf of ``predictors`` that differs from what is shipped.

    ``stock`` are the values that the release's manifests have there, without doubles and
    sorted; "" means that one has none. It is empty where no manifest is known.
    """

    format: str
    key: str
    field: str
    stock: tuple[str, ...]
    found: str


def overrides(predictors: Predictors, release: Release) -> list[Override]:
    """Return what differs from stock, entry by entry.

    An entry that equals that of any of the release's manifests is stock as a whole. Of
    another one, the leaves that differ from the manifest nearest to it are overrides.
    """
    variants = variants_of(str(release))
    return [
        override
        for entry in predictors.entries
        for override in _overrides(
            entry, [v.rows.get((entry.format, entry.key), Row("")) for v in variants]
        )
    ]


def _overrides(entry: Entry, stock: list[Row]) -> list[Override]:
    found = Row(*(entry.setting(field) for field in FIELDS))
    # Nothing is known to be shipped: whatever is set was set by somebody.
    nearest = min(stock or [Row("")], key=lambda row: _distance(row, found))
    return [
        Override(entry.format, entry.key, field, tuple(sorted({row[i] for row in stock})), found[i])
        for i, field in enumerate(FIELDS)
        if found[i] != nearest[i]
    ]


def _distance(row: Row, found: Row) -> int:
    return sum(a != b for a, b in zip(row, found, strict=True))
