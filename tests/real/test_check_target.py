"""Each image after each step of an upgrade is the one that `check --target` said before all of it.

Services made under 0.7.0, three repositories of somebody's own, the released manifests. Containers
are simulated, and no webhook of Knative runs: without it an image-less Knative Service is written.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.conftest import StartKServe
from tests.real.claims import only_if_all
from tests.real.cli import kmigrate
from tests.real.upgraded import OTHERS, REGISTRIES, ROLL, STAY, Field, Services, made, override
from tests.testbed.waiting import wait_until

SERVICES: Services = {
    **STAY,
    **ROLL,
    **OTHERS,
    "team-c/torch": ("pytorch", {}),
    "team-b/own": ("sklearn", {"image": "own/sklearn:v1"}),
}
TOLD = {"0.10.2": "0.10.1"}
"""Where a release published no manifests, those of another one are installed."""


@pytest.mark.parametrize("way", ["0.9.0 0.10.2", *only_if_all("0.8.0 0.9.0 0.10.2")])
def test_every_image_after_every_step_is_the_one_that_was_told(
    start_kserve: StartKServe, way: str
) -> None:
    releases = way.split()
    field = replace(made(start_kserve("0.7.0"), SERVICES), registry=REGISTRIES["0.8.0"])
    override(field)
    before = field.images()
    steps = _told(field, releases)
    assert _images(steps[0], "imageBefore") == before
    for release, step in zip(releases, steps, strict=True):
        field.kserve.upgrade(release)
        _settled(field, _images(step, "imageAfter"))
    assert {_name(row): row["why"] for row in steps[0]["rows"] if row["why"]} == {
        **dict.fromkeys([*STAY, *ROLL], "lost-override"),
        "team-c/torch": "no-image",
    }


def _told(field: Field, way: list[str]) -> list[Any]:
    """The steps, asked for once under 0.7.0."""
    *via, target = (TOLD.get(release, release) for release in way)
    flags = [word for stop in via for word in ("--via", stop)]
    asked = ["check", "--target", target, *flags, "-o", "json"]
    document = json.loads(kmigrate(field.kserve.admin, *asked, expect=7).stdout)
    assert [step["target"] for step in document["steps"]] == [*via, target]
    steps: list[Any] = document["steps"]
    return steps


def _images(step: Any, moment: str) -> dict[str, str]:
    return {_name(row): row[moment] for row in step["rows"]}


def _name(row: Any) -> str:
    return f"{row['service']['namespace']}/{row['service']['name']}"


def _settled(field: Field, expected: dict[str, str]) -> None:
    """Have everybody reconciled, and wait for these images."""
    field.reconcile(*SERVICES)
    wait_until(lambda: field.images() == expected, 60, f"{expected}")
    field.reconcile(*SERVICES)
    assert field.images() == expected
