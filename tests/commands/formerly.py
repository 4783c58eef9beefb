"""Clusters in memory after an upgrade, with what they keep of the time before it."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import yaml

from migrate.cluster.memory import MemoryCluster
from migrate.commands.reading import read_snapshot
from migrate.kserve import terms
from migrate.objects import Manifest, ObjectRef, ref_of
from tests.commands.moving import objects
from tests.commands.reconciling import reconcile
from tests.execute.checkpoints import Document
from tests.planning.copies import OVER, SKLEARN, installed

EARLIER, UPGRADE, LATER = (f"2026-11-01T{hour}:00:00Z" for hour in ("08", "10", "12"))
FORMER, NOW = "0.15.2", "0.16.0"
SERVICES = ("team/iris", "team/rows", "other/far")
"""Who is on the runtime that was edited; team/both speaks v2, and is on MLServer."""
MANAGER = {"kind": "Deployment", "name": "kserve-controller-manager", "uid": "m"}


def before(release: str = FORMER) -> MemoryCluster:
    """The cluster with an image set in its runtime for sklearn, and everybody on it."""
    found = MemoryCluster(objects(release))
    reconcile(found)
    return found


def after(*more: Manifest, release: str = NOW) -> MemoryCluster:
    """The cluster once the released manifests have put that runtime back."""
    kept = [one for one in objects(release) if one["kind"] != "ClusterServingRuntime"]
    found = MemoryCluster([*kept, *installed(release, {}), *more])
    reconcile(found)
    return found


def manifests(found: MemoryCluster, kind: str, version: str) -> list[Manifest]:
    return [{"apiVersion": version, "kind": kind, **one} for one in found.list(version, kind, dict)]


def backup(found: MemoryCluster, *kinds: str) -> str:
    """What `kubectl get -o yaml` writes of these kinds, in one list."""
    versions = {
        "ConfigMap": "v1",
        "Namespace": "v1",
        "Deployment": "apps/v1",
        "InferenceService": "serving.kserve.io/v1beta1",
        "ClusterServingRuntime": "serving.kserve.io/v1alpha1",
    }
    every = [one for kind in kinds for one in manifests(found, kind, versions[kind])]
    return yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": every})


def checkpoint(found: MemoryCluster, **more: Any) -> Document:
    """A checkpoint of it, without what services came to: that is resolved again."""
    seen = read_snapshot(found, "kserve", "")
    kinds = ("ServingRuntime", "ClusterServingRuntime")
    alpha, beta = "serving.kserve.io/v1alpha1", "serving.kserve.io/v1beta1"
    fields: dict[str, Any] = {
        "name": "before",
        "created": EARLIER,
        "operator": "o",
        "version": "0.1.0",
        "cluster_uid": seen.cluster_uid,
        "kserve_namespace": "kserve",
        "release": str(seen.release),
        "config": seen.config,
        "runtimes": tuple(one for kind in kinds for one in manifests(found, kind, alpha)),
        "services": tuple(manifests(found, "InferenceService", beta)),
    }
    return Document(**{**fields, **more})


def replica_set(owner: str, image: str, number: int, created: str, **more: Any) -> Manifest:
    """A ReplicaSet of a Deployment; ``owner`` is NAMESPACE/NAME, ``former`` its former numbers."""
    namespace, _, name = owner.partition("/")
    container = "manager" if name == MANAGER["name"] else "kserve-container"
    notes = {"deployment.kubernetes.io/revision": str(number)}
    if former := more.get("former"):
        notes["deployment.kubernetes.io/revision-history"] = former
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name}-{image.rpartition(':')[2].replace('.', '-')}-{number}",
            "namespace": namespace,
            "creationTimestamp": created,
            "annotations": notes,
            "ownerReferences": [{"kind": "Deployment", "name": name, "uid": "d"}],
        },
        "spec": {"template": {"spec": {"containers": [{"name": container, "image": image}]}}},
    }


def revision(service: str, image: str, number: int, created: str) -> Manifest:
    """A Revision of a Knative Service; ``service`` is NAMESPACE/NAME."""
    namespace, _, name = service.partition("/")
    labels = {
        "serving.knative.dev/service": name,
        "serving.knative.dev/configurationGeneration": str(number),
    }
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Revision",
        "metadata": {
            "name": f"{name}-{number:05}",
            "namespace": namespace,
            "creationTimestamp": created,
            "labels": labels,
        },
        "spec": {"containers": [{"name": "kserve-container", "image": image}]},
    }


def controllers(former: str = FORMER, now: str = NOW) -> list[Manifest]:
    """The ReplicaSets of KServe's controller: the upgrade was at UPGRADE."""
    owner, image = f"kserve/{MANAGER['name']}", "kserve/kserve-controller:v"
    return [
        replica_set(owner, f"{image}{former}", 1, EARLIER),
        replica_set(owner, f"{image}{now}", 2, UPGRADE),
    ]


def of_services(image: str = OVER, later: str = "kserve/sklearnserver:v0.16.0") -> list[Manifest]:
    """What the services on that runtime ran before the upgrade, and run since."""
    return [
        one
        for name in SERVICES
        for one in (
            replica_set(f"{name}-predictor", image, 1, EARLIER),
            replica_set(f"{name}-predictor", later, 2, LATER),
        )
    ]


def helm_secret(revision_: int, status: str, at: str, *shown: Manifest, app: str) -> Manifest:
    """A release record as Helm writes it."""
    document = {
        "name": "kserve",
        "version": revision_,
        "info": {"status": status, "last_deployed": at},
        "chart": {"metadata": {"name": "kserve-resources", "version": app, "appVersion": app}},
        "manifest": "".join(f"---\n{yaml.safe_dump(one)}" for one in shown),
    }
    packed = base64.b64encode(gzip.compress(json.dumps(document).encode()))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {
            "name": f"sh.helm.release.v1.kserve.v{revision_}",
            "namespace": "kserve",
            "labels": {"owner": "helm", "name": "kserve", "status": status},
        },
        "data": {"release": base64.b64encode(packed).decode()},
    }


def runtime(release: str, image: str) -> Manifest:
    """The runtime for sklearn of a release, with this image."""
    return next(o for o in installed(release, {SKLEARN: image}) if o["metadata"]["name"] == SKLEARN)


def image_of(found: MemoryCluster, ref: ObjectRef | None = None) -> str:
    """The image of a runtime, of the cluster's for sklearn by default."""
    return str(found.get(ref or ref_of(runtime(NOW, OVER)))["spec"]["containers"][0]["image"])


def annotated(applied: str, at: str) -> Manifest:
    """The patch that leaves what kubectl leaves: what it applied, and when."""
    managed = {"manager": "kubectl-client-side-apply", "time": at, "fieldsV1": {}}
    notes = {terms.LAST_APPLIED: applied}
    return {"metadata": {"annotations": notes, "managedFields": [managed]}}
