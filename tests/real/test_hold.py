"""Images held across upgrades of real controllers: as the plan says, before it and after it.

A Knative Service whose generation stays got no new Revision, whatever was written in between.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from migrate.cluster.kube import connect
from tests.conftest import StartKServe
from tests.real.claims import only_if_all
from tests.real.cli import kmigrate
from tests.real.tenants import OVERRIDES, make_tenants
from tests.real.upgraded import (
    GPU,
    OTHERS,
    REGISTRIES,
    ROLL,
    STAY,
    Field,
    Services,
    made,
    override,
    ref_of_service,
)
from tests.testbed.kserve import SERVING
from tests.testbed.waiting import wait_until

ON_OVERRIDES: Services = {
    "team-a/iris": ("sklearn", {}),
    "team-a/two": ("sklearn", {"protocolVersion": "v2"}),
    "team-b/flow": ("tensorflow", {"runtimeVersion": "1.14.0-gpu", "resources": GPU}),
}
HELD: Services = {
    **ON_OVERRIDES,
    "team-a/torch": ("pytorch", {}),
    "team-b/own": ("sklearn", {"image": "own/sklearn:7"}),
}
"""Who would lose its image: also one that 0.8 on has none for, and one that a pin would rewrite."""
TORCH, OWN = "team-c/torch", "team-c/own"
STOCK: Services = {"team-b/prices": ("xgboost", {}), "team-b/trees": ("lightgbm", {})}
OF_7 = {**HELD, **STOCK}


@pytest.mark.parametrize("release", ["0.8.0", *only_if_all("0.9.0")])
def test_services_of_0_7_keep_their_images(start_kserve: StartKServe, release: str) -> None:
    field = made(start_kserve("0.7.0"), OF_7)
    _override(field, REGISTRIES[release])
    images, generations, specs = field.images(), field.generations(), _specs(field)
    rows = _planned(field, release)
    assert {name: row["afterUpgrade"] for name, row in rows.items()} == images
    assert not any(row["restarts"] for row in rows.values())

    done = kmigrate(field.kserve.admin, "apply", "--target", release, "--yes")
    assert f"then: upgrade KServe to {release}" in done.stderr
    written = {name for name, spec in _specs(field).items() if spec != specs[name]}
    assert written == set(HELD)
    _quiet(field, images, generations)
    done = kmigrate(field.kserve.admin, "apply", "--target", release, "--yes")
    assert "nothing to change" in done.stdout
    kmigrate(field.kserve.admin, "rollback", "--yes")
    assert _specs(field) == specs
    _quiet(field, images, generations)

    kmigrate(field.kserve.admin, "apply", "--target", release, "--yes")
    field.kserve.upgrade(release)
    _settled(field, images)
    _written(field)
    _settled(field, images)
    assert set(field.forms().values()) == {"model"}


def test_services_of_0_7_are_converted_under_0_9_and_have_images_under_0_10(
    start_kserve: StartKServe,
) -> None:
    own = {OWN: ("sklearn", {"image": "own/sklearn:7"})}
    services = {**STAY, **ROLL, **OTHERS, **own, TORCH: ("pytorch", {})}
    field = made(start_kserve("0.7.0"), services)
    field.kserve.upgrade("0.9.0")
    field = replace(field, registry=REGISTRIES["0.9.0"])
    override(field)
    _settled(field, {**field.images(), TORCH: ":0.4.1"})
    _with_its_tag_as_pin(field)
    images = {**field.images(), TORCH: "pytorch/torchserve-kfs:0.4.1"}
    rows = _planned(field, "0.10.2")
    assert {name: row["afterUpgrade"] for name, row in rows.items()} == images
    assert {name for name, row in rows.items() if row["restarts"]} == {*ROLL, TORCH}
    kmigrate(field.kserve.admin, "apply", "--target", "0.10.2", "--yes")
    assert set(field.forms().values()) == {"model"}
    assert field.images() == images
    field.kserve.upgrade("0.10.2")
    _settled(field, images)


def _with_its_tag_as_pin(field: Field) -> None:
    """Do what the plan says of an image that a conversion would rewrite: it stays."""
    (blocking,) = (
        one
        for one in _plan(field.kserve.admin, "0.10.2", expect=7)["findings"]
        if one["severity"] == "error"
    )
    assert (blocking["code"], [_name(ref) for ref in blocking["objects"]]) == ("KM520", [OWN])
    assert "set runtimeVersion in the field of their framework to 7," in blocking["fix"]
    images = field.images()
    cluster = connect(str(field.kserve.admin))
    cluster.patch(
        ref_of_service(OWN), {"spec": {"predictor": {"sklearn": {"runtimeVersion": "7"}}}}
    )
    cluster.close()
    assert field.forms()[OWN] == "model"
    _settled(field, images)


@pytest.mark.parametrize("release", ["0.15.2"])
def test_an_edited_runtime_is_kept_and_the_others_follow(
    start_kserve: StartKServe, release: str
) -> None:
    services = {
        "team-a": (("iris", "sklearn", "v1", ""), ("two", "sklearn", "v2", "")),
        "team-b": (("flow", "tensorflow", "v1", ""), ("prices", "xgboost", "v1", "")),
    }
    tenants = make_tenants(start_kserve(release), services)
    before = tenants.settled()
    plan = _plan(tenants.kserve.admin, "0.16.0")
    expected = {_name(row["service"]): row["afterUpgrade"] for row in plan["forecast"]}
    kmigrate(tenants.kserve.admin, "apply", "--target", "0.16.0", "--yes")
    assert tenants.moved_since(before) == []
    tenants.kserve.upgrade("0.16.0")

    def images() -> dict[str, str]:
        seen = tenants.settled()
        return {name: next(iter(sight.images.values())) for name, sight in seen.items()}

    wait_until(lambda: images() == expected, 180, f"{expected}")
    chosen = [image for image in expected.values() if image in OVERRIDES.values()]
    assert len(chosen) == 3
    (follows,) = set(expected.values()) - set(OVERRIDES.values())
    assert follows.startswith("tensorflow/serving:")


def _override(field: Field, registry: str) -> None:
    """Set three repositories, and have KServe follow."""
    document = json.loads(field.predictors())
    document["sklearn"]["v1"]["image"] = f"{registry}/sklearnserver"
    document["sklearn"]["v2"]["image"] = f"{registry}/mlserver"
    document["tensorflow"]["image"] = f"{registry}/serving"
    field.write(json.dumps(document))

    def follows() -> bool:
        field.reconcile(*ON_OVERRIDES)
        images = field.images()
        return all(images[name].startswith(registry) for name in ON_OVERRIDES)

    wait_until(follows, 60, "the images of predictors")


def _plan(admin: Any, release: str, expect: int = 0) -> dict[str, Any]:
    done = kmigrate(admin, "plan", "--target", release, "-o", "json", expect=expect)
    found: dict[str, Any] = json.loads(done.stdout)["plan"]
    return found


def _planned(field: Field, release: str) -> dict[str, Any]:
    plan = _plan(field.kserve.admin, release)
    return {_name(row["service"]): row for row in plan["forecast"]}


def _name(ref: dict[str, str]) -> str:
    return f"{ref['namespace']}/{ref['name']}"


def _specs(field: Field) -> dict[str, Any]:
    found = field.kserve.api.list(SERVING, "InferenceService")
    return {_name(each["metadata"]): each["spec"] for each in found}


def _quiet(field: Field, images: dict[str, str], generations: dict[str, int]) -> None:
    """Nothing changes, not even once everybody was reconciled."""
    field.reconcile(*images)
    assert (field.images(), field.generations()) == (images, generations)


def _settled(field: Field, expected: dict[str, str]) -> None:
    """Have everybody reconciled, and wait for these images."""
    field.reconcile(*expected)
    wait_until(lambda: field.images() == expected, 60, f"{expected}")
    field.reconcile(*expected)
    assert field.images() == expected


def _written(field: Field) -> None:
    cluster = connect(str(field.kserve.admin))
    for name in OF_7:
        cluster.patch(ref_of_service(name), {})
    cluster.close()
