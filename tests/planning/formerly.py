"""Clusters before and after an upgrade, and the plan that brings the former images back."""

from __future__ import annotations

from typing import Any

from migrate.kserve.releases import parse_release
from migrate.planning.former.bringing import bring_back
from migrate.planning.former.former import Former, Source
from migrate.planning.former.formersnapshot import from_snapshot
from migrate.planning.model.desired import Options
from migrate.planning.model.formerof import FormerOf
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Strategy
from migrate.planning.stock.upgraded import upgraded
from migrate.planning.world.snapshot import Snapshot
from tests.planning.converting import found
from tests.planning.copies import reconciled

SOURCE = Source("2026-11-01T00:00:00Z", "a checkpoint")
INTO: dict[str, Any] = {"strategy": Strategy.TO_RUNTIMES}
UPGRADES = (("0.8.0", "0.9.0"), ("0.9.0", "0.10.2"), ("0.15.2", "0.16.0"), ("0.16.0", "0.20.0"))


def former_of(before: Snapshot, **more: Any) -> Former:
    """What the cluster tells as it is."""
    return from_snapshot(before, SOURCE, **more)


def after_upgrade(before: Snapshot, release: str) -> Snapshot:
    """The same services under the released manifests, each reconciled."""
    return reconciled(upgraded(before, parse_release(release)))


def brought(now: Snapshot, former: Former, *, with_stock: bool = False, **options: Any) -> Plan:
    """The plan."""
    asked = FormerOf("checkpoint before", with_stock=with_stock)
    return bring_back(now, Options(former=asked, **options), former)


def lots(made: Plan) -> dict[str, tuple[Any, str | None]]:
    """The former image of each service beside the one after the plan."""
    return {row.service.name: (row.former, row.after_plan) for row in made.forecast}


def texts(made: Plan, code: str) -> str:
    """What the findings of a code say."""
    return " | ".join(one.text for one in found(made, code))
