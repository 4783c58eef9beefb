"""The plan to change images where they are set: in `predictors` and in ClusterServingRuntimes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from migrate.errors import BlockedError
from migrate.kserve import terms
from migrate.kserve.config import ConfigError
from migrate.kserve.predictors import PredictorsError
from migrate.kserve.rules import Rules
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.operations.model import Edit, Operation, Patch
from migrate.planning import checks
from migrate.planning.activation import stages
from migrate.planning.case import Case
from migrate.planning.changed import Edits, changed
from migrate.planning.checks_reset import doubtful
from migrate.planning.desired import Options
from migrate.planning.findings import accept
from migrate.planning.forecast import World, between, configured, forecast, with_pins
from migrate.planning.images import image_rows, runtime_rows, with_goals
from migrate.planning.mirrors import mirror_of, taken_for_stock
from migrate.planning.pins import repins
from migrate.planning.plan import Forecast, ImageRow, Plan
from migrate.planning.reach import bare, judged, unread
from migrate.planning.reset import reset_of
from migrate.planning.restarts import with_restarts
from migrate.planning.seals import FIELD, seals_of
from migrate.planning.selection import marked, narrowed
from migrate.planning.snapshot import Snapshot
from migrate.planning.targets import Target, edits_of, targets_of
from migrate.planning.wanted import Key, Wanted, edits_for, understand


def make_plan(snapshot: Snapshot, options: Options) -> Plan:
    """Plan what the options ask for. Without images it tells what is, and changes nothing.

    Raise BlockedError (PredictorsError) where the configuration cannot be read, UsageError
    where the options ask for what there is not.
    """
    plan = Plan(
        cluster_uid=snapshot.cluster_uid,
        kserve_namespace=snapshot.namespace,
        release=str(snapshot.release or ""),
        strategy="reset-global" if options.reset_global else "in-place",
        options=options,
    )
    if snapshot.rules is None:
        found = accept([checks.unknown_release(snapshot, options)], options.accept)
        return msgspec.structs.replace(plan, findings=found)
    return msgspec.structs.replace(plan, **_content(snapshot, snapshot.rules, options))


def _content(snapshot: Snapshot, rules: Rules, options: Options) -> dict[str, Any]:
    now = world_of(snapshot, rules)
    wanted = understand(options.images, rules)
    targets = targets_of(options.images, now.config)
    reset = reset_of(snapshot, now.predictors, wanted, targets) if options.reset_global else None
    if reset:
        wanted, targets = reset.wanted, ()
    edits = dict(reset.edits if reset else edits_of(targets, snapshot.originals))
    if wanted and (found := edits_for(FIELD, text_of(snapshot.config), now.predictors, wanted)):
        edits[snapshot.config_ref] = found
    after = changed(snapshot, edits)
    planned = world_of(after, rules) if edits else now
    pins = repins(planned, wanted) if options.repin else {}
    if pins:
        planned = with_pins(planned, {ref: str(edit.after) for ref, edit in pins.items()})
    wanted = {} if reset else wanted
    rows = forecast(now, planned, now, snapshot.workloads)
    rows = marked(rows, options.selection, now.services.__getitem__)
    operations = _operations(snapshot, edits, pins, options)
    images = _images(snapshot, now, wanted, targets)
    if reset:
        images = with_goals(images, planned, snapshot.release)
    asked = _asked(planned, wanted, targets)
    directions = stages(snapshot, operations, rows, between(now, planned), asked, options)
    activations = [a for stage in directions["apply"] for a in stage.activations]
    rows = with_restarts(rows, operations, activations, now)
    written = [operation.target for operation in operations]
    case = Case(snapshot, now, planned, wanted, targets, rows, images, written, activations)
    findings = [*checks.run(case, options), *doubtful(reset.doubts if reset else ())]
    if not options.asks:
        findings = list(narrowed(findings, rows))
        rows = tuple(row for row in rows if not row.outside)
    return {
        "operations": operations,
        **directions,
        "seals": seals_of(snapshot, after, rows, directions["apply"]),
        "images": images,
        "findings": accept(findings, options.accept),
        "forecast": rows,
    }


def _asked(
    planned: World, wanted: Mapping[Key, Wanted], targets: Sequence[Target]
) -> Callable[[Forecast], bool]:
    """Return what tells who gets what is wanted: by `predictors`, or by its runtime."""
    by_key: dict[Key | None, str] = {key: str(one.image) for key, one in wanted.items()}
    by_runtime: dict[ObjectRef | None, str] = {
        target.runtime: target.desired.image for target in targets
    }

    def gets(row: Forecast) -> bool:
        images = (by_key.get(planned.key(row.service)), by_runtime.get(row.runtime_after_plan))
        found = bare(row.after_plan or "")
        return any(image is not None and found == bare(image or found) for image in images)

    return gets


def _images(
    snapshot: Snapshot, now: World, wanted: Mapping[Key, Wanted], targets: Sequence[Target]
) -> tuple[ImageRow, ...]:
    """Return what is set globally, whom it reaches, and what is set in vain."""
    rows = (
        *image_rows(now.predictors, snapshot.release, wanted),
        *runtime_rows(now.config, snapshot.release, targets),
    )
    text = (snapshot.config.get("data") or {}).get(terms.PREDICTORS_KEY)
    idle = unread(text, now.predictors)
    mirror = mirror_of([*rows, *idle])
    return (*judged(taken_for_stock(rows, mirror), now), *taken_for_stock(idle, mirror))


def world_of(snapshot: Snapshot, rules: Rules) -> World:
    """Return the services of the snapshot under its configuration.

    Raise BlockedError (PredictorsError) where it cannot be decoded.
    """
    config = snapshot.config
    try:
        if rules.predictors_read:
            text_of(config)
        world = configured(snapshot, rules)
        if isinstance(world.config.predictors, PredictorsError):
            raise world.config.predictors
    except (PredictorsError, ConfigError) as error:
        fails = "; KServe cannot read it either, and reconciles no service"
        raise BlockedError(
            f"{ref_of(config)}: {error.message}{fails if error.fault.go_fails else ''}",
            f"kubectl edit configmap -n {snapshot.namespace} {terms.CONFIG_MAP}",
        ) from error
    return world


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
    edits: Edits,
    pins: Mapping[ObjectRef, Edit],
    options: Options,
) -> tuple[Operation, ...]:
    """Return the global ones first: a service that is written to wakes, and must find it done."""
    what = _reason(snapshot, options)
    order = sorted(edits, key=lambda ref: (ref != snapshot.config_ref, ref.place))
    written = [Operation(ref, Patch(edits[ref]), what) for ref in order]
    services = sorted(pins, key=lambda ref: ref.place)
    moved = [Operation(ref, Patch((pins[ref],)), "move its pin along") for ref in services]
    return (*written, *moved)


def _reason(snapshot: Snapshot, options: Options) -> str:
    settings = [f for f in ("image", "env", "args") if any(getattr(i, f) for i in options.images)]
    listed = " and ".join(filter(None, (", ".join(settings[:-1]), *settings[-1:])))
    given = f"set the {listed} of {', '.join(map(str, options.images))}" if settings else ""
    stock = f"as KServe {snapshot.release} ships it" if options.reset_global else ""
    return "; ".join(filter(None, (stock, given)))
