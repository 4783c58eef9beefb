"""Services that name no protocol: which of them have a runtime, asked of the real controllers.

0.9 and 0.10 ask runtimes for none then, 0.11 and later for v1 (``GetSupportingRuntimes`` in
``predictor_model.go``, 0.10.2 and 0.11.2). The webhook of 0.11 and later writes v2 into a new
service of format triton (``setPredictorModelDefaults`` in ``inference_service_defaults.go``,
0.11.2), but not into one that an earlier release stored, nor into one of format mlflow.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import StartKServe
from tests.real.claims import get_service, image_of, only_if_all, wake_by_status
from tests.real.cli import kmigrate
from tests.testbed.kserve import KServe
from tests.testbed.samples import framework_service, model_service
from tests.testbed.waiting import wait_until

FORMATS = {"iris": "sklearn", "net": "triton", "flow": "mlflow"}
NONE = "NoSupportingRuntime"


@pytest.mark.parametrize("release", ["0.11.2", *only_if_all("0.15.2")])
def test_of_an_earlier_release(start_kserve: StartKServe, release: str) -> None:
    kserve = start_kserve("0.10.2")
    team = _made(kserve)
    names = [*FORMATS, "legacy"]
    for name in names:
        kserve.wait_predictor(team, name)
    assert {name for name in names if _protocol(kserve, team, name)} == {"legacy"}
    before = {name: _compared(kserve, team, name) for name in names}
    assert NONE not in before.values()
    kserve.upgrade(release)
    found = {name: _compared(kserve, team, name) for name in names}
    left = {name for name, told in found.items() if told == NONE}
    assert left == {"net", "flow"}
    assert {name: image_of(kserve, team, name) for name in left} == {n: before[n] for n in left}


@pytest.mark.parametrize("release", ["0.11.2", "0.15.2"])
def test_of_the_release(start_kserve: StartKServe, release: str) -> None:
    kserve = start_kserve(release)
    team = _made(kserve)
    names = [*FORMATS, "legacy"]
    assert {name for name in names if _protocol(kserve, team, name) == "v2"} == {"net", "legacy"}
    found = {name: _compared(kserve, team, name) for name in names}
    assert {name for name, told in found.items() if told == NONE} == {"flow"}


def _made(kserve: KServe) -> str:
    """Make a service of each format, and one of triton in the framework form."""
    team = kserve.create_namespace()
    for name, format_ in FORMATS.items():
        kserve.api.create(model_service(name, team, format_))
    kserve.api.create(framework_service("legacy", team, "triton"))
    return team


def _protocol(kserve: KServe, namespace: str, name: str) -> str:
    predictor = get_service(kserve, namespace, name)["spec"]["predictor"]
    return str(predictor["model"].get("protocolVersion", ""))


def _compared(kserve: KServe, namespace: str, name: str) -> str:
    """Have the controller look at a service; return what it says, once that is as explained."""
    done = kmigrate(kserve.admin, "explain", f"{namespace}/{name}", "-o", "json")
    outcome = json.loads(done.stdout)["next"]
    expected = outcome["container"]["image"] if outcome["runtime"] else NONE
    wake_by_status(kserve, namespace, name)
    wait_until(
        lambda: _told(kserve, namespace, name) == expected, 60, f"{name}: {expected}, {outcome}"
    )
    return expected


def _told(kserve: KServe, namespace: str, name: str) -> str:
    """What the controller says: why there is no runtime, else the image that it wrote."""
    status: dict[str, Any] = get_service(kserve, namespace, name).get("status", {})
    failure = status.get("modelStatus", {}).get("lastFailureInfo", {})
    if failure.get("reason"):
        return str(failure["reason"])
    found = kserve.wait_predictor(namespace, name)
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])
