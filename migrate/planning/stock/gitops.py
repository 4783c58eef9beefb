"""Recognising Argo CD, Flux and Helm by what they write on the objects they deploy."""

from __future__ import annotations

from migrate.kserve import terms
from migrate.planning.stock.ownership import Marks, Owner

ARGO_CD = "Argo CD"
FLUX = "Flux"
HELM = "Helm"

_ARGO_CD_PREFIX = "argocd.argoproj.io/"
_COPIED = (terms.ARGOCD_TRACKING_ID, f"{_ARGO_CD_PREFIX}installation-id")
_HELM_NAMESPACE = "meta.helm.sh/release-namespace"
_FLUX_KUSTOMIZE = "kustomize.toolkit.fluxcd.io/"
_FLUX_HELM = "helm.toolkit.fluxcd.io/"


def argo_cd_marks(marks: Marks) -> Owner | None:
    """Recognise Argo CD by its tracking id, or by the label that it recommends instead.

    The id names an object, and Argo CD does not heed one that names another (it was copied
    along): ``isSelfReferencedObj`` in ``controller/state.go``, ``ParseAppInstanceValue`` in
    ``util/argo/resource_tracking.go``, v3.5.1. The label: ``docs/faq.md``, v3.5.1.
    """
    application, *rest = marks.annotations.get(terms.ARGOCD_TRACKING_ID, "").split(":", 2)
    if len(rest) == 2:  # noqa: PLR2004 -- application:group/Kind:namespace/name
        is_own = application and _is_own(marks, *rest)
        return _argo_cd(application, f"annotation {terms.ARGOCD_TRACKING_ID}") if is_own else None
    label = marks.labels.get(terms.ARGOCD_INSTANCE)
    return _argo_cd(label, f"label {terms.ARGOCD_INSTANCE}") if label else None


def argo_cd_label(marks: Marks) -> Owner | None:
    """Recognise Argo CD by label ``app.kubernetes.io/instance`` and an annotation of its own.

    It tracked by this label up to 2.14 (``IsOldTrackingMethod`` in
    ``util/argo/resource_tracking.go``), but the label alone says nothing: it is common to many
    tools, and KServe's manifests and charts set it themselves
    (``charts/kserve-resources/files/kserve/resources.yaml``, 0.20.0). Annotations such as
    ``argocd.argoproj.io/sync-options`` are written by people, for Argo CD alone.
    """
    label = marks.labels.get(terms.INSTANCE)
    ours = (key for key in marks.annotations if key.startswith(_ARGO_CD_PREFIX))
    beside = next((key for key in ours if key not in _COPIED), None)
    if not (label and beside) or terms.ARGOCD_TRACKING_ID in marks.annotations:
        return None
    return _argo_cd(label, f"label {terms.INSTANCE}, annotation {beside}")


def argo_cd_manager(marks: Marks, evidence: str) -> Owner:
    """Return Argo CD told by its field manager, with the application if the label tells it."""
    return _argo_cd(marks.labels.get(terms.INSTANCE, ""), evidence)


def flux_marks(marks: Marks) -> Owner | None:
    """Recognise Flux by labels ``name`` and ``namespace`` below the group of each controller.

    ``SetOwnerLabels`` in ``ssa/manager.go`` of fluxcd/pkg, for kustomize-controller v1.9.4;
    ``originLabels`` in ``internal/postrender/common_renderer.go``, helm-controller v1.6.3.
    """
    for prefix, build in ((_FLUX_KUSTOMIZE, _kustomization), (_FLUX_HELM, _helm_release)):
        if name := marks.labels.get(f"{prefix}name"):
            namespace = marks.labels.get(f"{prefix}namespace", "")
            return build(marks, f"{namespace}/{name}".strip("/"), f"label {prefix}name")
    return None


def kustomization_manager(marks: Marks, evidence: str) -> Owner:
    """Return Flux told by the field manager of kustomize-controller."""
    return _kustomization(marks, "", evidence)


def helm_release_manager(marks: Marks, evidence: str) -> Owner:
    """Return Flux told by the field manager of helm-controller."""
    return _helm_release(marks, "", evidence)


def helm_marks(marks: Marks) -> Owner | None:
    """Recognise Helm by its annotations.

    ``setMetadataVisitor`` in ``pkg/action/validate.go``, Helm 3.2.0 to 4.2.4, writes them and
    label managed-by. The label alone is no evidence: `helm template` leaves it too.
    """
    release = marks.annotations.get(terms.HELM_RELEASE)
    if not release:
        return None
    name = f"{marks.annotations.get(_HELM_NAMESPACE, '')}/{release}".strip("/")
    is_labelled = marks.labels.get(terms.MANAGED_BY) == HELM
    label = f", label {terms.MANAGED_BY}={HELM}" if is_labelled else ""
    return _helm(marks, name, f"annotation {terms.HELM_RELEASE}{label}")


def helm_manager(marks: Marks, evidence: str) -> Owner:
    """Return Helm told by its field manager (``cmd/helm/helm.go``, 3.7.0 to 4.2.4)."""
    return _helm(marks, "", evidence)


def _argo_cd(application: str, evidence: str) -> Owner:
    """Return the owner; self-healing waits five seconds (``auto_sync.md``, v3.5.1)."""
    told = f"Application {application}" if application else "its Application"
    return Owner(
        ARGO_CD,
        application,
        evidence,
        "at the next sync; within seconds where the Application has selfHeal",
        f"change it in the source of {told}, and sync",
    )


def _is_own(marks: Marks, kind: str, place: str) -> bool:
    # The id of a cluster-scoped object has the Application's destination namespace.
    namespace, _, name = place.partition("/")
    is_here = name == marks.name and marks.namespace in ("", namespace)
    return is_here and kind == f"{marks.group}/{marks.kind}"


def _kustomization(marks: Marks, name: str, evidence: str) -> Owner:
    # shouldSkipApply in ssa/manager_apply.go of fluxcd/pkg heeds the live object for these two
    # (kustomization_controller.go, v1.9.4, sets them); IfNotPresent counts in the source alone.
    asked = (("reconcile", "disabled"), ("ssa", "ignore"))
    off = [f"{_FLUX_KUSTOMIZE}{k}: {v}" for k, v in asked if _says(marks, _FLUX_KUSTOMIZE + k, v)]
    told = f"Kustomization {name}" if name else "its Kustomization"
    return Owner(
        FLUX,
        name,
        evidence,
        f"not while it has {off[0]}" if off else "at the next interval, or change of its source",
        f"change it in the source of {told}",
        will_revert=not off,
    )


def _helm_release(marks: Marks, name: str, evidence: str) -> Owner:
    # Drift detection is off unless asked for: docs/spec/v2/helmreleases.md, v1.6.3.
    is_exempt = _says(marks, f"{_FLUX_HELM}driftDetection", "disabled")
    drift = "" if is_exempt else "; at the next interval where driftDetection.mode is enabled"
    return Owner(
        FLUX,
        name,
        evidence,
        f"at the next upgrade of the release{drift}",
        f"change the values of {f'HelmRelease {name}' if name else 'its HelmRelease'}",
    )


def _says(marks: Marks, key: str, value: str) -> bool:
    # Labels and annotations count alike, in any case: AnyInMetadata in ssa/utils of fluxcd/pkg.
    return value in (found.get(key, "").lower() for found in (marks.labels, marks.annotations))


def _helm(marks: Marks, name: str, evidence: str) -> Owner:
    told = f"release {name}" if name else "its release"
    return Owner(
        HELM, name, evidence, _helm_reverts(marks), f"change the values of {told}, and upgrade it"
    )


def _helm_reverts(marks: Marks) -> str:
    # patchResourceServerSide and createPatch in pkg/kube/client.go, v4.2.4; Helm 3 has the
    # latter alone, which merges custom resources without a look at what is live.
    if (HELM.lower(), "Apply") in marks.managers:
        return "at the next helm upgrade, with --force-conflicts; without, the upgrade fails"
    if marks.is_custom:
        return "at the first helm upgrade that changes the same field (or list) in the chart"
    return "at the next helm upgrade"
