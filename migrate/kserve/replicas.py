"""What a cluster keeps of former workloads: ReplicaSets of Deployments, Revisions of Knative.

Deployments keep ten of each by default (``revisionHistoryLimit``). Their numbers are in annotations
(``pkg/controller/deployment/util/deployment_util.go`` of Kubernetes 1.34), those of Revisions in a
label (``pkg/apis/serving/register.go`` of Knative Serving 0.48).
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from migrate.kserve import terms
from migrate.kserve.containers import Container
from migrate.kserve.image import has_name
from migrate.kserve.metadata import Metadata
from migrate.kserve.workloads import PodSpec, PodTemplate

_REVISION = "deployment.kubernetes.io/revision"
_HISTORY = "deployment.kubernetes.io/revision-history"
_SERVICE = "serving.knative.dev/service"
_GENERATION = "serving.knative.dev/configurationGeneration"


class Kept(msgspec.Struct, frozen=True, gc=False):
    """A former state of a workload: its image, when it was made, and under which numbers it ran.

    ``kind`` and ``owner`` name the workload in ``namespace``; ``created`` is RFC 3339.
    """

    kind: str
    namespace: str
    owner: str
    name: str
    created: str
    numbers: tuple[int, ...]
    image: str


class _ReplicaSetSpec(msgspec.Struct, frozen=True, gc=False):
    template: PodTemplate = PodTemplate()


class ReplicaSet(msgspec.Struct, frozen=True, gc=False):
    """A ReplicaSet, as far as it tells what ran."""

    API_VERSION: ClassVar[str] = terms.APPS_VERSION
    KIND: ClassVar[str] = "ReplicaSet"

    metadata: Metadata
    spec: _ReplicaSetSpec = _ReplicaSetSpec()


class Revision(msgspec.Struct, frozen=True, gc=False):
    """A Revision of Knative, as far as it tells what ran."""

    API_VERSION: ClassVar[str] = terms.KNATIVE_VERSION
    KIND: ClassVar[str] = "Revision"

    metadata: Metadata
    spec: PodSpec = PodSpec()


def kept_of(found: ReplicaSet | Revision) -> Kept | None:
    """Return what a ReplicaSet or a Revision keeps; None where it is nobody's, or ran nothing."""
    if isinstance(found, ReplicaSet):
        containers, meta = found.spec.template.spec.containers, found.metadata
        owners = [o.name for o in meta.owner_references or () if o.kind == terms.DEPLOYMENT]
        texts = (*(meta.annotation(_HISTORY) or "").split(","), meta.annotation(_REVISION) or "")
        kind, owner = terms.DEPLOYMENT, owners[0] if owners else ""
    else:
        containers, meta = found.spec.containers, found.metadata
        labels = meta.labels or {}
        texts = (labels.get(_GENERATION, ""),)
        kind, owner = terms.KNATIVE_SERVICE, labels.get(_SERVICE, "")
    image = _image(containers or [])
    if not owner or not has_name(image):
        return None
    numbers = tuple(sorted(int(text) for text in texts if text.isdecimal()))
    created = meta.creation_timestamp or ""
    return Kept(kind, meta.namespace, owner, meta.name, created, numbers, image)


def _image(containers: list[Container]) -> str:
    """Return the image of the model's container, or of KServe's own controller."""
    known = (*terms.PREDICTOR_CONTAINERS, terms.MANAGER_CONTAINER)
    return next((one.image or "" for one in containers if one.name in known), "")
