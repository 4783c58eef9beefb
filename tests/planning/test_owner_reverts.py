"""When an owner takes an edit back, and what to do instead."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.objects import Manifest
from migrate.planning.stock.ownership import Owner
from tests.planning.owned import (
    HELM,
    IRIS,
    KSERVE,
    KUSTOMIZATION,
    ODH,
    RELEASE,
    config,
    deployment,
    found,
    runtime,
    service,
    written,
)


@pytest.mark.parametrize("key", ["labels", "annotations"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("reconcile", "disabled"), ("reconcile", "Disabled"), ("ssa", "Ignore")],
)
def test_flux_leaves_alone_what_says_so(key: str, name: str, value: str) -> None:
    off = f"kustomize.toolkit.fluxcd.io/{name}"
    meta: dict[str, Any] = {"labels": KUSTOMIZATION}
    meta[key] = {**meta.get(key, {}), off: value}
    owner = found(config(**meta))
    assert not owner.will_revert
    assert owner.reverts == f"not while it has {off}: {value.lower()}"


@pytest.mark.parametrize(
    ("name", "value"), [("reconcile", "enabled"), ("ssa", "Merge"), ("ssa", "IfNotPresent")]
)
def test_flux_does_not_leave_alone(name: str, value: str) -> None:
    policy = {f"kustomize.toolkit.fluxcd.io/{name}": value}
    owner = found(config(labels=KUSTOMIZATION, annotations=policy))
    assert owner.will_revert
    assert owner.reverts == "at the next interval, or change of its source"


APPLIED = {**HELM, **written("helm", "Apply")}


@pytest.mark.parametrize(
    ("manifest", "reverts"),
    [
        (
            config(**written("argocd-controller")),
            "at the next sync; within seconds where the Application has selfHeal",
        ),
        (config(labels=KUSTOMIZATION), "at the next interval, or change of its source"),
        (
            config(labels=RELEASE),
            (
                "at the next upgrade of the release; "
                "at the next interval where driftDetection.mode is enabled"
            ),
        ),
        (
            config(labels={**RELEASE, "helm.toolkit.fluxcd.io/driftDetection": "disabled"}),
            "at the next upgrade of the release",
        ),
        (config(**HELM), "at the next helm upgrade"),
        (deployment(**HELM), "at the next helm upgrade"),
        ({**config(**HELM), "apiVersion": "networking.k8s.io/v1"}, "at the next helm upgrade"),
        (
            runtime(**HELM),
            "at the first helm upgrade that changes the same field (or list) in the chart",
        ),
        (config(**HELM, **written("helm")), "at the next helm upgrade"),
        (
            config(**APPLIED),
            "at the next helm upgrade, with --force-conflicts; without, the upgrade fails",
        ),
        (
            runtime(**APPLIED),
            "at the next helm upgrade, with --force-conflicts; without, the upgrade fails",
        ),
        (
            config(**ODH),
            "at its next reconcile: at once where it watches the object, as ConfigMaps from 2.22",
        ),
        (deployment(ownerReferences=[IRIS]), "when it next reconciles InferenceService iris"),
    ],
)
def test_when_it_reverts(manifest: Manifest, reverts: str) -> None:
    owner = found(manifest)
    assert (owner.reverts, owner.will_revert) == (reverts, True)


@pytest.mark.parametrize(
    "meta", [{**ODH, "ownerReferences": [KSERVE]}, ODH, written("default-dsc", "Apply")]
)
def test_the_operator_leaves_alone_what_is_not_managed(meta: dict[str, Any]) -> None:
    def managed(value: str) -> Owner:
        annotations = {**meta.get("annotations", {}), "opendatahub.io/managed": value}
        return found(config(**{**meta, "annotations": annotations}))

    assert not managed("false").will_revert
    assert managed("false").reverts == "not while it has annotation opendatahub.io/managed=false"
    assert managed("true").will_revert
    assert managed("False").will_revert


def test_who_reverts_comes_before_who_leaves_alone() -> None:
    meta: dict[str, Any] = {**ODH, "ownerReferences": [KSERVE], "labels": KUSTOMIZATION}
    unmanaged = {**ODH["annotations"], "opendatahub.io/managed": "false"}
    assert found(config(**meta)).kind == "OpenDataHub operator"
    assert found(config(**{**meta, "annotations": unmanaged})).kind == "Flux"


@pytest.mark.parametrize(
    ("manifest", "remedy"),
    [
        (
            service(labels={"argocd.argoproj.io/instance": "a"}),
            "change it in the source of Application a, and sync",
        ),
        (
            config(**written("argocd-controller")),
            "change it in the source of its Application, and sync",
        ),
        (
            config(labels=KUSTOMIZATION),
            "change it in the source of Kustomization flux-system/serving",
        ),
        (
            config(**written("kustomize-controller", "Apply")),
            "change it in the source of its Kustomization",
        ),
        (config(labels=RELEASE), "change the values of HelmRelease serving/kserve"),
        (config(**written("helm-controller")), "change the values of its HelmRelease"),
        (config(**HELM), "change the values of release serving/kserve, and upgrade it"),
        (config(**written("helm")), "change the values of its release, and upgrade it"),
        (
            deployment(ownerReferences=[IRIS]),
            "change InferenceService iris, from which the object is made",
        ),
        (
            config(**ODH),
            (
                "annotate it with opendatahub.io/managed=false; "
                "the operator then no longer upgrades it either"
            ),
        ),
    ],
)
def test_what_to_do_instead(manifest: Manifest, remedy: str) -> None:
    assert found(manifest).remedy == remedy
