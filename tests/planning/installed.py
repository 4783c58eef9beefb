"""A cluster in memory with all that a release ships, as its manifests or its chart do."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from migrate.catalog.predictors import variants_of
from migrate.catalog.runtimes import stock
from migrate.kserve.runtimes import Runtime
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.operations.model import Patch
from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Strategy
from migrate.planning.model.typed import merged, parse_set
from migrate.planning.world.changed import changed
from migrate.planning.world.snapshot import Snapshot
from tests.planning.clusters import snapshot

Mirror = Callable[[str], str]
SKLEARN = "kserve-sklearnserver"
MULTINODE = "kserve-huggingfaceserver-multinode"


def runtimes(release: str, origin: str = "manifest", mirror: Mirror = str) -> dict[str, Manifest]:
    """The ClusterServingRuntimes of one origin by name, their images as the mirror calls them."""
    found = {}
    for one in stock(release):
        for shipped in one.origins:
            if shipped.origin == origin:
                spec = copy.deepcopy(shipped.spec)
                for part in (spec, spec.get("workerSpec", {})):
                    for container in part.get("containers", ()):
                        container["image"] = mirror(container["image"])
                found[one.name] = {
                    "apiVersion": "serving.kserve.io/v1alpha1",
                    "kind": "ClusterServingRuntime",
                    "metadata": {"name": one.name, "annotations": shipped.annotations},
                    "spec": spec,
                }
    return found


def predictors(release: str, mirror: Mirror = str) -> dict[str, Any]:
    """`predictors` as the release's own manifest has it."""
    document: dict[str, Any] = {}
    variant = next((v for v in variants_of(release) if v.rows), None)
    for (format_, key), row in variant.rows.items() if variant else ():
        entry = {"image": mirror(row.image), "defaultImageVersion": row.version}
        if row.gpu_version:
            entry["defaultGpuImageVersion"] = row.gpu_version
        document.setdefault(format_, {}).update({key: entry} if key else entry)
    return document


def cluster(
    *services: Any,
    release: str,
    whole: dict[str, Manifest] | None = None,
    own: tuple[Manifest, ...] = (),
    images: dict[str, str] | None = None,
    said: Any = None,
) -> Snapshot:
    originals = {ref_of(m): m for m in (runtimes(release) if whole is None else whole).values()}
    found = [msgspec.convert(m, Runtime) for m in (*originals.values(), *own)]
    text = said if said is not None else predictors(release) or "{}"
    made = snapshot(*services, release=release, runtimes=found, predictors=text, images=images)
    return replace(made, originals=originals)


def container(runtime: Manifest) -> Manifest:
    first: Manifest = runtime["spec"]["containers"][0]
    return first


def override(runtime: Manifest) -> None:
    """Edit a runtime as somebody does who wants another server, other variables and flags."""
    found = container(runtime)
    found["image"] = "registry.example.com/ml/sklearn:v1"
    found["args"] = [*found["args"], "--workers=2"]
    found["env"] = [{"name": "PREDICT_PROBA", "value": "True"}]
    found["resources"] = {"limits": {"cpu": "8"}}


def copied(runtime: Manifest, namespace: str = "team") -> Manifest:
    """The ServingRuntime of the same name."""
    meta = {**runtime["metadata"], "namespace": namespace}
    return {**copy.deepcopy(runtime), "kind": "ServingRuntime", "metadata": meta}


def reset(found: Snapshot, *sets: str, **options: Any) -> Plan:
    return make_plan(
        found, Options(merged(map(parse_set, sets)), strategy=Strategy.RESET_GLOBAL, **options)
    )


def carried_out(found: Snapshot, made: Plan) -> Snapshot:
    edits = {op.target: op.change.edits for op in made.operations if isinstance(op.change, Patch)}
    return changed(found, edits)


def specs(found: Snapshot) -> dict[str, Any]:
    return {ref.name: manifest["spec"] for ref, manifest in found.originals.items()}


def runtime_ref(name: str = SKLEARN) -> ObjectRef:
    return ObjectRef("serving.kserve.io/v1alpha1", "ClusterServingRuntime", name)


def edited(release: str, origin: str = "manifest") -> dict[str, Manifest]:
    whole = runtimes(release, origin)
    override(whole[SKLEARN])
    return whole


def text_of(made: Plan, code: str) -> str:
    return "\n".join(f.text for f in made.findings if f.code == code)
