"""The images that are set globally: a row for each tag in `predictors`, and for each runtime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from migrate.catalog.runtimes import StockRuntime, stock
from migrate.kserve import terms
from migrate.kserve.building import base_or_none
from migrate.kserve.config import Config
from migrate.kserve.overrides import Override, overrides
from migrate.kserve.predictors import Entry, Predictors
from migrate.kserve.releases import Release
from migrate.kserve.runtimes import Runtime
from migrate.objects import printable
from migrate.planning.model.plan import ImageRow
from migrate.planning.model.targets import Target
from migrate.planning.model.wanted import Key, Wanted
from migrate.planning.stock.ways import way_of
from migrate.planning.world.forecast import World


def image_rows(
    predictors: Predictors, release: Release | None, wanted: Mapping[Key, Wanted]
) -> tuple[ImageRow, ...]:
    """Return a row for each image that the release reads from `predictors`."""
    found = overrides(predictors, release) if release else []
    return tuple(row for entry in predictors.entries for row in _rows(entry, found, wanted))


def runtime_rows(
    config: Config, release: Release | None, targets: Sequence[Target]
) -> tuple[ImageRow, ...]:
    """Return a row for the image of each ClusterServingRuntime that serves single models."""
    if not config.rules.knows_model or release is None:
        return ()
    shipped = {one.name: one for one in stock(str(release))}
    wanted = {t.runtime.name: t.desired.image for t in targets if t.desired.image}
    return tuple(
        _runtime_row(runtime, container.image or "", shipped.get(name), wanted.get(name, ""))
        for name, runtime in sorted(config.runtimes.of("").items())
        if not runtime.spec.multi_model
        and (container := base_or_none(runtime, config.rules)) is not None
    )


def with_goals(
    rows: Sequence[ImageRow], planned: World, release: Release | None
) -> tuple[ImageRow, ...]:
    """Return the rows, those that become another image with that one as wanted."""
    runtimes = runtime_rows(planned.config, release, ())
    after = (*image_rows(planned.predictors, release, {}), *runtimes)
    goals = {row.entry: row.image for row in after}
    return tuple(
        msgspec.structs.replace(row, wanted=goals[row.entry])
        if goals.get(row.entry, row.image) != row.image
        else row
        for row in rows
    )


def _runtime_row(
    runtime: Runtime, image: str, shipped: StockRuntime | None, wanted: str
) -> ImageRow:
    """Tell a runtime's image from all that the release ships under its name."""
    origins = shipped.origins if shipped else ()
    known = [next(iter(one.images.values())) for one in origins]
    is_stock = image in known or (not known and not wanted)
    told = next((one for one in known if way_of(one, image)), next(iter(known), ""))
    return ImageRow(f"runtime/{runtime.name}", printable(image), told, is_stock, wanted)


def _rows(
    entry: Entry, found: Sequence[Override], wanted: Mapping[Key, Wanted]
) -> Iterator[ImageRow]:
    mine = {o.field: o for o in found if (o.format, o.key) == (entry.format, entry.key)}
    tags = {False: terms.VERSION}
    if entry.format in terms.GPU_FORMATS:
        tags[True] = terms.GPU_VERSION
    for gpu, field in tags.items():
        if gpu and not entry.setting(field) and (entry.format, entry.key, True) not in wanted:
            continue
        yield _row(entry, field, mine, wanted.get((entry.format, entry.key, gpu)), gpu=gpu)


def _row(
    entry: Entry, field: str, mine: Mapping[str, Override], wanted: Wanted | None, *, gpu: bool
) -> ImageRow:
    name = f"{entry}/gpu" if gpu else str(entry)
    image = f"{entry.image}:{entry.setting(field)}" if entry.image else ""
    is_stock = terms.IMAGE not in mine and field not in mine
    stock = f"{_stock(entry, terms.IMAGE, mine)}:{_stock(entry, field, mine)}"
    is_wanted = str(wanted.image) if wanted else ""
    return ImageRow(name, printable(image), stock.strip(":"), is_stock, is_wanted)


def _stock(entry: Entry, field: str, mine: Mapping[str, Override]) -> str:
    if field not in mine:
        return entry.setting(field)
    return next((value for value in mine[field].stock if value), "")
