"""A rollback of `apply --target` once KServe is upgraded: what it costs is told, and refused."""

from __future__ import annotations

import re
import shlex

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.kserve.stock import stock_runtimes
from tests.commands.moving import objects
from tests.commands.upgrading import copies, gets, upgrade
from tests.commands.wording import Make
from tests.planning.copies import OVER, SKLEARN

WAYS = [("0.9.0", "0.10.2"), ("0.11.2", "0.15.2"), ("0.16.0", "0.20.0")]
ON_SKLEARN = {"iris", "rows", "far"}
"""The services on the runtime that somebody edited."""


@pytest.fixture(params=WAYS, ids=[" to ".join(way) for way in WAYS])
def held(request: pytest.FixtureRequest, make: Make) -> tuple[MemoryCluster, str]:
    """A cluster that was upgraded after its images were held, and the release that runs."""
    before, after = request.param
    found = MemoryCluster(objects(before))
    code, _, said = make(found=found)("apply", "--target", after, "--yes", "--timeout", "5")
    assert code == 0, said
    upgrade(found, after)
    assert {name for name, image in gets(found).items() if image == OVER} == ON_SKLEARN
    return found, after


@pytest.mark.parametrize("dry", [(), ("--dry-run=client",), ("--accept", "KM312=team/iris")])
def test_who_loses_which_image_is_told_and_nothing_is_written(
    held: tuple[MemoryCluster, str], make: Make, dry: tuple[str, ...]
) -> None:
    found, release = held
    start, images = copies(found), gets(found)
    code, _, said = make(found=found)("rollback", "--yes", *dry)
    assert code == 7, said
    words = " ".join(said.split())
    shipped = (stock_runtimes(release)[SKLEARN].spec.containers or [])[0].image
    told = f"error KM312: they run {OVER} by what the run made for the upgrade to KServe {release}"
    assert f"{told}; taken back under {release}, they get {shipped}" in words
    assert "objects: other/far, team/iris, team/rows" in words
    assert "leave the run as it is" in words
    assert "KM302" not in words
    assert "the rollback is blocked:" in words
    assert (copies(found), gets(found)) == (start, images)


def test_after_the_commands_that_are_told_the_rollback_costs_nothing(
    held: tuple[MemoryCluster, str], make: Make
) -> None:
    found, _ = held
    verbs, images = make(found=found), gets(found)
    _, out, said = verbs("status")
    run = out.split()[1]
    _, _, said = verbs("rollback", run, "--yes")
    commands = set(re.findall(r"or kmigrate (apply --set \S+), then this", " ".join(said.split())))
    assert f"apply --set runtime/{SKLEARN}={OVER}" in commands
    for command in commands:
        code, _, said = verbs(*shlex.split(command), "--yes", "--timeout", "5")
        assert code == 0, said
    assert copies(found)
    code, _, said = verbs("rollback", run, "--yes", "--timeout", "5")
    assert code == 0, said
    assert "KM312" not in said
    assert (copies(found), gets(found)) == ({}, images)


def test_who_accepts_it_gets_what_the_release_ships(
    held: tuple[MemoryCluster, str], make: Make
) -> None:
    found, release = held
    code, _, said = make(found=found)("rollback", "--accept", "KM312", "--yes", "--timeout", "5")
    assert code == 0, said
    assert "error (accepted) KM312" in said
    shipped = (stock_runtimes(release)[SKLEARN].spec.containers or [])[0].image
    assert copies(found) == {}
    assert {gets(found)[name] for name in ON_SKLEARN} == {shipped}


def test_before_the_upgrade_it_costs_nothing(make: Make) -> None:
    found = MemoryCluster(objects("0.11.2"))
    verbs, images = make(found=found), gets(found)
    assert verbs("apply", "--target", "0.15.2", "--yes", "--timeout", "5")[0] == 0
    code, _, said = verbs("rollback", "--yes", "--timeout", "5")
    assert (code, "KM312" in said) == (0, False), said
    assert gets(found) == images
