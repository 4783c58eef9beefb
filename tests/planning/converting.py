"""Clusters of KServe 0.8 and 0.9 with services that 0.7 stored in the framework form."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from migrate.catalog.predictors import variants_of
from migrate.operations.model import Convert, Create
from migrate.planning.model.plan import Finding, Plan
from migrate.planning.world.snapshot import Snapshot
from tests.planning.copies import cluster, plan, reconciled

REGISTRY = "registry.example.com/ml"
SKLEARN, MLSERVER = f"{REGISTRY}/sklearnserver", f"{REGISTRY}/mlserver"
RELEASES = ("0.8.0", "0.9.0")
SIZE = {"cpu": "1", "memory": "2Gi"}
GPU = {"limits": {**SIZE, "nvidia.com/gpu": "1"}, "requests": SIZE}


def old(
    name: str, framework: str = "sklearn", *, namespace: str = "team", **more: Any
) -> dict[str, Any]:
    """An InferenceService as 0.7 stored it: its pin, its protocol, its container's name."""
    own = {
        "name": "kserve-container",
        "storageUri": "gs://m/x",
        "runtimeVersion": "v0.7.0",
        "resources": {"limits": SIZE, "requests": SIZE},
    }
    predictor = more.pop("predictor", {})
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "finalizers": ["inferenceservice.finalizers"],
        },
        "spec": {"predictor": {framework: {**own, **more}, **predictor}},
    }


def upgraded(release: str, *services: dict[str, Any], **more: Any) -> Snapshot:
    """A cluster that stands still, with repositories set in `predictors`: ``sklearn_v1=...``.

    ``runtimes`` are images of ClusterServingRuntimes, ``own`` runtimes made by hand.
    """
    runtimes, own = more.pop("runtimes", {}), more.pop("own", ())
    document: dict[str, Any] = {}
    rows = max((variant.rows for variant in variants_of(release)), key=len)
    for (format_, key), row in rows.items():
        entry = {"image": more.get(f"{format_}_{key}".strip("_"), row.image)}
        entry |= {"defaultImageVersion": row.version, "defaultGpuImageVersion": row.gpu_version}
        document.setdefault(format_, {}).update({key: entry} if key else entry)
    found = cluster(release, *services, images=runtimes, own=own, ready=False)
    config = {**found.config, "data": {"predictors": json.dumps(document)}}
    return reconciled(replace(found, config=config))


def converting(found: Snapshot, **options: Any) -> Plan:
    """The plan that has services converted."""
    return plan(found, convert=True, **options)


def found(made: Plan, code: str) -> list[Finding]:
    """The findings of a code."""
    return [one for one in made.findings if one.code == code]


def names(made: Plan, code: str) -> list[str]:
    """The services of the findings of a code."""
    return sorted(ref.name for one in found(made, code) for ref in one.objects)


def copies(made: Plan) -> dict[str, str]:
    """The image of each runtime that is made."""
    return {
        f"{op.target.namespace}/{op.target.name}": op.change.manifest["spec"]["containers"][0][
            "image"
        ]
        for op in made.operations
        if isinstance(op.change, Create)
    }


def converted(made: Plan) -> list[str]:
    """The services that are converted."""
    acts = (act for stage in made.apply for act in stage.activations)
    return sorted(act.target.name for act in acts if isinstance(act, Convert))


def blocked(made: Plan) -> set[str]:
    """The codes of what blocks the plan."""
    return {one.code for one in made.blocking}
