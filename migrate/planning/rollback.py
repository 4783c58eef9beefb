"""Planning the way back: from the record and the live cluster, not from the record alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import UNSET

from migrate.errors import BlockedError
from migrate.objects import ObjectRef, ref_of
from migrate.operations.classify import Standing, standing_of
from migrate.operations.model import Edit, Patch, Wave
from migrate.operations.patching import apply_edits
from migrate.planning import findings as codes
from migrate.planning.findings import finding
from migrate.planning.forecast import World, forecast, with_pins
from migrate.planning.in_place import conditions, restart_of, world_of
from migrate.planning.plan import Direction, Finding, Forecast, Plan
from migrate.planning.snapshot import Snapshot


class Rollback(msgspec.Struct, frozen=True):
    """What a rollback will do, and where it leads: ``after_plan`` is the way it ends."""

    waves: tuple[Wave, ...]
    forecast: tuple[Forecast, ...]
    findings: tuple[Finding, ...]


def plan_rollback(plan: Plan, snapshot: Snapshot) -> Rollback:
    """Resolve all services again: they may have come, gone, or been changed since the run.

    Raise BlockedError where the release cannot be told, or does not read `predictors`.
    """
    rules = snapshot.rules
    if rules is None or not rules.predictors_read:
        raise BlockedError(
            f"KServe {snapshot.release or '(release unknown)'} runs now; the run was made under "
            f"{plan.release}, and what it changed is not read any more",
            "bring the former release back first, or give --kserve-version",
        )
    now = world_of(snapshot, snapshot.config, rules)
    back = _back(plan, snapshot, now)
    rows = forecast(now, back, back, snapshot.images)
    return Rollback(_waves(plan, snapshot, rows), rows, tuple(_findings(plan, rows, back)))


def _back(plan: Plan, snapshot: Snapshot, now: World) -> World:
    """Return the world after the rollback: what is still ours goes back, the rest stays."""
    config, pins = snapshot.config, {}
    for wave in plan.waves(Direction.ROLLBACK):
        for operation in wave.operations:
            assert isinstance(operation.change, Patch)
            if operation.target == ref_of(config):
                edits = operation.change.edits
                ours = [e for e in edits if standing_of(e, config) is Standing.PENDING]
                config = apply_edits(ours, config)
            elif operation.target in now.services:
                pins[operation.target] = operation.change.edits[0]
    moved = {ref: _pin(edit) for ref, edit in pins.items() if _is_ours(now, ref, edit)}
    return with_pins(world_of(snapshot, config, now.rules), moved)


def _is_ours(now: World, ref: ObjectRef, edit: Edit) -> bool:
    """Tell whether the pin is still the one that the run wrote."""
    found = now.pin(ref)
    return found == _before(edit)


def _before(edit: Edit) -> str | None:
    return None if edit.before is UNSET else str(edit.before)


def _pin(edit: Edit) -> str | None:
    return None if edit.after is UNSET else str(edit.after)


def _waves(plan: Plan, snapshot: Snapshot, rows: Sequence[Forecast]) -> tuple[Wave, ...]:
    """Return the planned order, with the controller and the conditions of today."""
    restarts, rolled_out = restart_of(snapshot)
    awaited = conditions(rows, {row.service: row.after_plan for row in rows})
    waves = plan.waves(Direction.ROLLBACK)
    return tuple(
        Wave(
            wave.operations,
            restarts if wave.activations else (),
            (*rolled_out, *awaited) if wave is waves[-1] else (),
        )
        for wave in waves
    )


def _findings(plan: Plan, rows: Sequence[Forecast], back: World) -> Iterator[Finding]:
    """Tell who does not return to where he was."""
    former = {row.service: row for row in plan.forecast}
    new = [r for r in rows if r.service not in former and r.service in _users(plan, back)]
    for image in sorted({row.after_plan or "" for row in new}):
        alike = [row.service for row in new if row.after_plan == image]
        text = f"created since the run; after the rollback they get {image or 'no image'}"
        fix = "their pin is spec.predictor.<framework>.runtimeVersion; set it where it is wrong"
        yield finding(codes.NEW_SERVICES, text, fix, alike)
    for row in rows:
        was = former.get(row.service)
        if was is not None and was.now not in (None, row.after_plan) and row.after_plan is not None:
            text = f"ran {was.now} before the run, will run {row.after_plan}"
            yield finding(codes.NOT_AS_BEFORE, text, objects=[row.service])


def _users(plan: Plan, back: World) -> set[ObjectRef]:
    """Return the services that get their image from an entry which the run changed."""
    formats = {image.format for image in plan.options.images}
    return {ref for key, users in back.users.items() if key[0] in formats for ref in users}
