"""Models of sklearn of both protocols in one namespace, from 0.8.0 to 0.9.0 and on.

A copy of a runtime of 0.8 can list no protocols. Each model has to stay on its server all the same,
stored as it is and once it is written. Containers are simulated, and so is Knative.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.conftest import StartKServe
from tests.testbed.kserve import SERVING_ALPHA
from tests.upgrades.field import Field
from tests.upgrades.images import image_now
from tests.upgrades.kmigrating import hold, list_protocols
from tests.upgrades.verdicts import server
from tests.upgrades.walk import Made, framework, model, way_through
from tests.upgrades.watching import watched

V1, V2 = "sklearnserver", "mlserver"
COPY = ("kserve-sklearnserver", "team-a")
STOCK = framework("team-a/stock", "sklearn", protocolVersion="v2")
LATER: tuple[Made, ...] = (
    model("team-a/later", "sklearn"),
    model("team-a/later-two", "sklearn", protocolVersion="v2"),
)


@pytest.mark.parametrize("how", ["as check says", "by the next plan"])
def test_each_stays_on_the_server_of_its_protocol(start_kserve: StartKServe, how: str) -> None:
    first, second, third = way_through("0.7.0", "0.8.0", "0.9.0")
    field = Field(start_kserve(first.release))
    field.people(first)
    hold(field, second.release)
    field.make([STOCK])
    field.upgrade(second.release)
    field.people(replace(second, predictors={}))
    images = image_now(field.settle())
    assert {images["team-a/iris"], images["team-a/early"]} <= _chosen(images, V1)
    assert images["team-a/two"] in _chosen(images, V2)

    with watched(field.kserve) as seen:
        hold(field, third.release)
        field.upgrade(third.release)
        assert image_now(field.settle()) == images
        _write_everybody(field)
        assert image_now(field.settle()) == images
    assert {name: seen.images[name] for name in images} == {n: {images[n]} for n in images}

    assert _protocols(field) is None
    if how == "as check says":
        assert "/".join(reversed(COPY)) in list_protocols(field)
    else:
        hold(field, "0.10.2")
    assert _protocols(field) == ["v1"]
    field.make(LATER)
    now = image_now(field.settle())
    assert {name: now[name] for name in images} == images
    assert [server(now[made.name]) for made in LATER] == [V1, V2]


def _chosen(images: dict[str, str], name: str) -> set[str]:
    """Return the images of a server that are not stock."""
    return {image for image in images.values() if image.startswith("registry.") and name in image}


def _protocols(field: Field) -> list[str] | None:
    copy = field.kserve.api.get(SERVING_ALPHA, "ServingRuntime", *COPY)
    assert copy is not None
    found: list[str] | None = copy["spec"].get("protocolVersions")
    return found


def _write_everybody(field: Field) -> None:
    """Write each service as it is stored: the webhook converts it."""
    for each in field.services():
        field.kserve.api.replace(each)
    assert all(
        set(each["spec"]["predictor"]) & {"model", "containers"} for each in field.services()
    )
