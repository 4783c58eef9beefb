"""Objects as their owners leave them in a cluster, for the tests of owners and field managers."""

from typing import Any

from migrate.objects import Manifest
from migrate.planning.stock.owners import owner_of
from migrate.planning.stock.ownership import Owner

Content = dict[str, Any]

PREDICTORS = '{"sklearn": {"v1": {"image": "kfserving/sklearnserver"}}}'
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
V1ALPHA1 = "serving.kserve.io/v1alpha1"
V1BETA1 = "serving.kserve.io/v1beta1"
DATA: Content = {"f:data": {".": {}, "f:ingress": {}, "f:predictors": {}}}


def entry(manager: str, operation: str, fields: Content, **rest: str) -> Content:
    """An entry of managedFields."""
    told = {"fieldsType": "FieldsV1", "apiVersion": "v1", "time": "2026-08-20T15:58:20Z"}
    return {**told, "manager": manager, "operation": operation, "fieldsV1": fields, **rest}


def config(**meta: Any) -> Manifest:
    """Return inferenceservice-config."""
    metadata = {"name": "inferenceservice-config", "namespace": "kserve", **meta}
    data = {"ingress": "{}", "predictors": PREDICTORS}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def runtime(**meta: Any) -> Manifest:
    """Return a ClusterServingRuntime."""
    containers = [
        {"name": "queue", "image": "example.com/queue:1"},
        {
            "name": "kserve-container",
            "image": "kserve/sklearnserver:v0.11.2",
            "args": ["--model_name={{.Name}}", "--http_port=8080"],
            "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        },
    ]
    return {
        "apiVersion": V1ALPHA1,
        "kind": "ClusterServingRuntime",
        "metadata": {"name": "kserve-sklearnserver", **meta},
        "spec": {"supportedModelFormats": [{"name": "sklearn"}], "containers": containers},
    }


def service(**meta: Any) -> Manifest:
    """Return an InferenceService in the model form."""
    model = {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://models/iris"}
    return {
        "apiVersion": V1BETA1,
        "kind": "InferenceService",
        "metadata": {"name": "iris", "namespace": "team", **meta},
        "spec": {"predictor": {"model": model}},
    }


def deployment(**meta: Any) -> Manifest:
    """Return the Deployment that KServe makes of the InferenceService, in raw mode."""
    metadata = {"name": "iris-predictor", "namespace": "team", **meta}
    spec = {"template": {"spec": {"containers": [{"name": "kserve-container"}]}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def reference(api_version: str, kind: str, name: str, **rest: Any) -> Content:
    """An owner reference."""
    uid = "7d3f29c1-9c6e-4c7c-8d5a-0d4e8f9f1a2b"
    return {"apiVersion": api_version, "kind": kind, "name": name, "uid": uid, **rest}


CONTROLLER = {"controller": True, "blockOwnerDeletion": True}
KSERVE = reference(
    "components.platform.opendatahub.io/v1alpha1", "Kserve", "default-kserve", **CONTROLLER
)
CLUSTER = reference(
    "datasciencecluster.opendatahub.io/v1", "DataScienceCluster", "default-dsc", **CONTROLLER
)
IRIS = reference(V1BETA1, "InferenceService", "iris", **CONTROLLER)

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


def tracked(place: str, **annotations: str) -> dict[str, Any]:
    return {"annotations": {TRACKING: f"models:{place}", **annotations}}


def written(manager: str, operation: str = "Update", **rest: str) -> dict[str, Any]:
    return {"managedFields": [entry(manager, operation, DATA, **rest)]}


def found(manifest: Manifest) -> Owner:
    owner = owner_of(manifest)
    assert owner is not None
    return owner
