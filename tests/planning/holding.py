"""Plans that hold images across an upgrade, and the clusters that they and the upgrade leave."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from migrate.kserve.admission import admitted
from migrate.kserve.releases import parse_release
from migrate.kserve.services import FormKind, InferenceService, form_of
from migrate.kserve.shapes import Services
from migrate.objects import ObjectRef
from migrate.operations.model import Convert, Patch
from migrate.operations.patching import apply_edits
from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Strategy
from migrate.planning.stock.upgraded import upgraded
from migrate.planning.world.changed import carried_out
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of


def holding(found: Snapshot, target: str, **options: Any) -> Plan:
    """The plan that holds images across the upgrade to a release."""
    return make_plan(found, Options(strategy=Strategy.HOLD, target=target, **options))


def done(found: Snapshot, made: Plan) -> Snapshot:
    """The cluster as the writes of the plan leave it, each on the object as it is stored."""
    assert found.rules is not None
    config = world_of(found, found.rules).config
    edits = {op.target: op.change.edits for op in made.operations if isinstance(op.change, Patch)}
    converted = {act.target for act in made.activations if isinstance(act, Convert)}
    services = []
    for ref in found.services:
        whole = msgspec.to_builtins(found.services[ref])
        service = msgspec.convert(apply_edits(edits.get(ref, ()), whole), InferenceService)
        services.append(admitted(service, config) if ref in converted else service)
    copies = [op for op in made.operations if op.target not in found.services]
    return replace(carried_out(found, copies), services=Services(services))


def later(found: Snapshot, *releases: str) -> World:
    """The cluster after upgrades to these releases, one after the other."""
    for release in releases:
        found = upgraded(found, parse_release(release))
    assert found.rules is not None
    return world_of(found, found.rules)


def written(world: World) -> World:
    """The world with every service in the framework form written since."""
    services = [world.services[ref] for ref in world.services]
    found = [
        admitted(one, world.config) if form_of(one).kind is FormKind.FRAMEWORK else one
        for one in services
    ]
    return replace(world, services=Services(found))


def images(world: World) -> dict[str, str | None]:
    """The image of each service, by its name."""
    return {ref.name: world.resolved[ref].image for ref in world.services}


def edits(made: Plan) -> dict[str, dict[str, object]]:
    """What is written into each service, by the last parts of the paths."""
    return {
        op.target.name: {edit.path.rpartition("/")[2]: edit.after for edit in op.change.edits}
        for op in made.operations
        if isinstance(op.change, Patch)
    }


def named(made: Plan, *codes: str) -> set[ObjectRef]:
    """The services of the findings with these codes."""
    found = (one for one in made.findings if one.code in codes)
    return {ref for one in found for ref in one.objects}
