"""A run in memory that has begun, and what it is to write."""

from __future__ import annotations

from typing import Any

from migrate.cluster.memory import MemoryCluster
from migrate.execute import record
from migrate.execute.engine import Engine
from migrate.execute.events import Event
from migrate.execute.lease import Lease
from migrate.execute.run import Head, Run
from migrate.objects import Manifest, ObjectRef, ref_of, sha256
from migrate.operations.model import (
    Create,
    Direction,
    Edit,
    Operation,
    Patch,
    Wave,
)
from tests.execute.clock import FakeClock
from tests.execute.counting import CountingCluster

RUNTIME, SERVING = "serving.kserve.io/v1alpha1", "serving.kserve.io/v1beta1"
RUNTIMES = "ServingRuntime"
CONFIG = ObjectRef("v1", "ConfigMap", "config", "kserve")
PATIENCE = 10
"""Seconds after which a barrier that is never full ends the test."""


def copy(number: int) -> Manifest:
    meta = {"name": "sklearn", "namespace": f"team-{number:04d}"}
    kind = {"apiVersion": RUNTIME, "kind": "ServingRuntime"}
    return {**kind, "metadata": meta, "spec": {"containers": [{"name": "c", "image": "i"}]}}


def creates(count: int) -> tuple[Operation, ...]:
    made = [copy(number) for number in range(count)]
    return tuple(Operation(ref_of(one), Create(one), "") for one in made)


EDIT = Operation(CONFIG, Patch((Edit("/data/k", "a", "b"),)), "")


def service(number: int) -> Manifest:
    meta = {"name": f"iris-{number}", "namespace": "team"}
    return {"apiVersion": SERVING, "kind": "InferenceService", "metadata": meta, "spec": {}}


def a_cluster(*more: Manifest) -> CountingCluster:
    meta = {"name": CONFIG.name, "namespace": CONFIG.namespace}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": "a"}}
    return CountingCluster(MemoryCluster([config, *more]))


class World:
    """A run that has begun, and the engine for it."""

    def __init__(
        self, cluster: CountingCluster, workers: int = 3, clock: FakeClock | None = None
    ) -> None:
        self.cluster, self.events = cluster, list[Event]()
        clock = clock or FakeClock()
        self.lease = Lease(cluster, "kserve", f"holder {id(self)}", clock)
        self.engine = Engine(cluster, self.lease, clock, self.events.append, 60, False, workers)
        self.lease.acquire(lambda _: None)
        runs = record.runs(cluster, "kserve")
        self.run = runs[-1] if runs else self._begun()

    def _begun(self) -> Run:
        head = Head("r", sha256(b"plan"), 1, "t", "o", "v", "s")
        first = self.engine.entry("started", Direction.APPLY)
        return record.create(self.cluster, "kserve", head, b"plan", first)

    def go(self, *waves: Wave, direction: Direction = Direction.APPLY) -> None:
        self.engine.preflight(waves)
        self.run = self.engine.execute(self.run, direction, waves)

    def told(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]
