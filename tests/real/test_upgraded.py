"""Newer releases over services that were made under 0.7.0 and never written to since."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.real.claims import only_if_all
from tests.real.cli import kmigrate
from tests.real.world import REPOSITORY, World, make_odd, make_world
from tests.testbed.kserve import KServe


@pytest.mark.parametrize("release", [*only_if_all("0.8.0"), "0.9.0"])
def test_unconverted_services(start_kserve: Callable[[str], KServe], release: str) -> None:
    kserve = start_kserve("0.7.0")
    world = make_world(kserve)
    kserve.upgrade(release)
    make_odd(world)
    before = world.everything_else()
    assert all(
        "sklearn" in s["predictor"] or "xgboost" in s["predictor"]
        for s in before["services"].values()
    )

    _a_new_repository_moves_and_comes_back(world, before)
    _the_pin_keeps_another_tag_away(world, before)
    _a_pin_cannot_be_moved_without_a_conversion(world)
    _a_converted_service_follows_its_runtime(world)


def _a_new_repository_moves_and_comes_back(world: World, before: object) -> None:
    wanted = f"sklearn={REPOSITORY}:v0.7.0"
    sklearn = {world.workload(index, "iris") for index in (0, 1)}
    others = {key: image for key, image in world.images().items() if key not in sklearn}
    done = kmigrate(world.kserve.admin, "apply", "--yes", "--set", wanted)
    assert (
        f"! restart {world.kserve.release.workload} kserve/kserve-controller-manager" in done.stderr
    )
    assert "~ patch ClusterServingRuntime kserve-sklearnserver" in done.stderr
    assert world.images() == {**others, **dict.fromkeys(sklearn, f"{REPOSITORY}:v0.7.0")}
    kmigrate(world.kserve.admin, "rollback", "--yes")
    assert world.everything_else() == before


def _the_pin_keeps_another_tag_away(world: World, before: object) -> None:
    wanted = f"sklearn={REPOSITORY}:v9"
    kmigrate(world.kserve.admin, "apply", "--yes", "--set", wanted, expect=7)
    kmigrate(world.kserve.admin, "apply", "--yes", "--set", wanted, "--accept", "KM201")
    assert world.images()[world.workload(0, "iris")] == f"{REPOSITORY}:v0.7.0"
    kmigrate(world.kserve.admin, "rollback", "--yes")
    assert world.everything_else() == before


def _a_pin_cannot_be_moved_without_a_conversion(world: World) -> None:
    wanted = f"sklearn={REPOSITORY}:v9"
    done = kmigrate(world.kserve.admin, "plan", "--repin", "--set", wanted, expect=7)
    assert "converts a service" in done.stderr


def _a_converted_service_follows_its_runtime(world: World) -> None:
    world.add(world.namespaces[0], "modern", "sklearn")
    assert "model" in world.services()[f"{world.namespaces[0]}/modern"]["predictor"]
    wanted, before = f"{REPOSITORY}:v0.7.0", world.images()
    plan = json.loads(
        kmigrate(world.kserve.admin, "plan", "--set", f"sklearn={wanted}", "-o", "json").stdout
    )
    row = next(r for r in plan["plan"]["forecast"] if r["service"]["name"] == "modern")
    modern = world.workload(0, "modern")
    assert (row["outlook"], row["now"], row["afterPlan"]) == ("changes", before[modern], wanted)
    assert row["runtimeAfterPlan"]["name"] == "kserve-sklearnserver"
    kmigrate(world.kserve.admin, "apply", "--yes", "--set", f"sklearn={wanted}")
    assert world.images()[modern] == wanted
    kmigrate(world.kserve.admin, "rollback", "--yes")
    assert world.images() == before
