"""Runtimes planned under 0.7.0 for an upgrade: each service has the image that the plan said, then.

At three moments: after the upgrade with the released manifests, once it was written with these
runtimes, and with `predictors` kept in the upgrade in between. Containers are simulated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate.cluster.kube import connect
from tests.conftest import StartKServe
from tests.real.claims import only_if_all
from tests.real.cli import kmigrate
from tests.real.upgraded import GPU, REGISTRIES, Field, Services, made, ref_of_service
from tests.testbed.waiting import wait_until

MOVED: Services = {
    "team-a/iris": ("sklearn", {}),
    "team-a/two": ("sklearn", {"protocolVersion": "v2"}),
    "team-a/prices": ("xgboost", {"env": [{"name": "A", "value": "b"}], "args": ["--x=1"]}),
    "team-b/old": ("sklearn", {"runtimeVersion": "v0.6.1"}),
    "team-c/flow": ("tensorflow", {"runtimeVersion": "1.14.0-gpu", "resources": GPU}),
}
"""Who depends on an override, and gets a runtime for it."""
OTHERS: Services = {
    "team-a/torch": ("pytorch", {}),
    "team-b/trees": ("lightgbm", {}),
    "team-c/own": ("sklearn", {"image": "own/sklearn:v0.7.0"}),
}
"""Who depends on what the release ships, or on nothing. 0.8 on gives pytorch no repository."""
SERVICES = {**MOVED, **OTHERS}
COPIES = {
    "team-a/kserve-sklearnserver",
    "team-a/kserve-mlserver",
    "team-a/kserve-xgbserver",
    "team-b/kserve-sklearnserver",
    "team-c/kserve-tensorflow-serving",
}
READ = ("0.8.0", "0.9.0")
"""The releases that still read `predictors`."""


@pytest.mark.parametrize("setup", ["0.9.0", *only_if_all("0.9.0 kept", "0.8.0", "0.15.2")])
def test_every_image_is_the_one_that_the_plan_said(
    start_kserve: StartKServe, tmp_path: Path, setup: str
) -> None:
    release, _, is_kept = setup.partition(" ")
    field = made(start_kserve("0.7.0"), SERVICES)
    overridden = _override(field, REGISTRIES.get(release, REGISTRIES["0.9.0"]))
    before = field.images()
    rows = _planned(field, release, tmp_path / "git")
    assert _at(rows, "now") == before
    assert (field.images(), field.predictors()) == (before, overridden)
    _refused(field, tmp_path / "git.json")

    field.kserve.upgrade(release)
    if is_kept:
        field.write(overridden)
    between = _at(rows, "afterReconcile")
    if is_kept:
        between |= {name: before[name] for name in MOVED}
    _settled(field, between)
    _applied(field, tmp_path / "git")
    _settled(field, between)
    after = _at(rows, "afterPlan")
    assert {name: after[name] for name in MOVED} == {name: before[name] for name in MOVED}
    if release in READ:
        # For 0.9 the versions of 0.7 in predictors are overrides as well.
        more = {"team-b/trees"} if is_kept else set()
        _converted(field, between, after, {*MOVED, *more})
    _written(field)
    _settled(field, after)
    assert set(field.forms().values()) == {"model"}


def _override(field: Field, registry: str) -> str:
    """Set four repositories, have KServe follow; return the text."""
    document = json.loads(field.predictors())
    document["sklearn"]["v1"]["image"] = f"{registry}/sklearnserver"
    document["sklearn"]["v2"]["image"] = f"{registry}/mlserver"
    document["xgboost"]["v1"]["image"] = f"{registry}/xgbserver"
    document["tensorflow"]["image"] = f"{registry}/serving"
    text = json.dumps(document)
    field.write(text)

    def follows() -> bool:
        field.reconcile(*MOVED)
        images = field.images()
        return all(images[name].startswith(registry) for name in MOVED)

    wait_until(follows, 60, "the images of predictors")
    return text


def _planned(field: Field, release: str, folder: Path) -> dict[str, Any]:
    """Plan and render; return the forecast. What breaks by the upgrade is told, and accepted."""
    asked = ["plan", "--to-runtimes", "--target", release, "-o", "json"]
    plain = json.loads(kmigrate(field.kserve.admin, *asked, expect=7).stdout)["plan"]
    broken = {
        n for f in plain["findings"] if f["code"] == "KM282" for n in map(_name, f["objects"])
    }
    is_read = release in READ
    assert broken == ({"team-a/torch"} if is_read else set(SERVICES) - {"team-c/own"})
    saved = ["--accept", "KM282", "--render", str(folder), "--out", str(folder) + ".json"]
    plan = json.loads(kmigrate(field.kserve.admin, *asked, *saved).stdout)["plan"]
    assert {_name(op["target"]) for op in plan["operations"]} == COPIES
    return {_name(row["service"]): row for row in plan["forecast"]}


def _refused(field: Field, saved: Path) -> None:
    """The saved plan can be looked at, and not applied."""
    done = kmigrate(field.kserve.admin, "apply", str(saved), expect=64)
    assert "--render DIR" in done.stderr
    done = kmigrate(field.kserve.admin, "status", str(saved))
    assert "pending  ServingRuntime team-a/kserve-sklearnserver" in done.stdout


def _name(ref: Mapping[str, str]) -> str:
    return f"{ref['namespace']}/{ref['name']}"


def _at(rows: Mapping[str, Any], moment: str) -> dict[str, str]:
    return {name: row[moment] or "" for name, row in rows.items()}


def _settled(field: Field, expected: dict[str, str]) -> None:
    """Have everybody reconciled, and wait for these images."""
    field.reconcile(*SERVICES)
    wait_until(lambda: field.images() == expected, 60, f"{expected}")
    field.reconcile(*SERVICES)
    assert field.images() == expected


def _applied(field: Field, folder: Path) -> None:
    for file in sorted(folder.glob("manifests/**/*.yaml")):
        field.kserve.api.apply(yaml.safe_load(file.read_text(encoding="utf-8")))
    assert field.copies() == COPIES


def _converted(
    field: Field, between: dict[str, str], after: dict[str, str], expected: set[str]
) -> None:
    """Have kmigrate convert those who are expected, and nobody else; a rollback leaves them so."""
    images = {name: (after if name in expected else between)[name] for name in SERVICES}
    done = kmigrate(field.kserve.admin, "apply", "--to-runtimes", "--convert", "--yes")
    assert f"{len(expected)} conversions" in " ".join(done.stderr.split())
    assert field.images() == images
    assert {name for name, form in field.forms().items() if form == "model"} == expected
    kmigrate(field.kserve.admin, "rollback", "--yes")
    assert field.images() == images
    assert field.copies() == COPIES


def _written(field: Field) -> None:
    cluster = connect(str(field.kserve.admin))
    for name in SERVICES:
        cluster.patch(ref_of_service(name), {})
    cluster.close()
