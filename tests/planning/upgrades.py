"""The way of an upgrade in tests: its steps, and what becomes of a service."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.kserve.releases import parse_release
from migrate.planning.check import check
from migrate.planning.plan import Finding
from migrate.planning.snapshot import Snapshot
from migrate.planning.way import Row, Step
from migrate.planning.waycheck import way_of


def way(found: Snapshot, target: str, *via: str, direct: bool = False) -> tuple[Step, ...]:
    """The steps to a release."""
    return way_of(found, parse_release(target), [*map(parse_release, via)], direct=direct)


def direct(found: Snapshot, target: str) -> Step:
    """The one step to a release."""
    (only,) = way(found, target, direct=True)
    return only


def rows(step: Step) -> dict[str, Row]:
    """The row of each service by its name."""
    return {row.service.name: row for row in step.rows()}


def images(step: Step) -> dict[str, tuple[str | None, str | None]]:
    """The images of each service before and after the step."""
    return {name: (row.image_before, row.image_after) for name, row in rows(step).items()}


def names(steps: Sequence[Step]) -> list[str]:
    """What the steps are called."""
    return [step.name for step in steps]


def told(found: Snapshot, steps: Sequence[Step], code: str, namespace: str = "") -> list[Finding]:
    """The findings of a code: those of the steps, then those about the last release."""
    made = check(found, steps, namespace, ())
    return [one for one in made.everything if one.code == code]


def objects(found: Sequence[Finding]) -> list[str]:
    """The names of all that these findings are about."""
    return sorted(ref.name for one in found for ref in one.objects)
