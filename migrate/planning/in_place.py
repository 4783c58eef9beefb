"""The plan to change the images in `predictors` where they are: in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from migrate.errors import BlockedError
from migrate.kserve import terms
from migrate.kserve.config import ConfigError
from migrate.kserve.predictors import PredictorsError
from migrate.kserve.rules import Rules
from migrate.objects import Manifest, ObjectRef, pointer, ref_of, sha256
from migrate.operations.model import Activation, Edit, Holds, Operation, Patch, Restart, RolledOut
from migrate.operations.patching import apply_edits
from migrate.planning import checks
from migrate.planning.desired import Options
from migrate.planning.findings import accept
from migrate.planning.forecast import World, forecast, with_pins
from migrate.planning.images import image_rows
from migrate.planning.pins import repins
from migrate.planning.plan import MOVING, Forecast, Plan, Seal, Stage
from migrate.planning.snapshot import Snapshot
from migrate.planning.wanted import Key, Wanted, edits_for, understand

FIELD = pointer("data", terms.PREDICTORS_KEY)
IMAGE_PATH = "/spec/template/spec/containers/name=kserve-container/image"


def make_plan(snapshot: Snapshot, options: Options) -> Plan:
    """Plan what the options ask for. Without images it tells what is, and changes nothing.

    Raise BlockedError (PredictorsError) where the configuration cannot be read, UsageError
    where the options ask for what there is not.
    """
    plan = Plan(
        cluster_uid=snapshot.cluster_uid,
        kserve_namespace=snapshot.namespace,
        release=str(snapshot.release or ""),
        options=options,
    )
    rules = snapshot.rules
    if rules is None or not rules.predictors_read:
        found = accept([checks.unreadable(snapshot, options)], options.accept)
        return msgspec.structs.replace(plan, findings=found)
    return msgspec.structs.replace(plan, **_content(snapshot, rules, options))


def _content(snapshot: Snapshot, rules: Rules, options: Options) -> dict[str, Any]:
    now = world_of(snapshot, snapshot.config, rules)
    wanted = understand(options.images, rules)
    edits = edits_for(FIELD, text_of(snapshot.config), now.predictors, wanted)
    planned = world_of(snapshot, apply_edits(edits, snapshot.config), rules)
    pins = repins(planned, wanted) if options.repin else {}
    planned = with_pins(planned, {ref: str(edit.after) for ref, edit in pins.items()})
    rows = forecast(now, planned, now, snapshot.images)
    operations = _operations(snapshot, edits, pins, wanted)
    directions = _directions(snapshot, operations, rows, is_wanted=bool(wanted))
    case = checks.Case(snapshot, now, planned, wanted, rows)
    return {
        "operations": operations,
        **directions,
        "seals": _seals(snapshot.config, edits) if directions["apply"] else (),
        "images": image_rows(now.predictors, snapshot.release, wanted),
        "findings": accept(checks.run(case, options), options.accept),
        "forecast": rows,
    }


def world_of(snapshot: Snapshot, config: Manifest, rules: Rules) -> World:
    """Return the services of the snapshot under that configuration.

    Raise BlockedError (PredictorsError) where it cannot be decoded.
    """
    data = config.get("data") or {}
    services = {service.ref: service for service in snapshot.services}
    try:
        text_of(config)
        found = snapshot.config_of(data, rules)
        if isinstance(found.predictors, PredictorsError):
            raise found.predictors
        return World(found, services)
    except (PredictorsError, ConfigError) as error:
        fails = "; KServe cannot read it either, and reconciles no service"
        raise BlockedError(
            f"{ref_of(config)}: {error.message}{fails if error.fault.go_fails else ''}",
            f"kubectl edit configmap -n {snapshot.namespace} {terms.CONFIG_MAP}",
        ) from error


def text_of(config: Manifest) -> str:
    """Return `predictors` of a ConfigMap. Raise BlockedError where it has none."""
    value = (config.get("data") or {}).get(terms.PREDICTORS_KEY)
    if value is None:
        raise BlockedError(
            f"{ref_of(config)}: expected a key predictors in its data, found "
            + (", ".join(sorted(config.get("data") or {})) or "none"),
            "KServe up to 0.9 cannot work without it: put it back from the release's manifest",
        )
    return str(value)


def _operations(
    snapshot: Snapshot,
    edits: tuple[Edit, ...],
    pins: Mapping[ObjectRef, Edit],
    wanted: Mapping[Key, Wanted],
) -> tuple[Operation, ...]:
    """Return the ConfigMap first: a service that is written to wakes, and must find it done."""
    what = "set the image of " + ", ".join(w.entry for w in wanted.values())
    config = [Operation(ref_of(snapshot.config), Patch(edits), what)] if edits else []
    services = sorted(pins, key=lambda ref: ref.place)
    moved = [Operation(ref, Patch((pins[ref],)), "move its pin along") for ref in services]
    return (*config, *moved)


def _directions(
    snapshot: Snapshot,
    operations: tuple[Operation, ...],
    rows: Sequence[Forecast],
    *,
    is_wanted: bool,
) -> dict[str, tuple[Stage, ...]]:
    """Return the stages of both directions: all writes, the restart, the wait."""
    if not is_wanted or not (operations or any(row.outlook in MOVING for row in rows)):
        return {"apply": (), "rollback": ()}
    restarts, rolled_out = restart_of(snapshot)
    order = tuple(range(len(operations)))
    awaited = tuple(conditions(rows))
    return {
        "apply": (Stage(order, restarts, (*rolled_out, *awaited)),),
        "rollback": (Stage(order, restarts, rolled_out),),
    }


def restart_of(snapshot: Snapshot) -> tuple[tuple[Activation, ...], tuple[RolledOut, ...]]:
    """Return the restart of the controller, and the wait for it."""
    restarts = tuple(Restart(ref) for ref in snapshot.controllers)
    return restarts, tuple(RolledOut(ref) for ref in snapshot.controllers)


def conditions(rows: Sequence[Forecast]) -> list[Holds]:
    """Return the wait for each workload whose image will be another than it is now."""
    return [
        Holds(row.workload, IMAGE_PATH, row.after_plan, row.service)
        for row in rows
        if row.outlook in MOVING and row.workload and row.now and row.after_plan
    ]


def _seals(config: Manifest, edits: tuple[Edit, ...]) -> tuple[Seal, ...]:
    """Seal `predictors` also where it is not edited: everybody follows it at the restart."""
    before, after = text_of(config), text_of(apply_edits(edits, config))
    return (Seal(ref_of(config), FIELD, sha256(before), sha256(after)),)
