"""Telling whether the cluster is still the one that a plan was made for, and what is not.

What does not matter is passed over: other keys of the ConfigMap, services that have gone, that
moved by themselves to where the plan leads, or that it neither moved nor would move.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from migrate.objects import ObjectRef, value_at
from migrate.operations.stale import Difference, Look, Place, field_differences
from migrate.planning.change.stalewrites import unlike_writes
from migrate.planning.model.plan import Finding, Forecast, Outlook, Plan
from migrate.planning.world.seals import is_broken, why

PREDICTOR = "/spec/predictor"
LOST = (Outlook.BROKEN, Outlook.CANNOT_TELL)


def differences(plan: Plan, fresh: Plan, look: Look) -> list[Difference]:
    """Return what is not as planned, causes first.

    ``fresh`` is the plan made anew with the same options; ``look`` gives sealed objects.
    """
    return [*broken_seals(plan, look), *surprises(plan, fresh, look)]


def broken_seals(plan: Plan, look: Look) -> Iterator[Difference]:
    """Yield what of the sealed fields is neither as before the plan nor as after it."""
    for seal in plan.seals:
        live = look(seal.target)
        if is_broken(seal, live):
            place, found = Place(seal.target, seal.path), value_at(live, seal.path)
            yield from field_differences(place, seal.leaves, found, why(plan, seal))


def surprises(planned: Plan, fresh: Plan, look: Look) -> Iterator[Difference]:
    """Yield what the same options would do now otherwise than planned."""
    known = {row.service: row for row in planned.forecast}
    pending = {operation.target for operation in fresh.operations}
    for row in fresh.forecast:
        former = known.get(row.service)
        if matters := _matters(former, row, is_pending=row.runtime_after_plan in pending):
            yield _service(former, row, matters)
    yield from unlike_writes(planned, fresh, look)
    yield from map(blocking, fresh.blocking)


def _matters(planned: Forecast | None, fresh: Forecast, *, is_pending: bool) -> str:
    """Say why it matters that a service is not as planned; empty where it does not.

    ``is_pending`` tells whether its runtime is still to be edited.
    """
    if planned is None:
        return "it came since, and would get new pods" if fresh.restarts else ""
    if fresh.restarts and not planned.restarts:
        return "it was not to change"
    if planned.restarts:
        return _unlike(planned, fresh, is_pending=is_pending)
    if fresh.outlook in LOST and planned.outlook != fresh.outlook and _lot(planned) != _lot(fresh):
        return "it cannot be reconciled any more"
    return "" if planned.workload == fresh.workload else "it would get another workload"


def _unlike(planned: Forecast, fresh: Forecast, *, is_pending: bool) -> str:
    """Say what of its lot is not as planned; one that has moved already may be on any way."""
    if planned.after_plan != fresh.after_plan:
        return "it would not get the image that the plan tells"
    if is_pending and not set(planned.settings) <= set(fresh.settings):
        return "it would not get the variables and flags that the plan tells"
    if not fresh.restarts:
        return ""
    if planned.runtime_after_plan != fresh.runtime_after_plan:
        return "another runtime decides about it than the plan tells"
    if planned.workload != fresh.workload:
        return "it would get another workload"
    is_more = not _changes(fresh) <= _changes(planned)
    return "more of its container changes than the plan tells" if is_more else ""


def _changes(row: Forecast) -> set[str]:
    return {*row.changes, *row.settings}


def _lot(row: Forecast) -> tuple[object, ...]:
    return (row.after_plan, row.runtime_after_plan, row.workload)


def _service(planned: Forecast | None, fresh: Forecast, matters: str) -> Difference:
    places = [Place(fresh.service, PREDICTOR)]
    before, after = (row.runtime_after_plan if row else None for row in (planned, fresh))
    if after is not None and before != after:
        places.append(Place(after, "/spec"))
    former = _told(planned) if planned else "there was no such service"
    return Difference(fresh.service, "", former, _told(fresh), matters, tuple(places))


def _told(row: Forecast) -> str:
    """Say what a service gets, and as far as is told, from where."""
    image = row.after_plan or row.outlook.value
    parts = (str(row.runtime_after_plan or ""), row.reason, str(row.workload or ""))
    what = dict.fromkeys((*row.changes, *row.settings))
    changed = f", changed: {', '.join(what)}" if what else ""
    return f"would get {image}{changed} ({'; '.join(part for part in parts if part)})"


def blocking(finding: Finding) -> Difference:
    """Return a finding that blocks as what is not as planned."""
    target = next(chain(finding.objects), None)
    named = target or ObjectRef("", "finding", finding.code)
    return Difference(named, finding.code, "no such finding", finding.text, "it blocks the plan")
