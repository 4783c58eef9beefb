"""A checkpoint made up, of as many services as are asked for."""

from __future__ import annotations

import random

from migrate.objects import Manifest, ObjectRef
from migrate.planning.checkpoint import Checkpoint, Meaning

SERVING, RUNTIMES = "serving.kserve.io/v1beta1", "serving.kserve.io/v1alpha1"
UID = "6c7e3c1e-0000-4000-8000-000000000001"


def service(number: int) -> Manifest:
    """A service with noise in it, which packs badly."""
    noise = random.Random(number).randbytes(200).hex()
    meta = {"name": f"iris-{number}", "namespace": "team", "annotations": {"note": noise}}
    spec = {"predictor": {"sklearn": {"storageUri": "gs://models/iris"}}}
    return {"apiVersion": SERVING, "kind": "InferenceService", "metadata": meta, "spec": spec}


def meaning(number: int) -> Meaning:
    ref = ObjectRef(SERVING, "InferenceService", f"iris-{number}", "team")
    return Meaning(ref, "u", "framework sklearn", "r/s:1", "r/s:1" if number % 2 else None)


def checkpoint(name: str = "before", services: int = 3) -> Checkpoint:
    return Checkpoint(
        name=name,
        created="2026-11-23T22:17:04Z",
        operator="ada@host:1:abc",
        version="0.1.0",
        cluster_uid=UID,
        kserve_namespace="kserve",
        release="0.9.0",
        config={
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "inferenceservice-config", "namespace": "kserve"},
            "data": {"predictors": '{"sklearn": {"v1": {"image": "r/s"}}}\n'},
        },
        runtimes=(
            {"apiVersion": RUNTIMES, "kind": "ServingRuntime",
             "metadata": {"name": "own", "namespace": "team"}, "spec": {"containers": []}},
        ),
        services=tuple(map(service, range(services))),
        meanings=tuple(map(meaning, range(services))),
    )  # fmt: skip
