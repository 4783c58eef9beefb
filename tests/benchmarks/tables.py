"""The columns in which an API server prints a kind for `kubectl get`.

InferenceServices: ``config/crd/serving.kserve.io_inferenceservices.yaml`` of KServe 0.9.0;
Knative Services: ``config/core/300-resources/service.yaml`` of Knative Serving 0.48;
Deployments: ``pkg/printers/internalversion/printers.go`` of Kubernetes 1.34.
"""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.objects import Manifest


class Column(msgspec.Struct, frozen=True):
    """A column: its name, its type, and where it is seen (above 0 with ``-o wide`` alone)."""

    name: str
    type: str = "string"
    priority: int = 0

    @property
    def definition(self) -> Manifest:
        """What a Table says of it."""
        form = "name" if self.name == "Name" else ""
        words = {"name": self.name, "type": self.type, "format": form, "description": self.name}
        return {**words, "priority": self.priority}


_NAME, _AGE = Column("Name"), Column("Age", "date")
_PLAIN = (_NAME, Column("Created At", "date"))
_COLUMNS = {
    "InferenceService": (
        _NAME,
        Column("URL"),
        Column("Ready"),
        Column("Prev", "integer"),
        Column("Latest", "integer"),
        Column("PrevRolledoutRevision"),
        Column("LatestReadyRevision"),
        _AGE,
    ),
    "Service": (
        _NAME,
        Column("URL"),
        Column("LatestCreated"),
        Column("LatestReady"),
        Column("Ready"),
        Column("Reason"),
    ),
    "Deployment": (
        _NAME,
        Column("Ready"),
        Column("Up-to-date"),
        Column("Available"),
        _AGE,
        Column("Containers", priority=1),
        Column("Images", priority=1),
        Column("Selector", priority=1),
    ),
}


def columns(kind: str) -> list[Manifest]:
    """Return the column definitions of a kind."""
    return [column.definition for column in _COLUMNS.get(kind, _PLAIN)]


def row(manifest: Manifest) -> Manifest:
    """Return the row of an object; like the API server it gives the metadata as well."""
    meta = manifest["metadata"]
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    return {"cells": [meta["name"], *_cells(manifest)], "object": {**partial, "metadata": meta}}


def _cells(manifest: Manifest) -> list[Any]:
    kind, status = manifest["kind"], manifest.get("status", {})
    if kind == "InferenceService":
        return _of_inference_service(manifest, status)
    if kind == "Service":
        created, ready = status["latestCreatedRevisionName"], status["latestReadyRevisionName"]
        return [status["url"], created, ready, _is_ready(status), None]
    if kind == "Deployment":
        return _of_deployment(manifest, status)
    return [manifest["metadata"]["creationTimestamp"]]


def _age(manifest: Manifest) -> str:
    # The server says it in words; which day it is today must not change what is generated.
    year, month, _ = manifest["metadata"]["creationTimestamp"].split("-", 2)
    return f"{(2025 - int(year)) * 365 + int(month) * 30}d"


def _of_inference_service(manifest: Manifest, status: Manifest) -> list[Any]:
    traffic = status["components"]["predictor"].get("traffic", [{}])[0]
    latest = [traffic.get("percent"), None, traffic.get("revisionName")]
    return [status["url"], _is_ready(status), None, *latest, _age(manifest)]


def _of_deployment(manifest: Manifest, status: Manifest) -> list[Any]:
    spec, ready = manifest["spec"], status["readyReplicas"]
    containers = spec["template"]["spec"]["containers"]
    words = [",".join(c[key] for c in containers) for key in ("name", "image")]
    selector = spec.get("selector", {}).get("matchLabels", {})
    wide = [*words, ",".join(f"{key}={value}" for key, value in selector.items())]
    return [f"{ready}/{spec['replicas']}", ready, ready, _age(manifest), *wide]


def _is_ready(status: Manifest) -> str | None:
    found = (c["status"] for c in status["conditions"] if c["type"] == "Ready")
    return next(found, None)
