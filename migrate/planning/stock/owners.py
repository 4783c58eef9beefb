"""Who an object belongs to, so that an edit of it by others is taken back.

Told from the object alone. Its owner is not asked, so whether an Application heals itself, or
a Kustomization is suspended, is not known here. docs/owners.md says the same for people.
"""

from __future__ import annotations

from collections.abc import Callable

from migrate.objects import Manifest
from migrate.planning.stock import gitops
from migrate.planning.stock.ownership import Marks, Owner, Rule, marks_of

OPEN_DATA_HUB = "OpenDataHub operator"

_ODH_GROUPS = (
    "components.platform.opendatahub.io",
    "datasciencecluster.opendatahub.io",
    "dscinitialization.opendatahub.io",
    "services.platform.opendatahub.io",
)
_ODH_COMPONENT = "app.opendatahub.io/kserve"
_ODH_PART_OF = "platform.opendatahub.io/part-of"
_ODH_INSTANCE = "platform.opendatahub.io/instance.name"
_ODH_MANAGED = "opendatahub.io/managed"


def owner_of(manifest: Manifest) -> Owner | None:
    """Return who owns an object; None where nobody does, as after a `kubectl apply`.

    An object may bear the marks of several. A controlling object comes first, since what it
    makes often has copies of its own labels and annotations (KServe gives those of an
    InferenceService to its Deployment); then the tools by what they write for this purpose;
    then whoever is only a field manager. Whoever takes edits back comes before all that leave
    the object alone.
    """
    marks = marks_of(manifest)
    found = [owner for rule in _RULES if (owner := rule(marks))]
    return next((owner for owner in found if owner.will_revert), found[0] if found else None)


def _controller(marks: Marks) -> Owner | None:
    # The operator of OpenDataHub is told by the group alone, Kubeflow's profile controller like
    # any other: SetControllerReference in profile_controller.go, Kubeflow 1.9.2.
    for each in marks.references:
        if each.group in _ODH_GROUPS:
            return _odh(marks, each.name, f"ownerReference to {each}")
        if each.is_controller:
            return Owner(
                f"{each.kind} controller",
                each.name,
                f"controller ownerReference to {each}",
                f"when it next reconciles {each}",
                f"change {each}, from which the object is made",
            )
    return None


def _odh_marks(marks: Marks) -> Owner | None:
    """Recognise the operator of OpenDataHub, which is that of OpenShift AI too.

    ``deploy`` in ``pkg/controller/actions/deploy/action_deploy.go``, 2.22.0 to 3.5.0, and
    ``stampMetadata`` in ``pkg/deploy/deploy.go`` of odh-platform-utilities, which
    ``kserve-module`` of opendatahub-io/kserve (odh-v3.5) deploys with. The label of the
    component is older: ``pkg/plugins/addLabelsplugin.go``, 2.19.0.
    """
    labels = [f"label {key}" for key in (_ODH_PART_OF, _ODH_COMPONENT) if key in marks.labels]
    name = marks.annotations.get(_ODH_INSTANCE, "")
    told = [*labels, *([f"annotation {_ODH_INSTANCE}"] if name else [])]
    return _odh(marks, name, ", ".join(told)) if told else None


def _odh(marks: Marks, name: str, evidence: str) -> Owner:
    # run in action_deploy.go, 2.22.0 to 3.5.0, and manageResource in pkg/deploy/deploy.go,
    # 2.19.0, leave alone what says "false". ConfigMaps are watched from 2.22.0 on; 2.19.0
    # (configMapPredicates) does not look when inferenceservice-config changes.
    is_off = marks.annotations.get(_ODH_MANAGED) == "false"
    when = "at its next reconcile: at once where it watches the object, as ConfigMaps from 2.22"
    return Owner(
        OPEN_DATA_HUB,
        name,
        evidence,
        f"not while it has annotation {_ODH_MANAGED}=false" if is_off else when,
        f"annotate it with {_ODH_MANAGED}=false; the operator then no longer upgrades it either",
        will_revert=not is_off,
    )


def _odh_manager(marks: Marks, evidence: str) -> Owner:
    return _odh(marks, "", evidence)


# argocd-controller: ArgoCDSSAManager in common/common.go, v3.5.1, for both ways of applying;
# argocd-application-controller: where it creates or replaces.
# kserve-module-controller: constants.go of kserve-module, odh-v3.5; default-dsc: performPatch
# in pkg/deploy/deploy.go, 2.19.0. From 2.22 to 3.5 the operator's manager is "kserve", which is
# too common a word to tell anything.
_MANAGERS: dict[str, Callable[[Marks, str], Owner]] = {
    "argocd-controller": gitops.argo_cd_manager,
    "argocd-application-controller": gitops.argo_cd_manager,
    "kustomize-controller": gitops.kustomization_manager,
    "helm-controller": gitops.helm_release_manager,
    "helm": gitops.helm_manager,
    "kserve-module-controller": _odh_manager,
    "default-dsc": _odh_manager,
}


def _manager(marks: Marks) -> Owner | None:
    managers = {manager for manager, _ in marks.managers}
    told = next((each for each in _MANAGERS if each in managers), None)
    return _MANAGERS[told](marks, f"field manager {told}") if told else None


_RULES: tuple[Rule, ...] = (
    _controller,
    gitops.argo_cd_marks,
    gitops.flux_marks,
    gitops.helm_marks,
    _odh_marks,
    gitops.argo_cd_label,
    _manager,
)
