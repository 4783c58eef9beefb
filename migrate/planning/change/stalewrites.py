"""Telling whether a plan would still write what the same options would have written now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import UNSET, UnsetType

from migrate.kserve import terms
from migrate.objects import Json, ObjectRef, canonical, parts_of, sha256, value_at
from migrate.operations.classify import Standing, classify, parted
from migrate.operations.describe import describe, place_of, shown_value
from migrate.operations.model import Create, Edit, Operation, Patch
from migrate.operations.stale import (
    HIDDEN,
    Difference,
    Look,
    Place,
    field_differences,
    leaves_of,
    shown_leaf,
)
from migrate.planning.model.plan import Plan
from migrate.planning.world.copies import DECIDING

_OTHERWISE = "the same options would write something else now"
_NAMED = 3
"""How many services a difference names."""


def unlike_writes(planned: Plan, fresh: Plan, look: Look) -> Iterator[Difference]:
    """Yield what would be written now and was not planned to, what otherwise, what no more."""
    known = {operation.target: operation for operation in planned.operations}
    for operation in fresh.operations:
        former = known.pop(operation.target, None)
        if former is None:
            text = f"to be written: {operation.reason}"
            yield Difference(operation.target, "", "not to be written", text, "it was not shown")
        else:
            yield from _otherwise(former, operation, look)
    yield from _no_more(known.values(), planned, fresh, look)


def _otherwise(planned: Operation, fresh: Operation, look: Look) -> Iterator[Difference]:
    """Yield how two operations on one object differ; somebody else may have done a part."""
    match planned.change, fresh.change:
        case Create(before), Create(now):
            for path in DECIDING:
                was, found = value_at(before, path), value_at(now, path)
                if was != found:
                    place = Place(fresh.target, path)
                    yield from field_differences(place, leaves_of(was), found, _OTHERWISE)
        case Patch() as before, Patch() as now:
            live = look(fresh.target)
            known = parted(before, live).edits
            for edit in parted(now, live).edits:
                if edit not in known:
                    yield _edited(fresh.target, known, edit)
        case before, now if before != now:
            was, found = describe(planned), describe(fresh)
            yield Difference(fresh.target, "", was, found, _OTHERWISE)


def _edited(target: ObjectRef, known: Iterable[Edit], edit: Edit) -> Difference:
    place = (edit.path, edit.within)
    former = next((one for one in known if (one.path, one.within) == place), None)
    planned = _told(former) if former else "not to be written"
    return Difference(
        *(target, place_of(edit), planned, _told(edit), _OTHERWISE), (Place(target, edit.path),)
    )


def _told(edit: Edit) -> str:
    before, after = (_shown(edit, value) for value in (edit.before, edit.after))
    return after if edit.before is UNSET else f"{before} to become {after}"


def _shown(edit: Edit, value: Json | UnsetType) -> str:
    is_hidden = value is not UNSET and not HIDDEN.isdisjoint(parts_of(edit.path))
    return shown_leaf(sha256(canonical(value))) if is_hidden else shown_value(edit, value)


def _no_more(
    left: Iterable[Operation], planned: Plan, fresh: Plan, look: Look
) -> Iterator[Difference]:
    """Yield the writes that nothing asks for any more, and that somebody would feel."""
    concerned = _concerned(planned, fresh)
    for operation in left:
        is_done = classify(operation, look(operation.target)) is Standing.APPLIED
        if not is_done and (whom := concerned(operation.target)):
            text = f"to be written: {operation.reason}"
            why = f"written all the same, it would act on {_named(whom)}"
            yield Difference(operation.target, "", text, "not to be written any more", why)


def _concerned(planned: Plan, fresh: Plan) -> Callable[[ObjectRef], list[ObjectRef]]:
    """Return what tells who would feel that an object is written.

    A service itself, unless it is where it was to be led. Of a runtime those who were to use it,
    and those who came to its namespace since: nobody has looked what it would be to them.
    """
    former, now = (
        {row.service: row.runtime_after_plan for row in plan.forecast} for plan in (planned, fresh)
    )
    services: defaultdict[ObjectRef | str | None, list[ObjectRef]] = defaultdict(list)
    for ref in now:
        services[former.get(ref, ref.namespace)].append(ref)

    def concerned(target: ObjectRef) -> list[ObjectRef]:
        if target.kind in terms.RUNTIMES:
            return services[target] + services[target.namespace]
        return [target] if target in now and now[target] != former.get(target) else []

    return concerned


def _named(refs: Sequence[ObjectRef]) -> str:
    more = f" and {len(refs) - _NAMED:,} more" if len(refs) > _NAMED else ""
    return ", ".join(map(str, refs[:_NAMED])) + more
