"""A plan that brings former images back, and the proof in it: what each service ran, and will."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec
from msgspec import UNSET

from migrate.objects import ObjectRef
from migrate.planning.former.checks_former import Lot, findings_of, why_not
from migrate.planning.former.former import Former, WantedBack, Way
from migrate.planning.former.wantedback import wanted_back
from migrate.planning.hold.make import make_plan
from migrate.planning.model.codes import PINNED
from migrate.planning.model.desired import Options
from migrate.planning.model.findings import accept
from migrate.planning.model.plan import Finding, Forecast, Plan
from migrate.planning.world.snapshot import Snapshot


def bring_back(snapshot: Snapshot, options: Options, former: Former) -> Plan:
    """Plan what brings the former images back.

    Raise BlockedError (PredictorsError) where the configuration cannot be read, UsageError where
    the options ask for what there is not.
    """
    if snapshot.rules is None or not options.former:
        return make_plan(snapshot, options)
    wish = wanted_back(former, snapshot, options)
    asked = msgspec.structs.replace(options.former, predictors=wish.alone)
    wanted = msgspec.structs.replace(options, images=wish.images, former=asked)
    made = _made(snapshot, wanted)
    is_all = options.former.with_stock
    entries = {way.former.entry for way in wish.ways if is_all or _has_image(way)}
    rows = tuple(_with_former(row, former, entries) for row in made.forecast)
    made = msgspec.structs.replace(made, forecast=rows)
    found = findings_of(former, wish.ways, made, snapshot, _lots(former, wish, made))
    others = _without_restored(made)
    return msgspec.structs.replace(made, findings=(*accept(found, options.accept), *others))


def _has_image(way: Way) -> bool:
    """Tell whether it is about an image, and not about variables and flags alone."""
    return not way.former.has_stock_image or any(wish.image for wish in way.wishes)


def _without_restored(made: Plan) -> Iterator[Finding]:
    """Yield what the plan found, without pins that give services just what they ran before."""
    restored = {row.service for row in made.forecast if row.former == row.after_plan}
    for one in made.findings:
        left = tuple(ref for ref in one.objects if ref not in restored)
        if one.code != PINNED:
            yield one
        elif left:
            yield msgspec.structs.replace(one, objects=left, fix="")


def _made(snapshot: Snapshot, wanted: Options) -> Plan:
    """Return the plan. Without a wish it is that of somebody who asks for nothing.

    But who has no image until it is written is written, if that is asked for.
    """
    if wanted.images or wanted.convert:
        return make_plan(snapshot, wanted)
    plain = Options(
        selection=wanted.selection, accept=wanted.accept, kserve_version=wanted.kserve_version
    )
    made = make_plan(snapshot, plain)
    return msgspec.structs.replace(made, options=wanted, strategy=wanted.strategy.value)


def _with_former(row: Forecast, former: Former, entries: Collection[str]) -> Forecast:
    found = former.by_service.get(row.service)
    is_wanted = found is not None and (found.is_set or found.entry in entries)
    told = found.image if found is not None and is_wanted and not row.outside else UNSET
    return msgspec.structs.replace(row, former=told)


def _lots(former: Former, wish: WantedBack, made: Plan) -> Mapping[ObjectRef, Lot]:
    """Return what becomes of each service that ran something before, and is in the plan."""
    ways = {way.former.entry: way for way in wish.ways}
    found = {}
    for row in made.forecast:
        was = former.by_service.get(row.service)
        if was is not None and not row.outside:
            way = ways.get(was.entry)
            found[row.service] = Lot(was, row, why_not(was, row, way, made))
    return found
