"""Workloads: the image that runs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.workloads import (
    Deployment,
    KnativeService,
    StatefulSet,
    Workload,
    running_image,
)
from migrate.objects import ObjectRef

NAME = "kserve-controller-manager"


def workload(
    kind: type[Workload] = Deployment,
    replicas: int | None = 1,
    name: str = NAME,
    **containers: str | None,
) -> Workload:
    named = [{"name": n.replace("_", "-"), "image": i} for n, i in containers.items()]
    spec: dict[str, Any] = {"template": {"spec": {"containers": named}}, "replicas": replicas}
    return msgspec.convert({"metadata": {"name": name, "namespace": "kserve"}, "spec": spec}, kind)


def controller(kind: type[Workload], replicas: int | None, tag: str = "v0.9.0") -> Workload:
    return workload(kind, replicas, kube_rbac_proxy="proxy:1", manager=f"kserve/controller:{tag}")


@pytest.mark.parametrize("name", ["kserve_container", "kfserving_container"])
@pytest.mark.parametrize("kind", [KnativeService, Deployment])
def test_the_model_runs_in_a_container_of_either_name(kind: type[Workload], name: str) -> None:
    containers: dict[str, Any] = {"queue_proxy": "q:1", name: "kserve/sklearnserver:v0.7.0"}
    assert running_image(workload(kind, **containers)) == "kserve/sklearnserver:v0.7.0"


def test_no_image_runs_where_the_container_or_its_image_is_missing() -> None:
    assert running_image(workload(mine="q:1")) is None
    assert running_image(workload(kserve_container=None)) is None
    assert running_image(msgspec.convert({"metadata": {"name": "x"}}, KnativeService)) is None


def test_a_workload_knows_its_reference() -> None:
    refs = [str(controller(kind, 1).ref) for kind in (KnativeService, Deployment, StatefulSet)]
    assert refs == [f"{kind} kserve/{NAME}" for kind in ("Service", "Deployment", "StatefulSet")]
    version = "serving.knative.dev/v1"
    assert controller(KnativeService, 1).ref == ObjectRef(version, "Service", NAME, "kserve")


def test_reads_what_the_api_server_writes() -> None:
    deployment = msgspec.json.decode(
        b"""{"metadata": {"name": "d", "creationTimestamp": null, "labels": null,
        "ownerReferences": [{"apiVersion": "v1", "kind": "InferenceService", "name": "s",
        "uid": "u", "controller": true}]}, "status": {"replicas": 2, "readyReplicas": 1}}""",
        type=Deployment,
    )
    assert (deployment.status.replicas, deployment.status.ready_replicas) == (2, 1)
    assert [o.uid for o in deployment.metadata.owner_references or ()] == ["u"]
    assert deployment.spec.replicas is None
