"""The images that are set globally, each with whom it reaches and whether the release ships it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migrate.kserve import terms
from migrate.planning.model.plan import ImageRow
from migrate.planning.model.targets import Target
from migrate.planning.model.wanted import Key, Wanted
from migrate.planning.stock.images import image_rows, runtime_rows
from migrate.planning.stock.mirrors import mirror_of, taken_for_stock
from migrate.planning.stock.reach import judged, unread
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot


def images_set(
    snapshot: Snapshot,
    now: World,
    wanted: Mapping[Key, Wanted],
    targets: Sequence[Target] = (),
) -> tuple[ImageRow, ...]:
    """Return what is set globally, whom it reaches, and what is set in vain."""
    rows = (
        *image_rows(now.predictors, snapshot.release, wanted),
        *runtime_rows(now.config, snapshot.release, targets),
    )
    text = (snapshot.config.get("data") or {}).get(terms.PREDICTORS_KEY)
    idle = unread(text, now.predictors)
    mirror = mirror_of([*rows, *idle])
    return (*judged(taken_for_stock(rows, mirror), now), *taken_for_stock(idle, mirror))
