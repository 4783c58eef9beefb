"""Clusters right before an upgrade, as files: seven services of as many kinds, images set."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec

from migrate.cluster.memory import MemoryCluster
from migrate.commands.checkpointing import make
from migrate.objects import Manifest
from tests.commands import moving
from tests.commands.admitting import KIND
from tests.commands.reconciling import reconcile
from tests.commands.upgrading import upgrade
from tests.execute.checkpoints import Document, save
from tests.planning.converting import GPU, MLSERVER, REGISTRY, SKLEARN, old, upgraded
from tests.planning.copies import OVER, installed, isvc

ENTRIES = {"sklearn_v1": SKLEARN, "sklearn_v2": MLSERVER, "xgboost_v1": f"{REGISTRY}/xgbserver"}
EDITED = {"kserve-sklearnserver": OVER, "kserve-xgbserver": f"{REGISTRY}/xgbserver:ours"}
KINDS = (
    ("v1", "Namespace"),
    ("v1", "ConfigMap"),
    ("apps/v1", "Deployment"),
    ("serving.knative.dev/v1", "Service"),
    ("serving.kserve.io/v1alpha1", "ClusterServingRuntime"),
    ("serving.kserve.io/v1beta1", "InferenceService"),
)


def of_framework() -> list[dict[str, Any]]:
    """Services as KServe 0.7 stored them."""
    flow = {"runtimeVersion": "1.14.0-gpu", "resources": GPU}
    return [
        old("iris"),
        old("own", image=f"{REGISTRY}/own:1"),
        old("rows", protocolVersion="v2", runtimeVersion="0.2.1"),
        old("torch", "pytorch", runtimeVersion="0.4.1"),
        old("flow", "tensorflow", namespace="shop", **flow),
        old("prices", "xgboost", namespace="shop"),
        old("trees", "lightgbm", namespace="shop"),
    ]


def of_model() -> list[dict[str, Any]]:
    """Services as later releases store them."""
    return [
        isvc("iris"),
        isvc("pinned", runtime="kserve-sklearnserver"),
        isvc("rows", protocolVersion="v2"),
        isvc("flow", "tensorflow", namespace="shop"),
        isvc("prices", "xgboost", namespace="shop"),
        isvc("trees", "lightgbm", namespace="shop"),
        isvc("far", namespace="other"),
    ]


def cluster(release: str) -> MemoryCluster:
    """A cluster of 0.7.0, 0.9.0 or 0.15.2 in which everybody was reconciled."""
    reads = release in ("0.7.0", "0.9.0")
    services = of_framework() if reads else of_model()
    kept = [one for one in moving.objects(release) if one["kind"] in ("Namespace", "Deployment")]
    config = upgraded(release, **ENTRIES).config if reads else _config(release)
    runtimes = installed(release, {} if reads else EDITED) if release != "0.7.0" else []
    found = MemoryCluster([*kept, config, *runtimes, *({**KIND, **one} for one in services)])
    reconcile(found)
    return found


def _config(release: str) -> Manifest:
    found = next(one for one in moving.objects(release) if one["kind"] == "ConfigMap")
    return {**found, "data": {"deploy": found["data"]["deploy"]}}


def write_all(folder: Path) -> None:
    """Write three clusters, a checkpoint of that of 0.9.0, and what an upgrade makes of it."""
    for release in ("0.7.0", "0.15.2"):
        _write(cluster(release), folder / f"{release}.json")
    found = cluster("0.9.0")
    _write(found, folder / "0.9.0.json")
    made = make(found, "kserve", "before", "", "")
    text = gzip.decompress(b"".join(made.packed.pieces))
    checkpoint = msgspec.json.decode(text, type=Document)
    told = {"created": "2026-11-23T22:17:04Z", "operator": "ada@host:1:abc", "version": "0.1.0"}
    save(msgspec.structs.replace(checkpoint, **told), folder / "before.json.gz")
    upgrade(found, "0.10.2")
    reconcile(found)
    _write(found, folder / "0.10.2.json")


def _write(found: MemoryCluster, file: Path) -> None:
    """Write a cluster as `kubectl get -o json` does."""
    items = [one for kind in KINDS for one in found.list(*kind, dict)]
    whole = {"apiVersion": "v1", "kind": "List", "items": items}
    file.write_text(json.dumps(whole), encoding="utf-8")
