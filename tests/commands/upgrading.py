"""A cluster in memory that is upgraded, and a process that is killed before one of its writes."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import JsonPatch
from migrate.commands.reading import read_snapshot
from migrate.execute import record
from migrate.kserve.releases import parse_release
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.planning.model.plan import Plan
from migrate.planning.stock.upgraded import upgraded
from migrate.planning.world.worlds import world_of
from tests.commands.moving import apply, objects, planned

MANAGER = ObjectRef("apps/v1", "Deployment", "kserve-controller-manager", "kserve")
CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")


class Killed(BaseException):
    """The process ends."""


class Mortal(MemoryCluster):
    """A cluster whose client is killed right before one of its writes; ``left`` counts down."""

    left = 10**6

    def create(self, manifest: Manifest) -> Manifest:
        self._count()
        return super().create(manifest)

    def patch(
        self, ref: ObjectRef, patch: JsonPatch | Manifest, *, subresource: str = ""
    ) -> Manifest:
        self._count()
        return super().patch(ref, patch, subresource=subresource)

    def delete(self, ref: ObjectRef, *, uid: str, resource_version: str) -> None:
        self._count()
        super().delete(ref, uid=uid, resource_version=resource_version)

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


def upgrade(found: MemoryCluster, release: str) -> None:
    """Apply the released manifests: `predictors`, the runtimes of the cluster, the controller."""
    after = upgraded(read_snapshot(found, "kserve", ""), parse_release(release))
    run_release(found, release)
    found.patch(CONFIG, {"data": after.config["data"]})
    for ref, manifest in after.originals.items():
        if ref.kind == "ClusterServingRuntime":
            put(found, manifest)


def put(found: MemoryCluster, manifest: Manifest) -> None:
    """Write an object whole."""
    ref = ref_of(manifest)
    known = {ref_of(each) for each in found.list(ref.api_version, ref.kind, dict)}
    if ref not in known:
        found.create(manifest)
    else:
        found.patch(ref, {"spec": None})
        found.patch(ref, {"spec": manifest["spec"]})


def run_release(found: MemoryCluster, release: str) -> None:
    """Have another controller run."""
    container = {"name": "manager", "image": f"kserve/kserve-controller:v{release}"}
    found.patch(MANAGER, {"spec": {"template": {"spec": {"containers": [container]}}}})


def stopped(release: str, at: int, *sets: str, **options: Any) -> tuple[Mortal, Plan]:
    """A run whose process was killed before its write of that number, and its plan."""
    found = Mortal(objects(release))
    made = planned(found, *sets, **options)
    found.left = at
    with suppress(Killed):
        apply(found, made)
    found.left = 10**6
    return found, made


def begun(release: str, number: int, *sets: str) -> Mortal:
    """A run that was killed when it had made so many copies."""
    for at in range(1, 40):
        found, _ = stopped(release, at, *sets)
        if is_begun(found) and len(copies(found)) == number:
            return found
    raise AssertionError(number)


def is_begun(found: MemoryCluster) -> bool:
    """Whether a run is recorded that is not at its end."""
    known = record.runs(found, "kserve")
    return bool(known) and not known[-1].finished


def gets(found: MemoryCluster) -> dict[str, str | None]:
    """The image that each service gets at its next reconcile."""
    seen = read_snapshot(found, "kserve", "")
    assert seen.rules is not None
    world = world_of(seen, seen.rules)
    return {ref.name: world.shared(ref).image for ref in world.services}


def copies(found: MemoryCluster) -> dict[str, str]:
    """The image of each runtime of a namespace."""
    every = found.list("serving.kserve.io/v1alpha1", "ServingRuntime", dict)
    return {
        f"{one['metadata']['namespace']}/{one['metadata']['name']}": one["spec"]["containers"][0][
            "image"
        ]
        for one in every
    }
