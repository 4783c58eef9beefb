"""Facts by which the installations of KServe's releases 0.7 to 0.20 can be told apart.

Few, and of KServe's own making: what came with a newer Kubernetes is in the schemas of vendors'
builds as well. All hold in every patch release, in the manifests and in the charts; that is
recorded by ``tests/kserve/record_fingerprints.py``. 0.17, 0.18 and 0.19 have the same CRDs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

INFERENCE_SERVICES = "inferenceservices.serving.kserve.io"
SERVING_RUNTIMES = "servingruntimes.serving.kserve.io"
CLUSTER_RUNTIMES = "clusterservingruntimes.serving.kserve.io"
OLDEST, NEWEST = 7, 20
"""The minor releases that are known: 0.7 to 0.20."""


class Span(NamedTuple):
    """Minor releases, both ends included."""

    first: int = OLDEST
    last: int = NEWEST

    def within(self, other: Span) -> Span | None:
        """Return what both have, None where they have nothing in common."""
        both = Span(max(self.first, other.first), min(self.last, other.last))
        return both if both.first <= both.last else None

    @property
    def releases(self) -> tuple[str, ...]:
        """The releases, oldest first."""
        return tuple(f"0.{minor}" for minor in range(self.first, self.last + 1))

    def __str__(self) -> str:
        ends = (f"0.{minor}" for minor in dict.fromkeys(self))
        return " to ".join(ends)


class Fact(NamedTuple):
    """A field of a schema or a key of the ConfigMap, and the minor releases that have it."""

    path: str
    first: int = OLDEST
    last: int = NEWEST


_OF_SERVICES = (
    Fact("spec.predictor.pytorch.modelClassName", last=7),
    Fact("spec.predictor.model", first=8),
    Fact("status.modelStatus", first=9),
    Fact("spec.predictor.scaleMetric", first=9),
    Fact("status.modelStatus.lastFailureInfo.exitCode", first=10),
    Fact("spec.explainer.aix", last=10),
    Fact("spec.predictor.labels", first=11),
    Fact("spec.predictor.huggingface", first=12),
    Fact("spec.explainer.alibi", last=12),
    Fact("spec.predictor.workerSpec", first=14),
    Fact("spec.predictor.autoScaling", first=15),
    Fact("status.servingRuntimeName", first=16),
    Fact("spec.predictor.storageUris", first=16),
    Fact("spec.predictor.logger.batchSize", first=17),
    Fact("spec.canary", first=20),
    Fact("spec.predictor.storageContainerName", first=20),
)
_OF_RUNTIMES = (
    Fact("spec.containers", first=8),
    Fact("spec.protocolVersions", first=9),
    Fact("spec.imagePullSecrets", first=10),
    Fact("spec.workerSpec", first=14),
    Fact("spec.workerSpec.tensorParallelSize", first=15),
    Fact("spec.schedulerName", first=17),
)
SCHEMA_FACTS: Mapping[str, tuple[Fact, ...]] = {
    INFERENCE_SERVICES: _OF_SERVICES,
    SERVING_RUNTIMES: _OF_RUNTIMES,
    CLUSTER_RUNTIMES: _OF_RUNTIMES,
}
# By the code that reads the key (pkg/, configmap.go), not by the shipped texts: people may add
# what a release knows and does not ship. Keys that came stand before those that went.
CONFIG_FACTS = (
    Fact("router", first=9),
    Fact("metricsAggregator", first=10),
    Fact("_example", first=11),
    Fact("storageInitializer.enableModelcar", first=12),
    Fact("security", first=14),
    Fact("localModel", first=14),
    Fact("opentelemetryCollector", first=15),
    Fact("ingress.enableGatewayApi", first=15),
    Fact("autoscaler", first=16),
    Fact("ingress.disableHTTPRouteTimeout", first=18),
    Fact("predictors", last=9),
    Fact("transformers", last=9),
    Fact("explainers.aix", last=10),
    Fact("explainers.alibi", last=12),
)
WITH_OWN_IMAGE = ("agent", "batcher", "logger", "router", "storageInitializer")
