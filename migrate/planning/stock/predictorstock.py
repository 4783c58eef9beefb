"""The images of `predictors` beside those that the release ships in their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.catalog.predictors import Row, Variant, variants_of
from migrate.kserve import terms
from migrate.kserve.overrides import FIELDS
from migrate.kserve.predictors import Entry, Predictors
from migrate.planning.model.wanted import Key
from migrate.planning.stock.ways import Found


def entries_of(predictors: Predictors, release: str) -> dict[Key, Found]:
    """Return each image that the release reads, for services with a GPU and without.

    Of several manifests the one counts that is nearest to all of `predictors`; where two are
    as near, both do.
    """
    nearest = _nearest(predictors, variants_of(release))
    return {key: found for entry in predictors.entries for key, found in _entry(entry, nearest)}


def _nearest(predictors: Predictors, variants: Sequence[Variant]) -> list[Variant]:
    far = [sum(_distance(entry, variant) for entry in predictors.entries) for variant in variants]
    return [variant for variant, n in zip(variants, far, strict=True) if n == min(far)]


def _distance(entry: Entry, variant: Variant) -> int:
    found = (entry.setting(field) for field in FIELDS)
    return sum(one != other for one, other in zip(found, _row(entry, variant), strict=True))


def _row(entry: Entry, variant: Variant) -> Row:
    return variant.rows.get((entry.format, entry.key), Row(""))


def _entry(entry: Entry, variants: Sequence[Variant]) -> Iterator[tuple[Key, Found]]:
    rows = [_row(entry, variant) for variant in variants]
    yield (
        (entry.format, entry.key, False),
        _found(str(entry), entry.image, entry.default_image_version, rows, 1),
    )
    gpu = entry.default_gpu_image_version
    if entry.format in terms.GPU_FORMATS and (gpu or any(row.gpu_version for row in rows)):
        yield (entry.format, entry.key, True), _found(f"{entry}/gpu", entry.image, gpu, rows, 2)


def _found(name: str, image: str, tag: str, rows: Sequence[Row], version: int) -> Found:
    stock = dict.fromkeys(f"{r.image}:{r[version]}" for r in rows if r.image and r[version])
    return Found(name, f"{image}:{tag}" if image else "", tuple(stock))
