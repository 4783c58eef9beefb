"""Clusters in memory with the runtimes that a release ships, some of them overridden."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from migrate.catalog.runtimes import MANIFEST, stock
from migrate.kserve.running import Running
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.kserve.services import InferenceService
from migrate.kserve.shapes import Services
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.operations.model import Create, Wake
from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Strategy
from migrate.planning.model.typed import merged, parse_set
from migrate.planning.world.changed import carried_out
from migrate.planning.world.copies import copy_ref
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of
from tests.planning.clusters import snapshot

RELEASES = ("0.8.0", "0.9.0", "0.11.2", "0.15.2", "0.16.0", "0.20.0")
SKLEARN, MLSERVER, XGB = "kserve-sklearnserver", "kserve-mlserver", "kserve-xgbserver"
OVER = "registry.example.com/ml/sklearnserver:ours"


def isvc(
    name: str, format_: str = "sklearn", *, namespace: str = "team", **model: Any
) -> dict[str, Any]:
    """An InferenceService in the model form, as a manifest."""
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "finalizers": ["inferenceservice.finalizers"],
        },
        "spec": {
            "predictor": {
                "model": {"modelFormat": {"name": format_}, "storageUri": "gs://m/x", **model}
            }
        },
    }


def installed(release: str, images: dict[str, str]) -> list[Manifest]:
    """The ClusterServingRuntimes of the release's manifests, with these images for some."""
    found = []
    for one in stock(release):
        shipped = next((o for o in one.origins if o.origin == MANIFEST), one.origins[0])
        made = msgspec.json.decode(msgspec.json.encode(shipped.spec))
        if one.name in images:
            made["containers"][0]["image"] = images[one.name]
        meta: dict[str, Any] = {"name": one.name}
        if shipped.annotations:
            meta["annotations"] = dict(shipped.annotations)
        found.append(
            {
                "apiVersion": "serving.kserve.io/v1alpha1",
                "kind": "ClusterServingRuntime",
                "metadata": meta,
                "spec": made,
            }
        )
    return found


def cluster(
    release: str,
    *services: dict[str, Any],
    images: dict[str, str] | None = None,
    own: tuple[Manifest, ...] = (),
    ready: bool = True,
) -> Snapshot:
    """A cluster that stands still: each workload is what KServe makes of its service."""
    whole = installed(release, {SKLEARN: OVER} if images is None else images)
    runtimes = [msgspec.convert(each, Runtime) for each in (*whole, *own)]
    records = [msgspec.convert(each, InferenceService) for each in services]
    found = snapshot(*records, release=release, runtimes=runtimes)
    config = {**found.config, "data": {"predictors": "{}"}}
    originals = {ref_of(each): each for each in whole}
    found = replace(found, config=config, originals=originals)
    return reconciled(found) if ready else found


def reconciled(found: Snapshot, *names: str) -> Snapshot:
    """The cluster when KServe has reconciled these services; all of them without any."""
    assert found.rules is not None
    world = world_of(found, found.rules)
    workloads, services = dict(found.workloads), list[InferenceService]()
    for ref in found.services:
        service = found.services[ref]
        got = world.resolved[ref]
        if got.image and (not names or ref.name in names):
            workloads[world.workload(ref)] = Running(got.image)
            told = got.reported
            status = msgspec.structs.replace(
                service.status,
                serving_runtime_name=told.name if told and not told.is_cluster else None,
                cluster_serving_runtime_name=told.name if told and told.is_cluster else None,
            )
            service = msgspec.structs.replace(service, status=status)
        services.append(service)
    return replace(found, services=Services(services), workloads=workloads)


def own(name: str, format_: str = "sklearn", **more: Any) -> Manifest:
    """A ServingRuntime that somebody made by hand."""
    spec = more.pop("spec", {})
    formats = [{"name": format_, "version": "1", "autoSelect": True, "priority": 1}]
    meta = {"name": name, "namespace": "team", "creationTimestamp": "2026-01-01T00:00:00Z"}
    container = {"name": "kserve-container", "image": "x:1", "args": ["--model_name={{.Name}}"]}
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": {**meta, **more},
        "spec": {
            "supportedModelFormats": formats,
            "protocolVersions": ["v1"],
            "containers": [container],
            **spec,
        },
    }


def plan(found: Snapshot, *sets: str, **options: Any) -> Plan:
    """The plan that moves what is set, or what is wanted, into runtimes."""
    wanted = merged(map(parse_set, sets))
    return make_plan(found, Options(wanted, strategy=Strategy.TO_RUNTIMES, **options))


def applied(found: Snapshot, made: Plan) -> Snapshot:
    """The cluster after the plan, when everybody was reconciled who is woken."""
    after = carried_out(found, made.operations)
    runtimes = Runtimes(_settled(each) for each in after.runtimes.everywhere)
    woken = woken_by(made)
    after = replace(after, runtimes=runtimes)
    return reconciled(after, *woken) if woken else after


def _settled(runtime: Runtime) -> Runtime:
    created = runtime.metadata.creation_timestamp
    if created is None or not created.startswith("9999"):
        return runtime
    meta = msgspec.structs.replace(runtime.metadata, creation_timestamp="2026-02-02T00:00:00Z")
    return msgspec.structs.replace(runtime, metadata=meta)


def woken_by(made: Plan) -> list[str]:
    """The names of who is woken, in order."""
    acts = [act for stage in made.apply for act in stage.activations]
    return [act.target.name for act in acts if isinstance(act, Wake)]


def created(made: Plan) -> list[str]:
    """NAMESPACE/NAME of the runtimes that are made."""
    made_ones = [op.target for op in made.operations if isinstance(op.change, Create)]
    return [f"{ref.namespace}/{ref.name}" for ref in made_ones]


def copy(name: str, namespace: str = "team") -> ObjectRef:
    return copy_ref(name, namespace)
