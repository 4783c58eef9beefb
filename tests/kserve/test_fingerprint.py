"""Which releases fit an installation, asked of recorded installations of all releases."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from migrate.catalog.fingerprints import CLUSTER_RUNTIMES, INFERENCE_SERVICES, SERVING_RUNTIMES
from migrate.kserve.evidence import CONFIG_MAP, CONTROLLER, CRDS
from migrate.kserve.fingerprint import Fit, fitting, from_labels
from tests.kserve.installations import (
    PLACES,
    RECORDED,
    config_of,
    crd_of,
    crds_of,
    minor_of,
    mirrored,
    number_of,
)

FULL = [(release, origin) for release, origin in PLACES if origin != "minimal"]
MINIMAL = [(release, origin) for release, origin in PLACES if origin == "minimal"]
SAME_CRDS = ("0.17", "0.18", "0.19")


def fit_of(release: str, origin: str) -> Fit:
    crds, config = crds_of(release, origin), config_of(release, origin)
    return fitting(crds, config, RECORDED[release][origin]["kinds"])


def test_all_releases_are_recorded() -> None:
    assert {minor_of(release) for release in RECORDED} == {f"0.{n}" for n in range(7, 21)}


@pytest.mark.parametrize(("release", "origin"), FULL)
def test_an_installation_fits_its_release(release: str, origin: str) -> None:
    fit = fit_of(release, origin)
    own = minor_of(release)
    assert fit.releases == (SAME_CRDS if own in SAME_CRDS else (own,))
    assert fit.likely == (own,)
    assert (fit.doubts, fit.left_over) == ((), ())


@pytest.mark.parametrize(("release", "origin"), FULL)
def test_other_releases_fit_where_the_crds_are_the_same(release: str, origin: str) -> None:
    crds = RECORDED[release][origin]["crds"]
    same = {minor_of(other) for other, each in FULL if RECORDED[other][each]["crds"] == crds}
    assert set(fitting(crds_of(release, origin), {}).releases) == same


@pytest.mark.parametrize(("release", "origin"), MINIMAL)
def test_minimal_crds_tell_little(release: str, origin: str) -> None:
    fit = fit_of(release, origin)
    assert fit.releases == tuple(f"0.{n}" for n in range(13, 21))
    assert fit.likely == (minor_of(release),)
    assert fit.doubts == ()


@pytest.mark.parametrize(("release", "origin"), PLACES)
def test_any_key_may_be_missing(release: str, origin: str) -> None:
    crds, config = crds_of(release, origin), config_of(release, origin)
    for text in (config, mirrored(config)):
        for key in text:
            fit = fitting(crds, {k: v for k, v in text.items() if k != key})
            assert minor_of(release) in fit.likely
            assert fit.doubts == ()


@pytest.mark.parametrize(("release", "origin"), [p for p in PLACES if number_of(p[0]) >= 10])
def test_left_over_predictors_are_no_doubt(release: str, origin: str) -> None:
    for text in (config_of(release, origin), mirrored(config_of(release, origin))):
        before = fitting(crds_of(release, origin), text)
        fit = fitting(crds_of(release, origin), {**text, "predictors": "{}"})
        assert (fit.releases, fit.likely) == (before.releases, before.likely)
        assert fit.left_over == ("predictors",)
        assert fit.doubts == ()


def test_a_config_map_of_another_release_is_said() -> None:
    fit = fitting(crds_of("0.15.2", "manifest"), config_of("0.9.0", "manifest"))
    assert fit.releases == fit.likely == ("0.15",)
    (doubt,) = fit.doubts
    assert doubt.startswith("the CRDs fit 0.15, the ConfigMap fits 0.9")


def test_crds_left_behind_are_said() -> None:
    fit = fitting(crds_of("0.9.0", "manifest"), config_of("0.10.1", "manifest"))
    assert fit.releases == ("0.9",)
    (doubt,) = fit.doubts
    assert doubt.startswith("the CRDs fit 0.9, the ConfigMap fits 0.10")


def test_images_of_the_config_map_may_be_pinned_to_former_ones() -> None:
    config = config_of("0.16.0", "manifest") | {"agent": '{"image": "m/agent:v0.15.0"}'}
    del config["batcher"], config["logger"], config["router"], config["storageInitializer"]
    fit = fitting(crds_of("0.16.0", "manifest"), config)
    assert fit.likely == ("0.16",)
    assert fit.left_over == ("images tagged v0.15.0",)
    assert fit.doubts == ()


def test_a_build_with_fields_of_a_later_release_fits_all_between() -> None:
    crds = copy.deepcopy(RECORDED["0.15.2"]["manifest"]["crds"])
    crds[INFERENCE_SERVICES]["status"]["servingRuntimeName"] = {}
    fit = fitting({name: crd_of(fields) for name, fields in crds.items()}, {})
    assert fit.releases == ("0.15", "0.16")
    (doubt,) = fit.doubts
    assert "status.servingRuntimeName in" in doubt
    assert "(0.16 or later)" in doubt
    assert "(0.15 or before)" in doubt


def test_runtimes_left_over_from_a_later_release_widen_the_answer() -> None:
    """What a downgrade from 0.9 to 0.7 leaves behind."""
    crds = crds_of("0.9.0", "manifest") | crds_of("0.7.0", "manifest")
    fit = fitting(crds, config_of("0.7.0", "manifest"))
    assert fit.releases == ("0.7", "0.8", "0.9")
    assert fit.likely == ("0.7",)
    assert len(fit.doubts) == 1


@pytest.mark.parametrize("missing", [CLUSTER_RUNTIMES, SERVING_RUNTIMES])
def test_crds_that_could_not_be_read_say_nothing(missing: str) -> None:
    crds = crds_of("0.19.0", "manifest")
    del crds[missing]
    assert fitting(crds, {}).releases == SAME_CRDS


@pytest.mark.parametrize(
    "crds",
    [
        {},
        {"llminferenceservices.serving.kserve.io": crd_of({"spec": {"model": {}}})},
        {INFERENCE_SERVICES: None},
        {INFERENCE_SERVICES: {"spec": {"versions": None}}},
        {INFERENCE_SERVICES: {"spec": {"versions": [{"name": "v1beta1", "storage": True}]}}},
    ],
)
@pytest.mark.parametrize("config", [{}, {"deploy": "{", "agent": "[", "mine": "{}"}])
def test_nothing_recognisable_fits_nothing(crds: dict[str, Any], config: dict[str, str]) -> None:
    fit = fitting(crds, config)
    assert (fit.releases, fit.likely, fit.evidence) == ((), (), ())
    (doubt,) = fit.doubts
    assert doubt.startswith("nothing tells the release")


@pytest.mark.parametrize(("release", "origin"), PLACES)
def test_the_config_map_alone_is_doubted(release: str, origin: str) -> None:
    fit = fitting({}, config_of(release, origin))
    assert fit.releases == fit.likely == (minor_of(release),)
    assert fit.doubts == ("only the ConfigMap tells the release, and people edit it",)


@pytest.mark.parametrize(
    ("image", "likely"),
    [
        ("registry.example:5000/mirror/agent:v0.18.0", ("0.18",)),
        ("agent:0.18.3", ("0.18",)),
        ("agent:v0.21.0", ("0.20",)),
        ("agent:v2.10.0", ()),
        ("agent:v0.18.0-vendor.1", ()),
        ("agent:latest", ()),
        (f"agent@sha256:{'a' * 64}", ()),
        ("not an image", ()),
        (None, ()),
    ],
)
def test_tags_in_the_config_map(image: str | None, likely: tuple[str, ...]) -> None:
    assert fitting({}, {"agent": json.dumps({"image": image})}).likely == likely


def test_tags_that_differ_fit_all_between() -> None:
    config = {"agent": '{"image": "a:v0.14.0"}', "router": '{"image": "r:v0.15.1"}'}
    assert fitting({}, config).likely == ("0.14", "0.15")


@pytest.mark.parametrize(
    ("release", "kinds", "is_doubted"),
    [
        ("0.8.0", ["StatefulSet"], False),
        ("0.9.0", ["Deployment"], False),
        ("0.9.0", ["Deployment", "StatefulSet"], False),
        ("0.9.0", ["StatefulSet"], True),
        ("0.8.0", ["Deployment"], True),
        ("0.8.0", [], False),
    ],
)
def test_the_kind_of_the_controller(release: str, kinds: list[str], is_doubted: bool) -> None:
    fit = fitting(crds_of(release, "manifest"), {}, kinds)
    assert fit.releases == (("0.8", "0.9") if is_doubted else (minor_of(release),))
    assert bool(fit.doubts) == is_doubted


def test_evidence_names_what_was_found_and_what_it_fits() -> None:
    told = {
        (each.source, each.what): (each.oldest, each.newest)
        for each in fit_of("0.14.0", "manifest").evidence
    }
    services = INFERENCE_SERVICES
    assert told[CRDS, f"spec.predictor.workerSpec in {services}"] == ("0.14", "0.20")
    assert told[CRDS, f"no spec.predictor.autoScaling in {services}"] == ("0.7", "0.14")
    assert told[CRDS, f"no spec.explainer.alibi in {services}"] == ("0.13", "0.20")
    assert told[CONTROLLER, "a Deployment runs it"] == ("0.9", "0.20")
    assert told[CONFIG_MAP, "security"] == ("0.14", "0.20")
    assert told[CONFIG_MAP, "images tagged v0.14.0"] == ("0.14", "0.14")


@pytest.mark.parametrize(("release", "origin"), PLACES)
def test_no_release_labels_its_controller_with_a_version(release: str, origin: str) -> None:
    labels = RECORDED[release][origin]["labels"]
    assert labels
    assert [from_labels(each) for each in labels] == [None] * len(labels)


@pytest.mark.parametrize(
    ("labels", "release"),
    [
        ({"helm.sh/chart": "kserve-v0.15.2"}, "0.15.2"),
        ({"helm.sh/chart": "kserve-resources-v0.17.0"}, "0.17.0"),
        ({"helm.sh/chart": "kserve-0.9.0"}, "0.9.0"),
        ({"helm.sh/chart": "our-platform-0.9.0"}, None),
        ({"helm.sh/chart": "kserve-v0.15.2_vendor.1"}, None),
        ({"helm.sh/chart": "kserve-1.4.0"}, None),
        ({"app.kubernetes.io/name": "kserve", "app.kubernetes.io/version": "v0.14.1"}, "0.14.1"),
        ({"app.kubernetes.io/name": "other", "app.kubernetes.io/version": "v0.14.1"}, None),
        ({"app.kubernetes.io/version": "v0.14.1"}, None),
        ({"app.kubernetes.io/name": "kserve", "app.kubernetes.io/version": "1.9.0"}, None),
        (
            {
                "helm.sh/chart": "kserve-v0.15.2",
                "app.kubernetes.io/name": "kserve",
                "app.kubernetes.io/version": "v0.14.1",
            },
            None,
        ),
        ({}, None),
    ],
)
def test_reads_the_labels_of_other_packagers(labels: dict[str, str], release: str | None) -> None:
    assert from_labels(labels) == release
