"""The ServingRuntimes that namespaces need after an upgrade from a release that has none.

KServe 0.7 gives services their image from `predictors`, and an upgrade puts that back. From 0.8 on
any write to a service converts it to the ``model`` form, and a runtime decides from then on. So
each service that depends on an image set in `predictors` gets the runtime that it will use then in
its namespace: as that release ships it, with the image of now, or with the one that is wanted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import msgspec

from migrate.errors import UsageError
from migrate.kserve.rules import Rules
from migrate.objects import ObjectRef
from migrate.operations.model import Operation
from migrate.planning.change.conversion import Conversion, keeps_image, targets_of_entries
from migrate.planning.change.copystages import ordered
from migrate.planning.change.expand import Expansion, expand
from migrate.planning.change.pins import model_pins
from migrate.planning.check import checks
from migrate.planning.hold.checks_upgrade import Prepared, upgrade_findings
from migrate.planning.hold.upgrade import Upgrade, upgrade_of
from migrate.planning.model.desired import Options
from migrate.planning.model.exceptions import images_of
from migrate.planning.model.findings import accept
from migrate.planning.model.plan import MOVING, Forecast, ImageRow, Outlook, Stage
from migrate.planning.model.selection import marked, meant
from migrate.planning.model.targets import Target, targets_of
from migrate.planning.stock.depending import dependents
from migrate.planning.stock.images import image_rows
from migrate.planning.stock.mirrors import mirror_of, taken_for_stock
from migrate.planning.stock.reach import judged
from migrate.planning.world.case import Case
from migrate.planning.world.closure import Layers, used
from migrate.planning.world.copies import prepared_for
from migrate.planning.world.forecast import World, forecast
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of


def prepared(snapshot: Snapshot, rules: Rules, options: Options) -> dict[str, Any]:
    """Return the content of a plan for the time after an upgrade; nothing of it can be applied now.

    Raise UsageError or BlockedError where there is none.
    """
    now = world_of(snapshot, rules)
    upgrade = upgrade_of(snapshot, now, options)
    targets = _targets(upgrade, options)
    found, made = _expanded(snapshot, upgrade, options, targets)
    order, stuck = ordered(found, upgrade.written)
    operations = tuple(prepared_for(op, upgrade.release) for op in found.operations)
    stages = _stages(operations, order)
    rows = _rows(snapshot, upgrade, found, options)
    images = _images(snapshot, now)
    written = [operation.target for operation in operations]
    case = Case(
        *(snapshot, now, found.planned, {}, targets, rows, images, written, stages),
        frozenset(found.copies),
        found.carried,
    )
    drifting = replace(case, rows=forecast(now, now, now, snapshot.workloads))
    told = [
        *upgrade_findings(snapshot, made, rows, stuck),
        *checks.run_for_upgrade(case, drifting, options),
    ]
    return {
        "operations": operations,
        "apply": stages,
        "rollback": stages[::-1],
        "images": images,
        "findings": accept(told, options.accept),
        "forecast": rows,
    }


def _targets(upgrade: Upgrade, options: Options) -> tuple[Target, ...]:
    """Return what is wanted of which runtime. Raise UsageError where none takes it."""
    found = targets_of(options.images, upgrade.written.config)
    taken = {target.desired for target in found}
    for image in (each for each in options.images if each not in taken):
        raise UsageError(
            f"{image}: no runtime that KServe {upgrade.release} ships takes it"
            + (": a runtime has one image, with a GPU and without" if image.gpu else ""),
            "--set runtime/NAME=IMAGE takes one by its name",
        )
    return found


def _expanded(
    snapshot: Snapshot, upgrade: Upgrade, options: Options, targets: Sequence[Target]
) -> tuple[Expansion, Prepared]:
    """Return the copies, and for whom they are made."""
    now, written = upgrade.now, upgrade.written
    is_meant = meant(options.selection, now.services.__getitem__)
    depending = (ref for ref in dependents(snapshot, now) if is_meant(ref, used(written, ref)))
    chosen = frozenset(depending)
    own, unlike = targets_of_entries(Conversion(chosen, now, upgrade.snapshot, written))
    kept = frozenset() if options.images else chosen
    lacking = {ref for ref in kept if not keeps_image(now, written, ref)}
    found = expand(upgrade.snapshot, written, options, targets, lacking, own)
    images = images_of(found.carried)
    if options.images:
        unlike = _sharing(unlike, found, images)
    services = chain.from_iterable(found.services.values())
    pinned = model_pins(found.planned, images, services)
    return found, Prepared(upgrade, found, kept, unlike, images.keys(), pinned)


def _sharing(
    unlike: Mapping[str, Sequence[ObjectRef]], found: Expansion, images: Collection[ObjectRef]
) -> dict[str, list[ObjectRef]]:
    """Return those on copies of which settings are wanted, and no image: each keeps its own."""
    keeping = {ref for ref, wanted in found.carried.items() if wanted} - set(images)
    groups = {
        text: [ref for ref in refs if used(found.planned, ref) in keeping]
        for text, refs in unlike.items()
    }
    return {text: refs for text, refs in groups.items() if refs}


def _stages(operations: Sequence[Operation], order: Layers) -> tuple[Stage, ...]:
    at = {operation.target: number for number, operation in enumerate(operations)}
    return tuple(Stage(tuple(sorted(at[ref] for ref in layer))) for layer in order if layer)


def _rows(
    snapshot: Snapshot, upgrade: Upgrade, found: Expansion, options: Options
) -> tuple[Forecast, ...]:
    """Return the lot of every service: see ``Forecast`` for its moments in such a plan."""
    now = upgrade.now
    found_rows = forecast(now, found.planned, upgrade.written, snapshot.workloads)
    rows = (_row(row, upgrade) for row in found_rows)
    return marked(rows, options.selection, now.services.__getitem__)


def _row(row: Forecast, upgrade: Upgrade) -> Forecast:
    """Return a row with the moments of an upgrade.

    Who gets another image by the upgrade, and the former one once it is written, has other pods
    twice.
    """
    between, before = (w.shared(row.service).image for w in (upgrade.after, upgrade.now))
    is_moved = row.outlook in MOVING or between != before
    plain = Outlook.UNCHANGED if row.outlook is Outlook.RUNS_ALREADY else row.outlook
    return msgspec.structs.replace(
        row,
        outlook=Outlook.CHANGES if is_moved and plain in CAN_MOVE else plain,
        after_reconcile=between,
        runtime=used(upgrade.written, row.service),
        rollout=None,
    )


CAN_MOVE = (*MOVING, Outlook.UNCHANGED)


def _images(snapshot: Snapshot, now: World) -> tuple[ImageRow, ...]:
    rows = image_rows(now.predictors, snapshot.release, {})
    return judged(taken_for_stock(rows, mirror_of(rows)), now)
