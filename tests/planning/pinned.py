"""Clusters in memory after writes that pin services, as KServe's webhook lets them be stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec

from migrate.kserve.admission import admitted
from migrate.kserve.containers import lean
from migrate.kserve.services import InferenceService
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Operation, Patch
from migrate.operations.patching import apply_edits
from migrate.planning.back.rollback import Rollback, plan_rollback
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Scope
from migrate.planning.world.changed import carried_out
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of
from tests.planning.copies import cluster, plan, reconciled

SETTLED = {"predictors": "{}", "inferenceService": "{}"}
"""Values with which the annotation ``modelFormat`` stays off the pods."""


def pinning_plan(found: Snapshot, *sets: str, **options: Any) -> Plan:
    """The plan that pins who uses what is set, or wanted."""
    return plan(found, *sets, scope=Scope.SERVICE, **options)


def settled(release: str, *services: dict[str, Any], **more: Any) -> Snapshot:
    """A cluster whose services were all stored by its own webhook."""
    data = {**SETTLED, **more.pop("data", {})}
    found = cluster(release, *services, ready=False, **more)
    found = replace(found, config={**found.config, "data": data})
    assert found.rules is not None
    config = world_of(found, found.rules).config
    stored = [admitted(found.services[ref], config) for ref in found.services]
    return reconciled(replace(found, services=found.services.changed(stored)))


def written(found: Snapshot, operations: Iterable[Operation]) -> Snapshot:
    """The cluster after these writes: of a service, as the webhook stores it."""
    done = list(operations)
    assert found.rules is not None
    config = world_of(found, found.rules).config
    services = [
        admitted(msgspec.convert(_edited(found, one), InferenceService), config)
        for one in done
        if one.target in found.services
    ]
    after = carried_out(found, [one for one in done if one.target not in found.services])
    return replace(after, services=after.services.changed(services))


def _edited(found: Snapshot, operation: Operation) -> Manifest:
    assert isinstance(operation.change, Patch)
    live = live_of(found, operation.target)
    assert live is not None
    return apply_edits(operation.change.edits, live)


def live_of(found: Snapshot, ref: ObjectRef) -> Manifest | None:
    """The object as it is in the cluster."""
    if ref in found.services:
        kind = {"apiVersion": ref.api_version, "kind": ref.kind}
        return {**kind, **lean(msgspec.to_builtins(found.services[ref]))}
    return found.originals.get(ref)


def back_of(found: Snapshot, made: Plan) -> Rollback:
    """The rollback of a plan, as the cluster is now."""
    return plan_rollback(
        made, found, {op.target: live_of(found, op.target) for op in made.operations}
    )


def spec_of(found: Snapshot) -> dict[ObjectRef, object]:
    """What is stored: services and runtimes, without what their status tells."""
    services = {
        ref: (found.services[ref].metadata, found.services[ref].spec) for ref in found.services
    }
    return {**services, **{one.ref: one.spec for one in found.runtimes.everywhere}}


def pods_of(found: Snapshot) -> dict[ObjectRef, object]:
    """What each service gets: image, pods, and the protocol by which its model is asked."""
    assert found.rules is not None
    resolved = world_of(found, found.rules).resolved
    return {ref: _lot(resolved[ref]) for ref in found.services}


def _lot(got: Any) -> object:
    model = got.held.spec.predictor.model if got.held else None
    return (got.image, got.pod, got.workers, model and model.protocol_version, got.verdict)
