"""An upgrade that is given up, and the former release installed again over it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from tests.conftest import StartKServe
from tests.testbed.api import ApiError
from tests.testbed.install import Stop
from tests.testbed.waiting import WaitTimeoutError, wait_until
from tests.upgrades.field import Field
from tests.upgrades.images import image_now
from tests.upgrades.walk import RUNTIMES, Step, framework, model, way_through

_SECONDS = 120
_PATIENCE = 10
"""A controller that starts needs about two; some that are mixed never do."""
RAW = (
    framework("team-a/two", "sklearn", protocolVersion="v2"),
    model("team-a/iris", "sklearn"),
    model("team-b/prices", "xgboost"),
    model("team-b/trees", "lightgbm"),
)
"""Raw by the default of the ConfigMap; the first three follow what the administrator set."""


@dataclass(frozen=True)
class State:
    """What has to be as it was: the ConfigMap to the byte, everybody's image, and who is Ready."""

    config: Mapping[str, str]
    images: Mapping[str, str]
    ready: frozenset[str]


def from_0_9(start_kserve: StartKServe) -> Field:
    """Return 0.9.0 with services of 0.7.0 that nobody wrote since, on real Knative Serving."""
    first, second = way_through("0.7.0", "0.9.0")
    field = Field(start_kserve(first.release, knative=True))
    field.make(first.made)
    field.kserve.upgrade(second.release)
    field.people(second)
    return field


def from_0_15(start_kserve: StartKServe) -> Field:
    """Return 0.15.2 with raw services, and a ConfigMap that was edited."""
    field = Field(start_kserve("0.15.2"))
    set_limit(field)
    field.people(Step("0.15.2", RAW, runtimes=RUNTIMES))
    return field


def set_limit(field: Field) -> None:
    """Edit the ConfigMap where no image is."""
    document = json.loads(field.config()["storageInitializer"])
    field.configure("storageInitializer", document | {"memoryLimit": "2Gi"})


def state(field: Field) -> State:
    """Return what has to be as it was."""
    return State(field.config(), dict(image_now(field.images())), field.ready())


def steady(field: Field) -> State:
    """Return what is once everybody is Ready whose image has a name."""

    def ready() -> State | None:
        found = _reconciled(field)
        named = {name for name, image in found.images.items() if not image.startswith(":")}
        return found if named == found.ready else None

    return wait_until(ready, _SECONDS, "everybody whose image has a name to be Ready")


def settled(field: Field, expected: State) -> None:
    """Have everybody reconciled; fail unless it then is as expected, and stays so."""
    with suppress(WaitTimeoutError):
        wait_until(lambda: _reconciled(field) == expected, _SECONDS, "everything to be as it was")
    differing = _differing(_reconciled(field), expected)
    assert not differing, f"as it is, and as it was: {differing}"


def _differing(found: State, expected: State) -> dict[str, tuple[object, object]]:
    now, was = _told(found), _told(expected)
    names = sorted(now.keys() | was.keys())
    return {
        name: (now.get(name), was.get(name)) for name in names if now.get(name) != was.get(name)
    }


def _told(state: State) -> dict[str, object]:
    return {**state.config, **state.images, "Ready": sorted(state.ready)}


def fail(field: Field, release: str, stop: Stop) -> None:
    """Begin an upgrade, give it up, and install the former release again.

    In between the controller is restarted and looks at everybody, if it can.
    """
    former = field.kserve.release.version
    field.kserve.upgrade(release, stop)
    with suppress(WaitTimeoutError, ApiError):
        field.restart(_PATIENCE)
        field.settle()
    field.kserve.upgrade(former)
    field.settle()


def _reconciled(field: Field) -> State:
    field.settle()
    return state(field)
