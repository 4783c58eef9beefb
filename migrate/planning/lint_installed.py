"""Lints of what is installed of KServe."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.planning.checks_mixed import doubled, mixed
from migrate.planning.plan import Finding
from migrate.planning.scene import Scene


def _doubled(scene: Scene) -> Iterator[Finding]:
    yield from doubled(scene.snapshot)


def _mixed(scene: Scene) -> Iterator[Finding]:
    yield from mixed(scene.snapshot)


INSTALLED = (_doubled, _mixed)
