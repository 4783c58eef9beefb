"""What else of a runtime was edited before an upgrade: named, as no plan brings it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.planning.model.plan import Plan
from migrate.planning.world.snapshot import Snapshot
from tests.planning.copies import OVER, RELEASES, SKLEARN, cluster, installed, isvc
from tests.planning.formerly import after_upgrade, brought, former_of

REF = ObjectRef("serving.kserve.io/v1alpha1", "ClusterServingRuntime", SKLEARN)


def edited(change: Callable[[Manifest], Any], release: str = "0.15.2", image: str = "") -> Snapshot:
    """A cluster in which somebody changed the spec of one runtime."""
    made = installed(release, {SKLEARN: image} if image else {})
    runtimes = {ref_of(one): one for one in made}
    change(runtimes[REF]["spec"])
    found = cluster(release, isvc("iris", protocolVersion="v1"), images={})
    typed = Runtimes(msgspec.convert(each, Runtime) for each in runtimes.values())
    return replace(found, runtimes=typed, originals=runtimes)


def told(before: Snapshot) -> list[str]:
    made: Plan = brought(after_upgrade(before, "0.16.0"), former_of(before))
    texts = [one.text for one in made.findings if one.code == "KM532"]
    return [text.partition("do not come back: ")[2] for text in texts if "further edits" in text]


CHANGES: dict[str, Callable[[Manifest], Any]] = {
    "supportedModelFormats": lambda spec: spec["supportedModelFormats"].pop(),
    "protocolVersions": lambda spec: spec["protocolVersions"].append("v3"),
    "container logger": lambda spec: spec["containers"].append({"name": "logger", "image": "l:1"}),
    "resources": lambda spec: spec["containers"][0]["resources"].update(limits={"cpu": "9"}),
    "no --model_name": lambda spec: spec["containers"][0]["args"].pop(0),
    "env TOKEN": lambda spec: spec["containers"][0].update(
        env=[{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]
    ),
}


@pytest.mark.parametrize("image", ["", OVER])
@pytest.mark.parametrize("what", CHANGES)
def test_an_edit_that_the_manifests_put_back_is_named_with_an_image_or_without(
    what: str, image: str
) -> None:
    (text,) = told(edited(CHANGES[what], image=image))
    assert text.partition("=")[0] == what


def test_what_no_manifest_has_stays_and_is_not_named() -> None:
    assert told(edited(lambda spec: spec.update(nodeSelector={"disk": "ssd"}), image=OVER)) == []


@pytest.mark.parametrize("release", RELEASES)
def test_nothing_is_named_of_what_a_release_ships(release: str) -> None:
    before = cluster(release, isvc("iris", protocolVersion="v1"), images={SKLEARN: OVER})
    assert [one.entry for one in former_of(before).images if one.others] == []
