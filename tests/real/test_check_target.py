"""Each image after each step of an upgrade is the one that `check --target` said before all of it.

Services made under 0.7.0, three repositories of somebody's own, the released manifests. Containers
are simulated, and no webhook of Knative runs: without it an image-less Knative Service is written.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from migrate.cluster.kube import connect
from migrate.commands.reading import read_snapshot
from migrate.kserve.releases import parse_release
from migrate.planning.stock.upgraded import upgraded
from tests.conftest import StartKServe
from tests.real.claims import only_if_all
from tests.real.cli import kmigrate
from tests.real.upgraded import (
    OTHERS,
    REGISTRIES,
    ROLL,
    RUNTIMES,
    STAY,
    Field,
    Services,
    made,
    override,
)
from tests.testbed.kserve import KServe
from tests.testbed.samples import model_service
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
    assert _words(steps[0]) == {
        **dict.fromkeys([*STAY, *ROLL], "lost-override"),
        "team-c/torch": "no-image",
    }


MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "iris": ("sklearn", {}),
    "two": ("sklearn", {"protocolVersion": "v2"}),
    "trees": ("lightgbm", {}),
    "prices": ("xgboost", {"runtimeVersion": "v0.15.0"}),
    "flow": ("tensorflow", {"resources": {"limits": {"nvidia.com/gpu": "1"}}}),
    "net": ("pytorch", {}),
    "own": ("sklearn", {"image": "own/sklearn:v1"}),
}
EDITED = "kserve-sklearnserver"


@pytest.mark.parametrize("way", [*only_if_all("0.17.0 0.20.0")])
def test_edited_runtimes_become_what_was_told(start_kserve: StartKServe, way: str) -> None:
    """Images of Deployments, and all of the runtimes' specs, after each step."""
    kserve = start_kserve("0.16.0")
    kserve.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    _edit(kserve)
    for name, (format_, more) in MODELS.items():
        service = model_service(name, "team", format_)
        service["spec"]["predictor"]["model"].update(more)
        kserve.api.create(service)
        kserve.wait_predictor("team", name)
    releases = way.split()
    steps = _told(Field(kserve), releases)
    told = {name.partition("/")[2]: why for name, why in _words(steps[0]).items()}
    assert told["iris"] == "lost-edit"
    for release, step in zip(releases, steps, strict=True):
        specs = _predicted(kserve, release)
        kserve.upgrade(release)
        Field(kserve).reconcile(*(f"team/{name}" for name in MODELS))
        expected = _images(step, "imageAfter")
        wait_until(lambda: _deployed(kserve) == expected, 60, f"{expected}")  # noqa: B023
        assert _specs(kserve) == specs


def _edit(kserve: KServe) -> None:
    """Edit a runtime as people do: the image, a variable, a node selector."""
    found = _runtimes(kserve)[EDITED]
    (container,) = found["spec"]["containers"]
    env = [*container.get("env", []), {"name": "MINE", "value": "1"}]
    mine = {**container, "image": "registry.example.com/ml/sklearnserver:ours", "env": env}
    kserve.api.patch(found, {"spec": {"containers": [mine], "nodeSelector": {"disk": "fast"}}})


def _predicted(kserve: KServe, release: str) -> dict[str, Any]:
    cluster = connect(str(kserve.admin))
    found = upgraded(read_snapshot(cluster, "kserve", ""), parse_release(release))
    cluster.close()
    return {ref.name: one["spec"] for ref, one in found.originals.items() if not ref.namespace}


def _runtimes(kserve: KServe) -> dict[str, Any]:
    found = kserve.api.list(RUNTIMES, "ClusterServingRuntime")
    return {one["metadata"]["name"]: one for one in found}


def _specs(kserve: KServe) -> dict[str, Any]:
    return {name: one["spec"] for name, one in _runtimes(kserve).items()}


def _deployed(kserve: KServe) -> dict[str, str]:
    return {
        f"team/{one['metadata']['name'].removesuffix('-predictor')}": one["spec"]["template"][
            "spec"
        ]["containers"][0]["image"]
        for one in kserve.api.list("apps/v1", "Deployment", "team")
    }


def _words(step: Any) -> dict[str, str]:
    return {_name(row): row["why"] for row in step["rows"] if row["why"]}


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
