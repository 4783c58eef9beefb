"""Upgrades on one cluster, with kmigrate: what it says beforehand, and what it keeps.

Containers are simulated, and so is Knative: images are read from what KServe writes.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import StartKServe
from tests.real.claims import only_if_all
from tests.upgrades.field import Field
from tests.upgrades.images import image_now
from tests.upgrades.kmigrating import apply, hold, list_protocols, said, save
from tests.upgrades.verdicts import FINE, broken, server, verdict
from tests.upgrades.walk import WAY, Step, way_through
from tests.upgrades.walking import Passed, walk
from tests.upgrades.watching import Seen, watched

FIRST_WITHOUT_PREDICTORS = "0.10.2"
SHORT = "0.7.0, 0.9.0, 0.10.2"
WAYS = {SHORT: way_through("0.7.0", "0.9.0", "0.10.2"), "the long way": WAY}
ON_V2, V2 = {"team-a/two", "team-a/twice", "team-a/thrice"}, "mlserver"
on_each_way = pytest.mark.parametrize("way", [SHORT, *only_if_all("the long way")])


@on_each_way
def test_check_says_each_image_beforehand(start_kserve: StartKServe, way: str) -> None:
    """And without a remedy the upgrades do break services."""
    foretold: dict[str, dict[str, str]] = {}

    def foretell(field: Field, step: Step) -> None:
        foretold[step.release] = said(field, step.release)

    field = Field(start_kserve(WAYS[way][0].release))
    passed = list(walk(field, WAYS[way], before=foretell))
    assert {one.release: image_now(one.after) for one in passed} == foretold
    assert all(broken(one) for one in passed)


@on_each_way
def test_held_before_the_upgrade_nobody_leaves_the_image_that_its_owner_chose(
    start_kserve: StartKServe, way: str
) -> None:
    """At no moment, as a watch saw; and ``check`` says what the held ones get.

    Who comes later gets the server of its protocol.
    """
    foretold: dict[str, dict[str, str]] = {}
    field = Field(start_kserve(WAYS[way][0].release))
    with ExitStack() as looking:
        seen: list[Seen] = []

        def held(field: Field, step: Step) -> None:
            config = field.config()
            seen.append(looking.enter_context(watched(field.kserve)))
            hold(field, step.release)
            assert field.config() == config
            foretold[step.release] = said(field, step.release)

        def listed(field: Field, _step: Step) -> None:
            list_protocols(field)

        for one in walk(field, WAYS[way], before=held, after=listed):
            looking.close()
            assert image_now(one.after) == foretold[one.release]
            assert not broken(one)
            assert not _strayed(one, seen.pop())
            assert {server(image_now(one.before)[name]) for name in ON_V2 & {*one.before}} == {V2}


@on_each_way
def test_brought_back_after_the_upgrade(
    start_kserve: StartKServe, tmp_path: Path, way: str
) -> None:
    """Who lost the image that its owner chose has it again, and nobody is without one."""
    field = Field(start_kserve(WAYS[way][0].release))
    images: dict[str, dict[str, str]] = {}

    def saved(field: Field, step: Step) -> None:
        save(field, _name(step), tmp_path)

    def brought(field: Field, step: Step) -> None:
        apply(field, *_asked(step))
        images[step.release] = image_now(field.settle())

    broke = 0
    for one in walk(field, WAYS[way], before=saved, after=brought):
        was, now = image_now(one.before), images[one.release]
        assert {name: now[name] for name in broken(one)} == {
            name: was[name] for name in broken(one)
        }
        assert all(verdict(was[name], now[name]) in FINE for name in was)
        broke += len(broken(one))
    assert broke


def _asked(step: Step) -> tuple[str, ...]:
    """What to type after an upgrade; 0.10 gives unwritten services no image."""
    is_late = step.release == FIRST_WITHOUT_PREDICTORS
    written = ("--to-runtimes", "--convert") if is_late else ()
    return ("--from-checkpoint", _name(step), *written)


def _name(step: Step) -> str:
    return f"before-{step.release.replace('.', '-')}"


def _strayed(one: Passed, seen: Seen) -> dict[str, set[str]]:
    """Return who ran, at some moment, what its owner did not choose."""
    was = image_now(one.before)
    found = {
        name: {image for image in seen.images[name] if verdict(was[name], image) not in FINE}
        for name in was
    }
    return {name: images for name, images in found.items() if images}
