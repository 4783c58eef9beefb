"""The catalog of stock runtimes says what the released manifests and charts say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrate.catalog.runtimes import (
    CHART,
    CONFIG,
    MANIFEST,
    Shipped,
    StockFormat,
    StockRuntime,
    manifests,
    releases,
    stock,
)
from migrate.objects import canonical, sha256

HASHES: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "cases" / "stock_hashes.json").read_text()
)
CONFIG_RUNTIMES = json.loads((Path(__file__).parent / "cases" / "config_runtimes.json").read_text())
HEAD = "kserve-container"
OWN = ("sklearnserver", "xgbserver", "lgbserver", "pmmlserver", "paddleserver")


def shipped(release: str, origin: str) -> dict[str, Shipped]:
    return {
        runtime.name: each
        for runtime in stock(release)
        for each in runtime.origins
        if each.origin == origin
    }


def named(release: str, name: str) -> StockRuntime:
    (found,) = (runtime for runtime in stock(release) if runtime.name == name)
    return found


def images(release: str, name: str) -> dict[str, str]:
    found = (each for each in named(release, name).origins if each.origin in (MANIFEST, CHART))
    return {each.origin: each.images[HEAD] for each in found}


def minor_of(release: str) -> int:
    return int(release.split(".")[1])


def hash_of(each: Shipped) -> str:
    annotations = {"annotations": each.annotations} if each.annotations else {}
    return sha256(canonical({"spec": each.spec, **annotations}))


@pytest.mark.parametrize("place", HASHES)
def test_nothing_is_lost_of_what_was_found(place: str) -> None:
    release, origin = place.split()
    told = {name: hash_of(each) for name, each in shipped(release, origin).items()}
    assert told == HASHES[place]


def test_knows_no_more_than_was_found() -> None:
    known = {f"{r} {each.origin}" for r in releases() for s in stock(r) for each in s.origins}
    known = {place for place in known if place.split(maxsplit=1)[1] in (MANIFEST, CHART)}
    assert known == set(HASHES)


@pytest.mark.parametrize("release", releases())
def test_counts_the_runtimes_of_a_release(release: str) -> None:
    arrivals = {12: 1, 15: 1, 17: 1, 20: 2}
    expected = 9 + sum(new for minor, new in arrivals.items() if minor <= minor_of(release))
    for origin in (MANIFEST, CHART):
        found = shipped(release, origin)
        plain = [name for name, each in found.items() if not each.spec.get("multiModel")]
        assert len(plain) in ({expected} if found else {0})
    assert len(shipped(release, MANIFEST) | shipped(release, CHART)) >= expected


@pytest.mark.parametrize("release", releases())
def test_only_charts_of_0_10_to_0_14_ship_runtimes_of_modelmesh(release: str) -> None:
    by_manifest = [s for s in shipped(release, MANIFEST).values() if s.spec.get("multiModel")]
    by_chart = [s for s in shipped(release, CHART).values() if s.spec.get("multiModel")]
    assert not by_manifest
    assert len(by_chart) == (4 if 10 <= minor_of(release) <= 14 else 0)


@pytest.mark.parametrize("release", releases())
@pytest.mark.parametrize("server", OWN)
def test_own_images_have_the_tag_of_the_release(release: str, server: str) -> None:
    assert set(images(release, f"kserve-{server}").values()) == {f"kserve/{server}:v{release}"}


# serving-runtimes section 6, with the patch releases in between: from which release on.
@pytest.mark.parametrize(
    ("name", "since"),
    [
        (
            "kserve-mlserver",
            {
                "0.8.0": "docker.io/seldonio/mlserver:0.5.3",
                "0.9.0": "docker.io/seldonio/mlserver:1.0.0",
                "0.11.0": "docker.io/seldonio/mlserver:1.3.2",
                "0.14.0": "docker.io/seldonio/mlserver:1.5.0",
                "0.18.0": "docker.io/seldonio/mlserver:1.7.1",
            },
        ),
        ("kserve-tensorflow-serving", {"0.8.0": "tensorflow/serving:2.6.2"}),
        (
            "kserve-torchserve",
            {
                "0.8.0": "kserve/torchserve-kfs:0.5.3",
                "0.9.0": "pytorch/torchserve-kfs:0.6.0",
                "0.10.0": "pytorch/torchserve-kfs:0.7.0",
                "0.11.0": "pytorch/torchserve-kfs:0.8.0",
                "0.11.1": "pytorch/torchserve-kfs:0.8.2",
                "0.12.0": "pytorch/torchserve-kfs:0.9.0",
            },
        ),
        (
            "kserve-tritonserver",
            {
                "0.8.0": "nvcr.io/nvidia/tritonserver:21.09-py3",
                "0.11.0": "nvcr.io/nvidia/tritonserver:23.05-py3",
            },
        ),
    ],
)
def test_images_of_others_in_the_manifests(name: str, since: dict[str, str]) -> None:
    expected = ""
    for release in releases():
        expected = since.get(release, expected)
        assert images(release, name).get(MANIFEST, expected) == expected


def test_charts_differ_from_manifests() -> None:
    assert images("0.10.2", "kserve-torchserve") == {CHART: "pytorch/torchserve-kfs:0.6.1"}
    for release in ("0.18.0", "0.18.1", "0.19.0", "0.20.0"):
        mlserver = images(release, "kserve-mlserver")
        assert mlserver[CHART] == "docker.io/seldonio/mlserver:1.5.0"
        assert mlserver[MANIFEST] == "docker.io/seldonio/mlserver:1.7.1"
    assert images("0.20.0", "kserve-vllmserver") == {
        CHART: "vllm/vllm-openai:latest",
        MANIFEST: "vllm/vllm-openai:v0.20.0",
    }


@pytest.mark.parametrize("release", ["0.15.0", "0.15.2", "0.16.0", "0.17.1", "0.20.0"])
def test_the_worker_has_an_image_of_its_own(release: str) -> None:
    for each in named(release, "kserve-huggingfaceserver-multinode").origins:
        if each.origin.startswith(f"{MANIFEST} of"):
            continue
        image = f"kserve/huggingfaceserver:v{release}-gpu"
        assert each.images == {HEAD: image, "worker-container": image}


@pytest.mark.parametrize("release", releases())
def test_runtimes_name_their_server_from_0_17_on(release: str) -> None:
    found = {**shipped(release, MANIFEST), **shipped(release, CHART)}
    named_servers = {name for name, each in found.items() if each.server_type}
    assert named_servers == (set(found) if minor_of(release) >= 17 else set())


@pytest.mark.parametrize("place", CONFIG_RUNTIMES)
def test_config_runtimes_differ_from_manifests_in_the_tag_alone(place: str) -> None:
    """At every tag, so they are what 0.10.2, 0.13.0 and 0.17.1 would have released."""
    release, name = place.split()
    told, row = manifests(release)[name], CONFIG_RUNTIMES[place]
    own = {key: image.replace(":latest", f":v{release}") for key, image in row["images"].items()}
    assert (told.images, hash_of(told)) == (own, row["hash"])


def test_config_runtimes_are_recorded_of_every_release_and_runtime() -> None:
    known = {f"{release} {name}" for release in releases() for name in manifests(release)}
    assert known == set(CONFIG_RUNTIMES)


@pytest.mark.parametrize(
    ("release", "beside"), [("0.10.2", "0.10.1"), ("0.13.0", "0.13.1"), ("0.17.1", "0.17.0")]
)
def test_a_release_without_a_manifest_has_that_of_the_one_beside_it(
    release: str, beside: str
) -> None:
    assert {each.origin for one in stock(release) for each in one.origins} == {
        CHART,
        CONFIG,
        f"{MANIFEST} of {beside}",
    }
    as_it_is = {n: hash_of(each) for n, each in shipped(release, f"{MANIFEST} of {beside}").items()}
    assert as_it_is == HASHES[f"{beside} {MANIFEST}"]
    assert shipped(release, CONFIG) == manifests(release)
    torchserve = {each.images[HEAD] for each in named("0.10.2", "kserve-torchserve").origins}
    assert torchserve == {"pytorch/torchserve-kfs:0.6.1", "pytorch/torchserve-kfs:0.7.0"}


@pytest.mark.parametrize("release", releases())
def test_no_other_release_has_the_manifest_of_another(release: str) -> None:
    origins = {each.origin for one in stock(release) for each in one.origins}
    assert (MANIFEST in origins) != (CONFIG in origins)
    assert len(origins) == 3 if CONFIG in origins else origins <= {MANIFEST, CHART}


def test_tells_formats_and_protocols() -> None:
    sklearn = shipped("0.20.0", MANIFEST)["kserve-sklearnserver"]
    assert sklearn.formats == (StockFormat("sklearn", "1", auto_select=True, priority=1),)
    assert sklearn.protocols == ("v1", "v2")
    assert shipped("0.8.0", MANIFEST)["kserve-sklearnserver"].protocols == ()


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ("0.15.1", "0.15.1"),
        ("v0.15.1", "0.15.1"),
        ("0.9", "0.9.0"),
        ("0.15.7", "0.15.2"),
        ("0.16.3", "0.16.0"),
        ("0.20.1", "0.20.0"),
    ],
)
def test_an_unknown_patch_release_gets_another_of_its_minor(asked: str, taken: str) -> None:
    assert {runtime.release for runtime in stock(asked)} == {taken}


@pytest.mark.parametrize(
    "release", ["0.7.0", "0.6.1", "0.21.0", "1.15.2", "latest", "", "0.9.0-rc0"]
)
def test_nothing_for_what_is_not_known(release: str) -> None:
    assert stock(release) == ()


def test_what_a_caller_changes_is_its_own() -> None:
    stock("0.9.0")[0].origins[0].spec.clear()
    assert stock("0.9.0")[0].origins[0].spec
