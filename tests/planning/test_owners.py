"""Who an object belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.objects import Manifest
from migrate.planning.owners import owner_of
from migrate.planning.ownership import Owner
from tests.planning.owned import (
    CLUSTER,
    DATA,
    IRIS,
    KSERVE,
    LAST_APPLIED,
    config,
    deployment,
    entry,
    reference,
    runtime,
    service,
)

TRACKING = "argocd.argoproj.io/tracking-id"
INSTANCE = "app.kubernetes.io/instance"
HELM: dict[str, Any] = {
    "labels": {"app.kubernetes.io/managed-by": "Helm"},
    "annotations": {
        "meta.helm.sh/release-name": "kserve",
        "meta.helm.sh/release-namespace": "serving",
    },
}
KUSTOMIZATION = {
    "kustomize.toolkit.fluxcd.io/name": "serving",
    "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
}
RELEASE = {
    "helm.toolkit.fluxcd.io/name": "kserve",
    "helm.toolkit.fluxcd.io/namespace": "serving",
}
ODH: dict[str, Any] = {
    "labels": {
        "app.opendatahub.io/kserve": "true",
        "app.kubernetes.io/part-of": "kserve",
        "platform.opendatahub.io/part-of": "kserve",
    },
    "annotations": {
        "platform.opendatahub.io/instance.name": "default-kserve",
        "platform.opendatahub.io/instance.generation": "2",
        "platform.opendatahub.io/type": "OpenShift AI Self-Managed",
        "platform.opendatahub.io/version": "3.4.0",
    },
}
GROUP = "opendatahub.io"
DASHBOARD: dict[str, Any] = {
    "labels": {"opendatahub.io/dashboard": "true"},
    "annotations": {"opendatahub.io/template-name": "kserve-ovms"},
}


def found(manifest: Manifest) -> Owner:
    owner = owner_of(manifest)
    assert owner is not None
    return owner


def tracked(place: str, **annotations: str) -> dict[str, Any]:
    return {"annotations": {TRACKING: f"models:{place}", **annotations}}


def written(manager: str, operation: str = "Update", **rest: str) -> dict[str, Any]:
    return {"managedFields": [entry(manager, operation, DATA, **rest)]}


@pytest.mark.parametrize(
    ("manifest", "kind", "name", "evidence"),
    [
        (
            config(**tracked("/ConfigMap:kserve/inferenceservice-config")),
            "Argo CD",
            "models",
            f"annotation {TRACKING}",
        ),
        (
            runtime(
                **tracked("serving.kserve.io/ClusterServingRuntime:serving/kserve-sklearnserver")
            ),
            "Argo CD",
            "models",
            f"annotation {TRACKING}",
        ),
        (
            service(labels={"argocd.argoproj.io/instance": "models"}),
            "Argo CD",
            "models",
            "label argocd.argoproj.io/instance",
        ),
        (
            service(
                labels={INSTANCE: "models"},
                annotations={"argocd.argoproj.io/sync-options": "ServerSideApply=true"},
            ),
            "Argo CD",
            "models",
            f"label {INSTANCE}, annotation argocd.argoproj.io/sync-options",
        ),
        (
            config(labels={INSTANCE: "models"}, **written("argocd-controller", "Apply")),
            "Argo CD",
            "models",
            "field manager argocd-controller",
        ),
        (
            config(**written("argocd-application-controller")),
            "Argo CD",
            "",
            "field manager argocd-application-controller",
        ),
        (
            config(labels=KUSTOMIZATION),
            "Flux",
            "flux-system/serving",
            "label kustomize.toolkit.fluxcd.io/name",
        ),
        (
            runtime(labels={**RELEASE, **HELM["labels"]}, annotations=HELM["annotations"]),
            "Flux",
            "serving/kserve",
            "label helm.toolkit.fluxcd.io/name",
        ),
        (
            config(**written("kustomize-controller", "Apply")),
            "Flux",
            "",
            "field manager kustomize-controller",
        ),
        (config(**written("helm-controller")), "Flux", "", "field manager helm-controller"),
        (
            runtime(**HELM),
            "Helm",
            "serving/kserve",
            "annotation meta.helm.sh/release-name, label app.kubernetes.io/managed-by=Helm",
        ),
        (config(**written("helm")), "Helm", "", "field manager helm"),
        (
            config(**ODH, ownerReferences=[KSERVE]),
            "OpenDataHub operator",
            "default-kserve",
            "ownerReference to Kserve default-kserve",
        ),
        (
            config(ownerReferences=[CLUSTER]),
            "OpenDataHub operator",
            "default-dsc",
            "ownerReference to DataScienceCluster default-dsc",
        ),
        (
            config(ownerReferences=[reference(f"dscinitialization.{GROUP}/v1", "X", "x")]),
            "OpenDataHub operator",
            "x",
            "ownerReference to X x",
        ),
        (
            config(ownerReferences=[reference(f"services.platform.{GROUP}/v1alpha1", "X", "x")]),
            "OpenDataHub operator",
            "x",
            "ownerReference to X x",
        ),
        (
            config(annotations={"meta.helm.sh/release-name": "kserve"}),
            "Helm",
            "kserve",
            "annotation meta.helm.sh/release-name",
        ),
        (
            config(labels={"helm.toolkit.fluxcd.io/name": "kserve"}),
            "Flux",
            "kserve",
            "label helm.toolkit.fluxcd.io/name",
        ),
        (
            runtime(**ODH),
            "OpenDataHub operator",
            "default-kserve",
            (
                "label platform.opendatahub.io/part-of, label app.opendatahub.io/kserve, "
                "annotation platform.opendatahub.io/instance.name"
            ),
        ),
        (
            runtime(**written("kserve-module-controller", "Apply")),
            "OpenDataHub operator",
            "",
            "field manager kserve-module-controller",
        ),
        (
            config(**written("default-dsc", "Apply")),
            "OpenDataHub operator",
            "",
            "field manager default-dsc",
        ),
        (
            deployment(ownerReferences=[IRIS]),
            "InferenceService controller",
            "iris",
            "controller ownerReference to InferenceService iris",
        ),
        (
            config(ownerReferences=[reference("kubeflow.org/v1", "Profile", "t", controller=True)]),
            "Profile controller",
            "t",
            "controller ownerReference to Profile t",
        ),
    ],
)
def test_recognised(manifest: Manifest, kind: str, name: str, evidence: str) -> None:
    owner = found(manifest)
    assert (owner.kind, owner.name, owner.evidence) == (kind, name, evidence)
    assert owner.will_revert
    assert str(owner) == f"{kind} {name}".rstrip()


@pytest.mark.parametrize(
    "manifest",
    [
        config(),
        config(annotations={LAST_APPLIED: "{}"}, **written("kubectl-client-side-apply")),
        runtime(**written("kubectl-edit")),
        runtime(**written("kubectl", "Apply")),
        service(**written("manager")),
        config(**written("kserve", "Apply")),
        config(labels={INSTANCE: "kserve-controller-manager"}),
        config(labels={"app.kubernetes.io/managed-by": "Helm", INSTANCE: "kserve"}),
        service(**DASHBOARD),
        service(ownerReferences=[reference("argoproj.io/v1alpha1", "Workflow", "w")]),
        config(ownerReferences=[reference("nim.opendatahub.io/v1", "Account", "a")]),
        service(**written("argocd-controller", subresource="status")),
        service(annotations={"argocd.argoproj.io/sync-wave": "1"}),
        service(labels={INSTANCE: "a"}, annotations={"argocd.argoproj.io/installation-id": "here"}),
        config(ownerReferences=[{"kind": "X", "controller": True}]),
        config(ownerReferences=[{"name": "x", "controller": True}]),
    ],
)
def test_nobodys(manifest: Manifest) -> None:
    assert owner_of(manifest) is None


@pytest.mark.parametrize(
    "place",
    [
        "serving.kserve.io/InferenceService:other/iris",
        "serving.kserve.io/InferenceService:team/roses",
        "serving.kserve.io/ServingRuntime:team/iris",
        "example.com/InferenceService:team/iris",
        "/InferenceService:team/iris",
    ],
)
def test_a_copied_tracking_id_is_nothing(place: str) -> None:
    copied = tracked(place, **{"argocd.argoproj.io/sync-options": "Prune=false"})
    assert owner_of(service(labels={INSTANCE: "models"}, **copied)) is None


@pytest.mark.parametrize("text", ["", "models", "models:a", ":" * 9, "a:b:c", "::"])
def test_a_malformed_tracking_id_is_nothing(text: str) -> None:
    assert owner_of(service(annotations={TRACKING: text})) is None


def test_an_id_without_an_application_is_nothing() -> None:
    own = "serving.kserve.io/InferenceService:team/iris"
    assert owner_of(service(annotations={TRACKING: f":{own}"})) is None
    assert found(service(annotations={TRACKING: f"a:{own}"})).name == "a"


def test_what_a_controller_makes_is_not_its_makers_owners() -> None:
    copied = {"labels": KUSTOMIZATION, "annotations": HELM["annotations"]}
    assert found(deployment(**copied)).kind == "Flux"
    assert found(deployment(**copied, ownerReferences=[IRIS])).kind == "InferenceService controller"


def test_marks_come_before_managers() -> None:
    both = {**HELM, **written("argocd-controller")}
    assert found(config(**both)).kind == "Helm"


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


JUNK: tuple[Any, ...] = (
    None,
    0,
    "x",
    True,
    [],
    {},
    [None],
    [1, "a", [], {}],
    {"a": 1},
    {"name": ["b"]},
    [{"kind": 1, "name": {}, "apiVersion": None, "controller": "yes"}],
)


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize(
    "field", ["labels", "annotations", "ownerReferences", "managedFields", "name", "namespace"]
)
def test_junk_is_nothing(field: str, junk: Any) -> None:
    assert owner_of(config(**{field: junk})) is None
    # The other marks still count.
    meta = {**HELM, field: junk}
    kind = None if field == "annotations" else "Helm"
    assert getattr(owner_of(config(**meta)), "kind", None) == kind


@pytest.mark.parametrize("junk", JUNK)
def test_junk_for_a_whole_object_is_nothing(junk: Any) -> None:
    assert owner_of({**config(), "metadata": junk}) is None
    assert owner_of({**config(), "apiVersion": junk, "kind": junk}) is None


def test_values_of_a_wrong_type_are_passed_over() -> None:
    labels = {"kustomize.toolkit.fluxcd.io/name": 7, "helm.toolkit.fluxcd.io/name": "kserve"}
    assert found(config(labels=labels)).name == "kserve"


def test_controller_must_be_true() -> None:
    for value in (False, None, "true", 1):
        references = [reference("example.com/v1", "Site", "s", controller=value)]
        assert owner_of(config(ownerReferences=references)) is None


def test_what_is_told_is_printable() -> None:
    owner = found(service(labels={"argocd.argoproj.io/instance": "a\x1b[31m"}))
    assert owner.name == "a\\x1b[31m"
    assert "\x1b" not in owner.remedy
