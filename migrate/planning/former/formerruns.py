"""Former images, from the record of a run of kmigrate: what it left."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.planning.former.former import Former, FormerImage, FormerService, Source
from migrate.planning.model.plan import ImageRow, Plan, Reach
from migrate.planning.model.strategy import Strategy


def from_run(plan: Plan, source: Source, *, is_applied: bool) -> Former:
    """Return what was set, and what services ran, once a run was applied, or rolled back."""
    return Former(
        release=plan.release,
        sources=(source,),
        images=tuple(_images(plan, source, is_applied=is_applied)),
        services=tuple(_services(plan, source, is_applied=is_applied)),
        cluster_uid=plan.cluster_uid,
    )


def _images(plan: Plan, source: Source, *, is_applied: bool) -> Iterator[FormerImage]:
    is_global = is_applied and plan.options.strategy is not Strategy.TO_RUNTIMES
    for row in plan.images:
        image = row.wanted if is_global and row.wanted else row.image
        if image and row.verdict not in (Reach.UNREAD, Reach.WRONG_SHAPE):
            is_stock = _is_stock(row, image)
            yield FormerImage(
                entry=row.entry, image=image, source=source, stock=row.stock, is_stock=is_stock
            )


def _is_stock(row: ImageRow, image: str) -> bool:
    return row.is_stock if image == row.image else image == row.stock


def _services(plan: Plan, source: Source, *, is_applied: bool) -> Iterator[FormerService]:
    for row in plan.forecast:
        image = row.after_plan if is_applied else row.after_rollback
        if image:
            yield FormerService(service=row.service, image=image, source=source)
