"""A release without manifests of its own is installed with those of the one beside it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from migrate.catalog.runtimes import CHART, CONFIG, MANIFEST
from migrate.planning.model.plan import ImageRow
from migrate.planning.stock.overridden import Overridden, overridden
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of
from tests.planning.clusters import plan
from tests.planning.installed import SKLEARN, cluster, container, reset, runtime_ref, runtimes

INSTALLED = [
    ("0.10.2", "0.10.1", MANIFEST),
    ("0.10.2", "0.10.2", CONFIG),
    ("0.10.2", "0.10.2", CHART),
    ("0.13.0", "0.13.1", MANIFEST),
    ("0.13.0", "0.13.0", CHART),
    ("0.17.1", "0.17.0", MANIFEST),
    ("0.17.1", "0.17.1", CHART),
]
IDS = [f"{release} with {origin} of {source}" for release, source, origin in INSTALLED]


def behind(prefix: str) -> Callable[[str], str]:
    return lambda image: prefix + image.removeprefix("docker.io/") if prefix else image


def set_by_somebody(found: Snapshot) -> list[ImageRow]:
    return [row for row in plan(found).images if not row.is_stock]


def seen_by_an_upgrade(found: Snapshot) -> Overridden:
    assert found.rules is not None
    return overridden(found, world_of(found, found.rules))


@pytest.mark.parametrize("prefix", ["", "registry.example.com/mirror/"])
@pytest.mark.parametrize(("release", "source", "origin"), INSTALLED, ids=IDS)
def test_nothing_of_it_is_an_override(release: str, source: str, origin: str, prefix: str) -> None:
    found = cluster(release=release, whole=runtimes(source, origin, behind(prefix)))
    assert len(plan(found).images) >= 9
    assert set_by_somebody(found) == []
    assert seen_by_an_upgrade(found) == Overridden()
    assert reset(found).operations == ()


@pytest.mark.parametrize(("release", "source", "origin"), INSTALLED, ids=IDS)
def test_what_somebody_set_is_one_and_goes_back_to_what_is_installed(
    release: str, source: str, origin: str
) -> None:
    whole = runtimes(source, origin)
    shipped = container(whole[SKLEARN])["image"]
    container(whole[SKLEARN])["image"] = "registry.example.com/ml/sklearnserver:v1"
    found = cluster(release=release, whole=whole)
    [row] = set_by_somebody(found)
    assert row.entry == f"runtime/{SKLEARN}"
    assert seen_by_an_upgrade(found).runtimes == {runtime_ref()}
    [back] = [one for one in reset(found).images if one.entry == row.entry]
    assert back.wanted == shipped


def test_what_another_release_ships_is_one() -> None:
    found = cluster(release="0.10.1", whole=runtimes("0.10.0"))
    assert f"runtime/{SKLEARN}" in [row.entry for row in set_by_somebody(found)]
