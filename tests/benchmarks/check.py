"""How long, and how much memory, `check` and `explain` take on a snapshot of many services.

``python -m tests.benchmarks.check --services 10000``
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from migrate.catalog.runtimes import stock

FORMATS = ("sklearn", "xgboost", "lightgbm", "pmml", "paddle", "tensorflow", "pytorch", "onnx")
RELEASE = "0.15.2"
PER_NAMESPACE = 50
Json = dict[str, Any]


def cluster(count: int) -> Iterator[Json]:
    """A cluster with the stock runtimes, a copied one in each namespace, and `count` services."""
    yield _config()
    yield _controller()
    for runtime in stock(RELEASE):
        spec = next(o for o in runtime.origins if o.origin == "manifest").spec
        yield _runtime("ClusterServingRuntime", {"name": runtime.name}, spec)
        if runtime.name == "kserve-sklearnserver":
            for number in range(0, count, PER_NAMESPACE):
                yield _runtime("ServingRuntime", _meta(runtime.name, number), spec)
    for number in range(count):
        yield _service(number)
        yield _deployment(number)


def _meta(name: str, number: int) -> Json:
    return {"name": name, "namespace": f"team-{number // PER_NAMESPACE}"}


def _runtime(kind: str, meta: Json, spec: Json) -> Json:
    api = "serving.kserve.io/v1alpha1"
    return {"apiVersion": api, "kind": kind, "metadata": meta, "spec": spec}


def _config() -> Json:
    meta = {"name": "inferenceservice-config", "namespace": "kserve"}
    data = {"deploy": '{"defaultDeploymentMode": "RawDeployment"}', "inferenceService": "{}"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def _pods(name: str, image: str, args: list[str]) -> Json:
    return {"template": {"spec": {"containers": [{"name": name, "image": image, "args": args}]}}}


def _controller() -> Json:
    meta = {"name": "kserve-controller-manager", "namespace": "kserve"}
    spec = {"replicas": 1, **_pods("manager", f"kserve/kserve-controller:v{RELEASE}", [])}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


def _service(number: int) -> Json:
    meta = _meta(f"model-{number}", number)
    model = {
        "modelFormat": {"name": FORMATS[number % len(FORMATS)]},
        "storageUri": f"s3://models/{number}",
        "resources": {"limits": {"cpu": "1", "memory": "2Gi"}},
    }
    predictor = {"minReplicas": 1, "model": model}
    status = {
        "deploymentMode": "RawDeployment",
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {**meta, "finalizers": ["inferenceservice.finalizers"]},
        "spec": {"predictor": predictor},
        "status": status,
    }


def _deployment(number: int) -> Json:
    meta = _meta(f"model-{number}-predictor", number)
    args = [f"--model_name=model-{number}", "--model_dir=/mnt/models", "--http_port=8080"]
    spec = {"replicas": 1, **_pods("kserve-container", "kserve/sklearnserver:v0.15.2", args)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


def measured(*command: str) -> tuple[float, float]:
    """Run kmigrate; return seconds and the most MiB that any command so far has held."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "migrate", *command], stdout=subprocess.DEVNULL, check=False
    )
    seconds = time.perf_counter() - started
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, default=10_000)
    count = parser.parse_args().services
    with tempfile.TemporaryDirectory() as folder:
        for size in (10, count):
            path = Path(folder) / f"{size}.json"
            path.write_text(json.dumps({"kind": "List", "items": list(cluster(size))}))
            for verb in (("explain", "team-0/model-1"), ("check", "-o", "json")):
                seconds, memory = measured(*verb, "--snapshot", str(path))
                megabytes = path.stat().st_size / 2**20
                print(
                    f"{verb[0]:8} {size:6} services ({megabytes:.0f} MiB of JSON): "
                    f"{seconds:.1f} s, at most {memory:.0f} MiB"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
