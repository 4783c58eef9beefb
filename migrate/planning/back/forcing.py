"""Taking back what others changed since a run, where a person says so, field by field.

A forced field is a field of the run whose value is the one that is found now: what is written
is derived from that as ever, and a value that comes after the preview is once more a stranger's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

import msgspec

from migrate.credentials import hidden_values
from migrate.errors import UsageError
from migrate.objects import Json, Manifest, ObjectRef, canonical, value_at
from migrate.operations.classify import parted
from migrate.operations.describe import place_of, shown_value
from migrate.operations.invert import invert
from migrate.operations.model import Create, Edit, Operation, Patch
from migrate.operations.overwritten import Overwritten, argument, values
from migrate.operations.stale import NONE, leaves_of
from migrate.planning.back.later import NOT_FORCED, Live, drifted_edits, later_changes, quoted
from migrate.planning.back.rollback import Rollback
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Plan

SHOWN = 10
"""How many fields an error or a finding names."""
PARTS = ("/metadata/labels", "/metadata/annotations", "/spec")
DEFAULTS = frozenset(('""', "false", '"TCP"', "null", "{}", "[]"))
"""What the CRDs of the runtimes fill in (see copyback.is_as_made): nobody lost these."""


def forced_by(
    plan: Plan, live: Live, asked: Sequence[str], approved: Collection[Overwritten], run: str
) -> tuple[Overwritten, ...]:
    """Return what others changed, and is meant by one of these texts, or was approved before.

    ``asked`` are names as ``Overwritten.argument`` spells them, the beginning of one, or patterns
    with ``*``; ``approved`` what a rollback that was stopped wrote over, which counts for the very
    same value alone. Raise UsageError where a text means nothing that the run wrote, or nothing
    that can be forced.
    """
    later = tuple(later_changes(plan, live))
    for text in asked:
        _refuse_unknown(text, plan, live, later, run)
    former = values(approved)
    return tuple(
        one
        for one in later
        if one.value in former or any(is_meant(text, one.argument) for text in asked)
    )


def is_meant(text: str, name: str) -> bool:
    """Tell whether a text means this: it is its name, what that begins with, or a pattern."""
    return name.startswith((f"{text}/", f"{text}:")) or name == text or fnmatchcase(name, text)


def _refuse_unknown(
    text: str, plan: Plan, live: Live, later: Collection[Overwritten], run: str
) -> None:
    if any(is_meant(text, one.argument) for one in later):
        return
    names = {name for op in plan.operations for name in _names(op, live.get(op.target))}
    stuck = {argument(op.target, e) for op in plan.operations for e in _drifted(op, live)}
    if any(is_meant(text, name) for name in names - stuck):
        return  # nobody else's value is there, or not any more: it goes back as all else
    if lost := sorted(name for name in stuck if is_meant(text, name)):
        raise UsageError(f"--force-field {text}: {lost[0]} cannot be set back now", NOT_FORCED)
    found = sorted({one.argument for one in later})
    told = "\n".join(f"  --force-field {quoted(name)}" for name in found[:SHOWN])
    more = f"\n  and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    kept = f"; what others changed and can be forced:\n{told}{more}" if found else ""
    raise UsageError(
        f"--force-field {text}: expected what run {run} wrote here and still can be "
        f"set back, as KIND/NAMESPACE/NAME:POINTER{kept}",
        "kmigrate rollback --dry-run=client tells what is kept, and the argument for it",
    )


def _names(operation: Operation, found: Manifest | None) -> Iterator[str]:
    back = invert(operation).change
    if isinstance(back, Patch):
        yield from (argument(operation.target, edit) for edit in parted(back, found).edits)
    else:
        yield argument(operation.target)


def _drifted(operation: Operation, live: Live) -> Iterator[Edit]:
    found = live.get(operation.target)
    return drifted_edits(operation, found) if found else iter(())


def overruled(plan: Plan, live: Live, forced: Iterable[Overwritten]) -> Plan:
    """Return the plan as if the run itself had set what is to be written over.

    Of a copy that is the whole object as it was read, with its resourceVersion: after any other
    write to it, it is not deleted.
    """
    mine: dict[ObjectRef, list[Overwritten]] = {}
    for one in forced:
        mine.setdefault(one.target, []).append(one)
    operations = tuple(
        _overruled(op, found, mine[op.target])
        if op.target in mine and (found := live.get(op.target))
        else op
        for op in plan.operations
    )
    return msgspec.structs.replace(plan, operations=operations)


def _overruled(operation: Operation, found: Manifest, mine: Sequence[Overwritten]) -> Operation:
    back = invert(operation)
    if not isinstance(back.change, Patch):
        return msgspec.structs.replace(operation, change=Create(found))
    made = {(one.path, one.within): one.edit for one in mine}
    edits = (made.get((e.path, e.within)) or e for e in parted(back.change, found).edits)
    return invert(msgspec.structs.replace(back, change=Patch(tuple(edits))))


def with_findings(
    back: Rollback, made: Plan, live: Live, forced: Iterable[Overwritten]
) -> tuple[Rollback, tuple[Overwritten, ...]]:
    """Return the rollback that tells what it writes over, by whom it was set, and all of that.

    ``made`` is what the run recorded. A copy that stays for another reason is not written over.
    """
    written = {operation.target for operation in back.to_do}
    over = tuple(one for one in forced if one.target in written)
    created, groups = _created(made), dict[str, list[ObjectRef]]()
    for one in over:
        groups.setdefault(_told(one, created, live), []).append(one.target)
    fix = "what is overwritten stays in the record: kmigrate status RUN -o yaml"
    found = (finding(codes.FORCED, text, fix, refs) for text, refs in groups.items())
    return msgspec.structs.replace(back, findings=(*back.findings, *found)), over


def _created(made: Plan) -> dict[ObjectRef, Manifest]:
    changes = ((op.target, op.change) for op in made.operations)
    return {ref: change.manifest for ref, change in changes if isinstance(change, Create)}


def _told(one: Overwritten, created: Mapping[ObjectRef, Manifest], live: Live) -> str:
    who = f", last written by {one.writer}" if one.writer else ""
    if one.edit is not None:
        lost, back = (shown_value(one.edit, value) for value in (one.found, one.former))
        return f"forced: {place_of(one.edit)} goes from {lost}{who} to {back}"
    differs = list(_differing(created[one.target], live[one.target] or {}))
    more = f" and {len(differs) - SHOWN} more" if len(differs) > SHOWN else ""
    told = f": {'; '.join(differs[:SHOWN])}{more}" if differs else ""
    return f"forced: deleted, with what somebody changed in it{who}{told}"


def _differing(made: Manifest, found: Manifest) -> Iterator[str]:
    """Yield what differs from the object that the run created, credentials hidden."""
    for part in PARTS:
        before, after = value_at(made, part), value_at(found, part)
        was, now = leaves_of(before), leaves_of(after)
        for path in dict.fromkeys((*was, *now)):
            is_default = path not in was and now[path] in DEFAULTS
            if was.get(path) != now.get(path) and not is_default:
                sides = (_leaf(before, path, was), _leaf(after, path, now))
                yield f"{part}{path} {sides[0]} -> {sides[1]}"


def _leaf(value: Json, path: str, leaves: Mapping[str, str]) -> str:
    return canonical(value_at(hidden_values(value), path)).decode() if path in leaves else NONE
