"""The data that the harness passes around: plain JSON, so that it can be recorded."""

import json
from typing import Any

# {"release", "seed", "index", "config", "runtimes", "namespaces", "services", "unadmitted"}:
# what is put in. Namespaces have short names; ``runtimes`` are waves, those of a later wave with a
# later creation time; ``unadmitted`` names the services that are stored past KServe's webhooks.
Cluster = dict[str, Any]
# {"release", "config", "runtimes", "services"}, or {"release", "crashed"}: what came of it.
Verdict = dict[str, Any]
Manifest = dict[str, Any]

SERVING = "serving.kserve.io/v1beta1"
SERVING_ALPHA = "serving.kserve.io/v1alpha1"
SERVICE = "InferenceService"
CLUSTER_RUNTIME = "ClusterServingRuntime"
RUNTIME = "ServingRuntime"
# The only runtime-less release; it knows neither kind of runtime.
WITHOUT_RUNTIMES = "0.7.0"


def version_of(release: str) -> tuple[int, ...]:
    """0.15.2 as (0, 15, 2), to compare."""
    return tuple(int(part) for part in release.split("."))


def key_of(manifest: Manifest) -> str:
    """A service's key in a verdict, "namespace/name"."""
    return f"{manifest['metadata']['namespace']}/{manifest['metadata']['name']}"


def compact(content: Any) -> str:
    """The one way to write content as JSON: short, and the same each time."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))
