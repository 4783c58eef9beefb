"""Upgrades given up, the former release installed again, and kmigrate's way back.

Containers are simulated. Ready is real: with real Knative Serving up to 0.9, raw on 0.15.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import StartKServe
from tests.real.claims import only_if_all
from tests.testbed.install import Stop
from tests.upgrades.failing import fail, from_0_9, from_0_15, settled, state, steady
from tests.upgrades.field import Field
from tests.upgrades.kmigrating import apply, go_back, save

Begin = Callable[[StartKServe], Field]
UPGRADES: dict[str, tuple[Begin, str]] = {
    "0.9.0": (from_0_9, "0.10.2"),
    "0.15.2": (from_0_15, "0.16.0"),
}
STOPS = {"0.9.0": tuple(Stop)[:-1], "0.15.2": (Stop.CONTROLLER, Stop.RUNTIMES)}


both = pytest.mark.parametrize("release", only_if_all("0.9.0", "0.15.2"))


@both
def test_a_checkpoint_brings_everything_back(
    start_kserve: StartKServe, tmp_path: Path, release: str
) -> None:
    """After each stop, one after the other on one cluster: each goes back to the same."""
    begin, other = UPGRADES[release]
    field = begin(start_kserve)
    before = steady(field)
    for stop in STOPS[release]:
        name = f"before-{stop.name.lower()}"
        save(field, name, tmp_path)
        fail(field, other, stop)
        after = state(field)
        assert after.config != before.config
        assert after.images != before.images
        go_back(field, name)
        settled(field, before)


@both
@pytest.mark.parametrize("stop", tuple(Stop)[:-1], ids=lambda stop: stop.name.lower())
def test_without_a_checkpoint_history_brings_the_images_back(
    start_kserve: StartKServe, release: str, stop: Stop
) -> None:
    """What the administrator set, and so what everybody runs; not the bytes of the ConfigMap."""
    begin, other = UPGRADES[release]
    field = begin(start_kserve)
    before = steady(field)
    fail(field, other, stop)
    assert state(field).images != before.images
    apply(field, "--from-history")
    settled(field, replace(before, config=field.config()))
    assert before.config != field.config()
