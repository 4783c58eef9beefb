"""What is read of workloads, and which of them belongs to a service."""

from __future__ import annotations

from collections.abc import Container as Holding
from typing import ClassVar

import msgspec

from migrate.kserve import terms
from migrate.kserve.containers import Container
from migrate.kserve.metadata import Metadata
from migrate.kserve.rules import Rules
from migrate.kserve.services import Condition, InferenceService
from migrate.objects import ObjectRef


class PodSpec(msgspec.Struct, frozen=True, gc=False):
    """The containers of a pod; init containers are none of our business."""

    containers: list[Container] | None = None


class TemplateMetadata(msgspec.Struct, frozen=True, gc=False):
    """The labels and annotations of a pod template."""

    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class PodTemplate(msgspec.Struct, frozen=True, gc=False):
    """A pod template."""

    metadata: TemplateMetadata = TemplateMetadata()
    spec: PodSpec = PodSpec()


class RollingUpdate(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """How many pods there may be too many and too few, as numbers or as ``25%``."""

    max_surge: int | str | None = None
    max_unavailable: int | str | None = None


class Strategy(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The strategy of a Deployment: "RollingUpdate", which is the default, or "Recreate"."""

    type: str | None = None
    rolling_update: RollingUpdate | None = None


class WorkloadSpec(msgspec.Struct, frozen=True, gc=False):
    """``spec``; ``replicas`` is unset in Knative Services, and means 1 elsewhere."""

    replicas: int | None = None
    template: PodTemplate = PodTemplate()
    strategy: Strategy = Strategy()


class WorkloadStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """``status``: how many pods there are, how many are ready, and of the newest template.

    None is left out. ``observed_generation`` is that of the template that was looked at.
    """

    replicas: int | None = None
    ready_replicas: int | None = None
    updated_replicas: int | None = None
    observed_generation: int | None = None
    conditions: list[Condition] | None = None

    def is_true(self, kind: str) -> bool:
        """Tell whether the condition of this type is True."""
        return any(c.type == kind and c.status == "True" for c in self.conditions or ())


class Workload(msgspec.Struct, frozen=True, gc=False):
    """Anything with a pod template. Items of a list do not say their kind: the class does."""

    API_VERSION: ClassVar[str]
    KIND: ClassVar[str]

    metadata: Metadata
    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus = WorkloadStatus()

    @property
    def ref(self) -> ObjectRef:
        """The reference of the object."""
        return ObjectRef(self.API_VERSION, self.KIND, self.metadata.name, self.metadata.namespace)

    @property
    def containers(self) -> list[Container]:
        """The containers of the template."""
        return self.spec.template.spec.containers or []

    @property
    def is_rolled_out(self) -> bool:
        """Whether all of its pods are of its newest template; without a status it is not told."""
        status, seen = self.status, self.status.observed_generation
        is_seen = seen is None or seen >= self.metadata.generation
        return is_seen and (status.replicas or 0) == (status.updated_replicas or 0)


class KnativeService(Workload, frozen=True, gc=False):
    """The workload of a predictor in Serverless mode; its template is the newest revision's."""

    API_VERSION = terms.KNATIVE_VERSION
    KIND = terms.KNATIVE_SERVICE


class Deployment(Workload, frozen=True, gc=False):
    """The workload of a predictor in RawDeployment mode, or of the controller from 0.9 on."""

    API_VERSION = terms.APPS_VERSION
    KIND = terms.DEPLOYMENT


class StatefulSet(Workload, frozen=True, gc=False):
    """The workload of the controller up to 0.8."""

    API_VERSION = terms.APPS_VERSION
    KIND = terms.STATEFUL_SET


class Pod(msgspec.Struct, frozen=True, gc=False):
    """A pod: what is read of those of the controller."""

    API_VERSION: ClassVar[str] = "v1"
    KIND: ClassVar[str] = "Pod"

    metadata: Metadata
    spec: PodSpec = PodSpec()

    @property
    def containers(self) -> list[Container]:
        """Its containers."""
        return self.spec.containers or []


def serving_container(workload: Workload) -> Container | None:
    """Return the container of the model; None where there is none.

    A service whose ``model`` names it otherwise has none: KServe's webhook of pods looks for this
    name, and refuses pods without it (``storage_initializer_injector.go`` of 0.7.0 to 0.20.0).
    """
    named = (c for c in workload.containers if c.name in terms.PREDICTOR_CONTAINERS)
    return next(named, None)


def running_image(workload: Workload) -> str | None:
    """Return the image of the model's container; None where there is none."""
    container = serving_container(workload)
    return container.image if container else None


def workload_of(
    service: InferenceService, mode: str, rules: Rules, known: Holding[ObjectRef] = ()
) -> ObjectRef:
    """Return the workload of a service's predictor; ``known`` are those that are there.

    ``PredictorServiceName`` in ``pkg/constants/constants.go``. 0.11 to 0.15 go on with a
    workload that former releases named (``components/predictor.go:256-269`` of 0.11.2).
    """
    called = service.spec.predictor.name if rules.canaries else ""
    return workload_named(service.ref, called or "", mode, rules, known)


def workload_named(
    service: ObjectRef, called: str, mode: str, rules: Rules, known: Holding[ObjectRef] = ()
) -> ObjectRef:
    """Return the same for a service whose predictor is called so, in 0.20."""
    is_raw = mode == terms.STANDARD
    version = terms.APPS_VERSION if is_raw else terms.KNATIVE_VERSION
    kind = terms.DEPLOYMENT if is_raw else terms.KNATIVE_SERVICE
    name, namespace = service.name, service.namespace
    if rules.keeps_old_name:
        former = ObjectRef(version, kind, f"{name}-predictor-default", namespace)
        if former in known:
            return former
    middle = f"-{called}" if called else ""
    return ObjectRef(version, kind, f"{name}{middle}{rules.workload_suffix}", namespace)
