"""The way of an upgrade in tests: its steps, and what becomes of a service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from migrate.kserve.releases import parse_release
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.objects import Manifest, ref_of
from migrate.planning.check.check import check
from migrate.planning.check.way import Row, Step
from migrate.planning.check.waycheck import way_of
from migrate.planning.model.plan import Finding
from migrate.planning.world.snapshot import Snapshot


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


def with_cluster(found: Snapshot, name: str, **container: Any) -> Snapshot:
    """A snapshot with fields of the container of a ClusterServingRuntime edited."""
    ref = next(ref for ref in found.originals if ref.name == name)
    manifest: Manifest = msgspec.json.decode(msgspec.json.encode(found.originals[ref]))
    manifest["spec"]["containers"][0].update(container)
    return installed(found, manifest)


def installed(found: Snapshot, *manifests: Manifest) -> Snapshot:
    """A snapshot with these runtimes over those of the same names."""
    made = {ref_of(one): one for one in manifests}
    kept = [one for one in found.runtimes.everywhere if one.ref not in made]
    records = [msgspec.convert(one, Runtime) for one in manifests]
    whole = {ref: one for ref, one in made.items() if not ref.namespace}
    return replace(
        found,
        runtimes=Runtimes([*kept, *records]),
        originals={**found.originals, **whole},
    )
