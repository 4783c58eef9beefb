"""The objects that these tests are made of."""

from typing import Any

from migrate.objects import Manifest, ObjectRef, ref_of

GROUP = "serving.kserve.io"
V1BETA1 = f"{GROUP}/v1beta1"
V1ALPHA1 = f"{GROUP}/v1alpha1"

Content = dict[str, Any]


def manifest(
    api_version: str, kind: str, name: str, namespace: str, meta: Content | None, rest: Content
) -> Manifest:
    place = {"namespace": namespace} if namespace else {}
    metadata = {"name": name, **place, **(meta or {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def config_map(name: str, namespace: str, *, meta: Content | None = None, **rest: Any) -> Manifest:
    return manifest("v1", "ConfigMap", name, namespace, meta, rest)


def service(name: str, namespace: str, *, meta: Content | None = None, **rest: Any) -> Manifest:
    return manifest(V1BETA1, "InferenceService", name, namespace, meta, rest)


def runtime(name: str, *, meta: Content | None = None, **rest: Any) -> Manifest:
    return manifest(V1ALPHA1, "ClusterServingRuntime", name, "", meta, rest)


def deployment(name: str, namespace: str) -> Manifest:
    labels = {"app": name}
    pod = {"containers": [{"name": "c", "image": "example.com/a:1"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return manifest("apps/v1", "Deployment", name, namespace, None, {"spec": spec})


def named(like: Manifest, name: str) -> ObjectRef:
    """The reference of another object of the same kind and namespace."""
    ref = ref_of(like)
    return ObjectRef(ref.api_version, ref.kind, name, ref.namespace)


def definition(kind: str, version: str, *, has_status: bool, scope: str = "Namespaced") -> Manifest:
    """A CRD that takes what it is given; with or without a status subresource."""
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": free, "status": free}}
    served = {
        "name": version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}} if has_status else {},
    }
    plural = f"{kind.lower()}s"
    names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    spec = {"group": GROUP, "scope": scope, "names": names, "versions": [served]}
    rest = {"spec": spec}
    crd = "CustomResourceDefinition"
    return manifest("apiextensions.k8s.io/v1", crd, f"{plural}.{GROUP}", "", None, rest)


DEFINITIONS = (
    definition("InferenceService", "v1beta1", has_status=True),
    definition("ServingRuntime", "v1alpha1", has_status=False),
    definition("ClusterServingRuntime", "v1alpha1", has_status=False, scope="Cluster"),
    definition("ClusterStorageContainer", "v1alpha1", has_status=False, scope="Cluster"),
)
