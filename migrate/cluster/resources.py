"""The kinds that kmigrate reads or writes, and where the API server keeps them."""

from __future__ import annotations

import re

import msgspec

from migrate.errors import UsageError
from migrate.objects import ObjectRef

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


class Resource(msgspec.Struct, frozen=True):
    """What the API server knows of a kind.

    ``status``: it has a status subresource. ``generation``: the API server counts the
    changes of its spec. ``stored``: False for questions, which are answered and forgotten.
    """

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True
    status: bool = False
    generation: bool = False
    stored: bool = True

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def full_name(self) -> str:
        """The plural with its group, as kubectl takes it: ``leases.coordination.k8s.io``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def collection(self, namespace: str = "") -> str:
        """Return the URL path of all objects, or of those in a namespace.

        Raise UsageError where ``namespace`` cannot be the name of one.
        """
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"
        if not self.namespaced or not namespace:
            return f"{root}/{self.plural}"
        self.check_namespace(namespace)
        return f"{root}/namespaces/{namespace}/{self.plural}"

    def item(self, ref: ObjectRef, subresource: str = "") -> str:
        """Return the URL path of one object. Raise UsageError where ``ref`` names none."""
        self.check(ref)
        path = f"{self.collection(ref.namespace)}/{ref.name}"
        return f"{path}/{subresource}" if subresource else path

    def check(self, ref: ObjectRef) -> None:
        """Raise UsageError where ``ref`` cannot be the name of one object of this kind."""
        # With an empty name or with dots the path would lead to the whole collection, or to
        # the namespace itself, and a DELETE would take all of it.
        if not is_name(ref.name):
            raise UsageError(f"{ref.kind} {ref.name!r}: no object can have this name")
        self.check_namespace(ref.namespace)

    def check_namespace(self, namespace: str) -> None:
        """Raise UsageError where an object of this kind cannot be in this namespace."""
        if self.namespaced and not is_name(namespace):
            raise UsageError(f"{self.kind}: {namespace!r} cannot be the name of its namespace")


HELM_RECORD = "helm.sh/release.v1"
"""The type of the Secrets in which Helm records its releases: no others are read."""
_CORE = "v1"
_APPS = "apps/v1"
_KNATIVE = "serving.knative.dev/v1"

RESOURCES = (
    Resource(_CORE, "ConfigMap", "configmaps"),
    Resource(_CORE, "Event", "events"),
    Resource(_CORE, "Namespace", "namespaces", namespaced=False, status=True),
    Resource(_CORE, "Pod", "pods", status=True, generation=True),
    Resource(_CORE, "ResourceQuota", "resourcequotas", status=True),
    Resource(_CORE, "Secret", "secrets"),
    Resource(_CORE, "Service", "services", status=True),
    Resource(_APPS, "Deployment", "deployments", status=True, generation=True),
    Resource(_APPS, "ReplicaSet", "replicasets", status=True, generation=True),
    Resource(_APPS, "StatefulSet", "statefulsets", status=True, generation=True),
    Resource("coordination.k8s.io/v1", "Lease", "leases"),
    Resource(
        "policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", status=True, generation=True
    ),
    Resource(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        namespaced=False,
        status=True,
        generation=True,
    ),
    Resource(
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        namespaced=False,
        generation=True,
    ),
    Resource(
        "authorization.k8s.io/v1",
        "SelfSubjectAccessReview",
        "selfsubjectaccessreviews",
        namespaced=False,
        stored=False,
    ),
    Resource(
        "serving.kserve.io/v1beta1",
        "InferenceService",
        "inferenceservices",
        status=True,
        generation=True,
    ),
    # No release of KServe gives the runtimes a status subresource.
    Resource("serving.kserve.io/v1alpha1", "ServingRuntime", "servingruntimes", generation=True),
    Resource(
        "serving.kserve.io/v1alpha1",
        "ClusterServingRuntime",
        "clusterservingruntimes",
        namespaced=False,
        generation=True,
    ),
    Resource(
        "serving.kserve.io/v1alpha1",
        "ClusterStorageContainer",
        "clusterstoragecontainers",
        namespaced=False,
        generation=True,
    ),
    Resource(_KNATIVE, "Service", "services", status=True, generation=True),
    Resource(_KNATIVE, "Revision", "revisions", status=True, generation=True),
)

_BY_KIND = {(resource.api_version, resource.kind): resource for resource in RESOURCES}


def is_name(text: str) -> bool:
    """Whether an object can have this name."""
    return bool(_NAME.fullmatch(text))


def is_known(api_version: str, kind: str) -> bool:
    """Whether kmigrate has to do with this kind at all."""
    return (api_version, kind) in _BY_KIND


def resource_of(api_version: str, kind: str) -> Resource:
    """Return what is known of a kind. Raise UsageError where it is none of kmigrate's."""
    resource = _BY_KIND.get((api_version, kind))
    if resource is None:
        known = ", ".join(sorted({each.kind for each in RESOURCES}))
        raise UsageError(f"{kind} of {api_version} is no kind that kmigrate handles: {known}")
    return resource
