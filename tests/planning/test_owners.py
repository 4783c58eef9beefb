"""Who an object belongs to."""

from __future__ import annotations

import pytest

from migrate.objects import Manifest
from migrate.planning.stock.owners import owner_of
from tests.planning.owned import (
    CLUSTER,
    DASHBOARD,
    GROUP,
    HELM,
    INSTANCE,
    IRIS,
    KSERVE,
    KUSTOMIZATION,
    LAST_APPLIED,
    ODH,
    RELEASE,
    TRACKING,
    config,
    deployment,
    found,
    reference,
    runtime,
    service,
    tracked,
    written,
)


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
