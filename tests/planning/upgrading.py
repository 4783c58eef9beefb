"""Clusters of 0.7 before an upgrade, and the plan for after it."""

from __future__ import annotations

from typing import Any

from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Strategy
from migrate.planning.model.typed import merged, parse_set
from migrate.planning.world.snapshot import Snapshot
from tests.planning.converting import upgraded


def seven(*services: dict[str, Any], **images: Any) -> Snapshot:
    """A cluster of 0.7.0 that stands still."""
    return upgraded("0.7.0", *services, **images)


def prepared(found: Snapshot, target: str = "0.9.0", *sets: str, **options: Any) -> Plan:
    """The plan for after the upgrade."""
    images = options.pop("images", merged(map(parse_set, sets)))
    return make_plan(
        found, Options(images, strategy=Strategy.TO_RUNTIMES, target=target, **options)
    )


def moments(made: Plan, name: str) -> tuple[str | None, ...]:
    """The images of a service: now, after the upgrade, once written, and so without the plan."""
    row = next(row for row in made.forecast if row.service.name == name)
    return (row.now, row.after_reconcile, row.after_plan, row.after_rollback)
