"""Images that an upgrade took are brought back, on real controllers: as before, for each service.

From a checkpoint in the cluster, and without one from what the cluster still knows. Containers are
simulated; what is looked at is what KServe writes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from migrate.cluster.kube import connect
from tests.conftest import StartKServe
from tests.real.claims import (
    OTHER_IMAGE,
    RUNTIME,
    add_service,
    image_of,
    wait_image,
    wait_rolled_out,
)
from tests.real.cli import kmigrate
from tests.real.tenants import edit_runtime
from tests.real.upgraded import REGISTRIES, Field, Services, made, ref_of_service
from tests.testbed.kserve import KServe
from tests.testbed.samples import framework_service
from tests.testbed.waiting import wait_until

NAME = "before-it"
FOLLOWERS: Services = {
    "team-a/iris": ("sklearn", {}),
    "team-b/iris": ("sklearn", {"env": [{"name": "A", "value": "b"}], "args": ["--x=1"]}),
    "team-b/old": ("sklearn", {"runtimeVersion": "v0.6.1"}),
    "team-a/two": ("sklearn", {"protocolVersion": "v2"}),
    "team-c/flow": (
        "tensorflow",
        {"runtimeVersion": "1.14.0-gpu", "resources": {"limits": {"nvidia.com/gpu": "1"}}},
    ),
}
"""Who gets an image that is set, by its entry of `predictors`."""
OTHERS: Services = {
    "team-a/prices": ("xgboost", {}),
    "team-c/trees": ("lightgbm", {}),
    "team-c/own": ("sklearn", {"image": "own/sklearn:v0.7.0"}),
}
"""Who depends on what is shipped, or on nothing."""
ONLY_ALL = pytest.mark.skipif(
    "KMIGRATE_TESTBED_ALL" not in os.environ, reason="the other way: KMIGRATE_TESTBED_ALL=1 runs it"
)
MODERN: Services = {"team-a/modern": ("sklearn", {})}
"""Who is made under 0.8, and converted: its image is that of a runtime."""
WAYS = {
    "in place": (),
    "to runtimes": ("--to-runtimes", "--convert"),
}


@pytest.mark.parametrize(
    ("release", "way"),
    [
        ("0.7.0", "in place"),
        ("0.8.0", "to runtimes"),
        pytest.param("0.7.0", "to runtimes", marks=ONLY_ALL),
        pytest.param("0.8.0", "in place", marks=ONLY_ALL),
    ],
)
def test_images_that_the_manifests_replaced(
    start_kserve: StartKServe, tmp_path: Path, release: str, way: str
) -> None:
    """The images were set under that release; then came 0.9.0."""
    field = made(start_kserve("0.7.0"), {**FOLLOWERS, **OTHERS})
    field = Field(field.kserve, REGISTRIES["0.8.0"])
    followers = _overridden(field, release)
    before = field.images()
    kmigrate(field.kserve.admin, "checkpoint", NAME, "--out", str(tmp_path / "saved"))
    field.kserve.upgrade("0.9.0")
    more = followers - {*FOLLOWERS}
    _settled(field, lambda found: not any(_is_ours(field, found[n]) for n in followers), *more)

    flags = ("--from-checkpoint", NAME, *WAYS[way])
    rows = _planned(field.kserve, *flags)
    former = {name: row["former"] for name, row in rows.items() if "former" in row}
    assert former == {name: before[name] for name in followers}
    done = kmigrate(field.kserve.admin, "apply", *flags, "--yes")
    number = len(followers)
    assert f"{number} of {number} InferenceServices run theirs" in " ".join(done.stderr.split())
    after = field.images()
    assert {name: after[name] for name in followers} == former
    forms = {name for name, form in field.forms().items() if form == "model"}
    assert forms == ({*followers} if "--convert" in flags else {*followers} & {*MODERN})
    again = kmigrate(field.kserve.admin, "apply", *flags, "--yes")
    assert "nothing to change" in again.stdout + again.stderr


def _overridden(field: Field, release: str) -> set[str]:
    """Set images where that release has them; return who gets one of them."""
    if release == "0.7.0":
        _override(field)
        return {*FOLLOWERS}
    field.kserve.upgrade(release)
    _override(field)
    for name, (framework, _) in MODERN.items():
        namespace, _, own = name.partition("/")
        field.kserve.api.create(framework_service(own, namespace, framework))
        field.kserve.wait_knative_service(namespace, own)
    image = f"{field.registry}/sklearnserver:ours"
    edit_runtime(field.kserve, RUNTIME, image)
    _settled(field, lambda found: all(found[name] == image for name in MODERN), *MODERN)
    return {*FOLLOWERS, *MODERN}


def _override(field: Field) -> None:
    """Set three repositories, and have those who follow them reconciled."""
    document = json.loads(field.predictors())
    document["sklearn"]["v1"]["image"] = f"{field.registry}/sklearnserver"
    document["sklearn"]["v2"]["image"] = f"{field.registry}/mlserver"
    document["tensorflow"]["image"] = f"{field.registry}/serving"
    field.write(json.dumps(document))
    _settled(field, lambda found: all(_is_ours(field, found[n]) for n in FOLLOWERS))


def _is_ours(field: Field, image: str) -> bool:
    return image.startswith(field.registry)


def _settled(field: Field, is_so: Callable[[dict[str, str]], bool], *more: str) -> None:
    """Have them reconciled until their images are so."""

    def seen() -> bool:
        field.reconcile(*FOLLOWERS, *OTHERS, *more)
        return is_so(field.images())

    wait_until(seen, 60, "the images of the release")


def _planned(kserve: KServe, *flags: str) -> Mapping[str, Any]:
    plan = json.loads(kmigrate(kserve.admin, "plan", *flags, "-o", "json").stdout)["plan"]
    return {f"{r['service']['namespace']}/{r['service']['name']}": r for r in plan["forecast"]}


def _say_standard(kserve: KServe, namespace: str, *names: str) -> None:
    """Write the word that 0.16 understands for the mode which 0.15 stored (KM416)."""
    cluster = connect(str(kserve.admin))
    for name in names:
        ref = ref_of_service(f"{namespace}/{name}")
        cluster.patch(ref, {"status": {"deploymentMode": "Standard"}}, subresource="status")
    cluster.close()


SOURCES = {
    "checkpoint, in place": ("--from-checkpoint", NAME),
    "checkpoint, to runtimes": ("--from-checkpoint", NAME, "--to-runtimes"),
    "history, in place": ("--from-history",),
}
BOTH_TRIED = "checkpoint, in place"
"""Either half of it is in another one."""


@pytest.mark.parametrize("release", ["0.15.2"])
@pytest.mark.parametrize(
    "source", [pytest.param(one, marks=ONLY_ALL if one == BOTH_TRIED else ()) for one in SOURCES]
)
def test_a_runtime_that_the_manifests_replaced(
    start_kserve: StartKServe, tmp_path: Path, source: str, release: str
) -> None:
    """0.15.2 to 0.16.0 in raw mode: the history is in ReplicaSets, of services and controller."""
    kserve = start_kserve(release)
    namespace = kserve.create_namespace("team")
    for name, format_ in (("iris", "sklearn"), ("wine", "sklearn"), ("prices", "xgboost")):
        add_service(kserve, namespace, name, format_)
    edit_runtime(kserve, RUNTIME, OTHER_IMAGE)
    for name in ("iris", "wine"):
        wait_image(kserve, namespace, name, OTHER_IMAGE)
        wait_rolled_out(kserve, namespace, name, OTHER_IMAGE)
    flags = SOURCES[source]
    if NAME in flags:
        kmigrate(kserve.admin, "checkpoint", NAME, "--out", str(tmp_path / "saved"))
    kserve.upgrade("0.16.0")
    _say_standard(kserve, namespace, "iris", "wine", "prices")
    for name, server in (("iris", "sklearn"), ("wine", "sklearn"), ("prices", "xgb")):
        wait_rolled_out(kserve, namespace, name, f"kserve/{server}server:v0.16.0")

    rows = _planned(kserve, *flags)
    former = {name.partition("/")[2]: row.get("former") for name, row in rows.items()}
    assert former == {"iris": OTHER_IMAGE, "wine": OTHER_IMAGE, "prices": None}
    done = kmigrate(kserve.admin, "apply", *flags, "--yes")
    said = " ".join(done.stderr.split())
    assert "2 of 2 InferenceServices run theirs" in said
    assert ("KM541" in said) is (source.startswith("history"))
    found = {name: image_of(kserve, namespace, name) for name in former}
    stock = "kserve/xgbserver:v0.16.0"
    assert found == {"iris": OTHER_IMAGE, "wine": OTHER_IMAGE, "prices": stock}
    kmigrate(kserve.admin, "rollback", "--yes")
    shipped = "kserve/sklearnserver:v0.16.0"
    assert image_of(kserve, namespace, "iris") == shipped


def test_what_revisions_and_the_configmap_keep(start_kserve: StartKServe) -> None:
    """Of 0.7 no ReplicaSet tells when it ended: the last write to the ConfigMap does."""
    field = made(start_kserve("0.7.0", knative=True), {**FOLLOWERS, **OTHERS})
    field = Field(field.kserve, REGISTRIES["0.9.0"])
    _override(field)
    before = field.images()
    wait_until(lambda: _newest_revisions(field) == before, 60, "a Revision of each image")
    field.kserve.upgrade("0.9.0")
    _settled(field, lambda found: not any(_is_ours(field, found[n]) for n in FOLLOWERS))

    rows = _planned(field.kserve, "--from-history")
    former = {name: row["former"] for name, row in rows.items() if "former" in row}
    assert former == {name: before[name] for name in FOLLOWERS}
    done = kmigrate(field.kserve.admin, "apply", "--from-history", "--yes")
    said = " ".join(done.stderr.split())
    assert "5 of 5 InferenceServices run theirs" in said
    assert "inferenceservice-config was last written then" in said
    after = field.images()
    assert {name: after[name] for name in FOLLOWERS} == former


def _newest_revisions(field: Field) -> dict[str, str]:
    """The image of the last Revision of each service."""
    found: dict[str, tuple[int, str]] = {}
    for one in field.kserve.api.list("serving.knative.dev/v1", "Revision"):
        labels = one["metadata"]["labels"]
        own = labels["serving.kserve.io/inferenceservice"]
        number = int(labels["serving.knative.dev/configurationGeneration"])
        name = f"{one['metadata']['namespace']}/{own}"
        image = one["spec"]["containers"][0]["image"]
        found[name] = max(found.get(name, (0, "")), (number, image))
    return {name: image for name, (_, image) in found.items()}
