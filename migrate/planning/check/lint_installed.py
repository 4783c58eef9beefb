"""Lints of what is installed of KServe."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.planning.check.checks_mixed import doubled, mixed
from migrate.planning.model.plan import Finding
from migrate.planning.world.scene import Scene


def _doubled(scene: Scene) -> Iterator[Finding]:
    yield from doubled(scene.snapshot)


def _mixed(scene: Scene) -> Iterator[Finding]:
    yield from mixed(scene.snapshot)


INSTALLED = (_doubled, _mixed)
