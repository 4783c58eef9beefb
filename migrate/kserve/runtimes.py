"""ServingRuntimes and ClusterServingRuntimes, and those of a cluster by where they are found.

The fields are those of ``serving.kserve.io/v1alpha1``
(``pkg/apis/serving/v1alpha1/servingruntime_types.go``, KServe 0.8 to 0.20) that decide
something; what ModelMesh alone reads is not among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

import msgspec

from migrate.kserve import terms
from migrate.kserve.containers import Container, PodFields
from migrate.kserve.metadata import Metadata
from migrate.kserve.services import WorkerSpec
from migrate.objects import ObjectRef


class SupportedFormat(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A format that a runtime serves; ``version`` is compared as text."""

    name: str = ""
    version: str | None = None
    auto_select: bool | None = None
    priority: int | None = None


class RuntimeSpec(PodFields, frozen=True, gc=False, omit_defaults=True, rename="camel"):
    """``spec`` of a runtime; its labels and annotations are meant for the pods."""

    supported_model_formats: list[SupportedFormat] | None = None
    multi_model: bool | None = None
    disabled: bool | None = None
    protocol_versions: list[str] | None = None
    containers: list[Container] | None = None
    worker_spec: WorkerSpec | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class Runtime(msgspec.Struct, frozen=True, gc=False):
    """A runtime of either kind: the one of a cluster has no namespace."""

    metadata: Metadata
    spec: RuntimeSpec = RuntimeSpec()

    @property
    def name(self) -> str:
        """The name of the object."""
        return self.metadata.name

    @property
    def is_cluster(self) -> bool:
        """Tell whether it is a ClusterServingRuntime."""
        return not self.metadata.namespace

    @property
    def ref(self) -> ObjectRef:
        """The reference of the object."""
        kind = terms.CLUSTER_RUNTIME if self.is_cluster else terms.SERVING_RUNTIME
        return ObjectRef(terms.RUNTIME_VERSION, kind, self.name, self.metadata.namespace)

    @property
    def server_type(self) -> str | None:
        """The annotation server-type; None where there is none."""
        return self.metadata.annotation(terms.SERVER_TYPE)


class ServingRuntime(Runtime, frozen=True, gc=False):
    """The runtime of a namespace, as a kind to be listed."""

    API_VERSION: ClassVar[str] = terms.RUNTIME_VERSION
    KIND: ClassVar[str] = terms.SERVING_RUNTIME


class ClusterRuntime(Runtime, frozen=True, gc=False):
    """The runtime of a cluster, as a kind to be listed."""

    API_VERSION: ClassVar[str] = terms.RUNTIME_VERSION
    KIND: ClassVar[str] = terms.CLUSTER_RUNTIME


class Runtimes:
    """The runtimes of a cluster: those of each namespace, and those of the cluster ("")."""

    def __init__(self, runtimes: Iterable[Runtime] = ()) -> None:
        self._by_namespace: dict[str, dict[str, Runtime]] = {}
        for runtime in runtimes:
            named = self._by_namespace.setdefault(runtime.metadata.namespace, {})
            named[runtime.name] = runtime

    def of(self, namespace: str) -> Mapping[str, Runtime]:
        """Return the runtimes of a namespace by name; those of the cluster for ""."""
        return self._by_namespace.get(namespace, {})

    def named(self, name: str, namespace: str) -> Runtime | None:
        """Return the runtime of this name: the namespace's, else the cluster's.

        ``GetServingRuntime`` in ``controller/v1beta1/inferenceservice/utils/utils.go``. The
        first one found wins, be it fit or not.
        """
        return self.of(namespace).get(name) or self.of("").get(name)

    @property
    def everywhere(self) -> tuple[Runtime, ...]:
        """All of them, in the order of their places."""
        found = (r for named in self._by_namespace.values() for r in named.values())
        return tuple(sorted(found, key=lambda runtime: runtime.ref.place))
