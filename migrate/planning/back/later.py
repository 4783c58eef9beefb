"""What others changed since a run: found for a rollback, which keeps it and tells it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from migrate.objects import Manifest, ObjectRef
from migrate.operations.classify import Standing, current, parted, standing_of, to_make
from migrate.operations.describe import found_value, place_of
from migrate.operations.fieldmanagers import writer_of
from migrate.operations.invert import invert
from migrate.operations.jsontext import JsonTextError
from migrate.operations.model import Create, Direction, Edit, Operation, Patch
from migrate.operations.overwritten import Overwritten, argument, stripped
from migrate.operations.patching import apply_edits
from migrate.planning.back.copyback import is_as_made
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding, Plan

SHOWN = 3
"""How many objects are spelled out for `--force-field`; more are meant by a pattern."""
Live = Mapping[ObjectRef, Manifest | None]


def later_changes(plan: Plan, live: Live) -> Iterator[Overwritten]:
    """Yield what others set in the fields and the copies of a run, as far as it can be forced."""
    for operation in plan.operations:
        found = live.get(operation.target)
        if found is None:
            continue
        match operation.change:
            case Create(made):
                if not is_as_made(found, made):
                    yield Overwritten(
                        operation.target, found=stripped(found), writer=writer_of(found, "")
                    )
            case _:
                yield from _fields(operation, found)


def _fields(operation: Operation, found: Manifest) -> Iterator[Overwritten]:
    drifted = list(drifted_edits(operation, found))
    lost = {argument(operation.target, e) for e in drifted if not _can_be_made(e, found)}
    for edit in drifted:
        if argument(operation.target, edit) not in lost:
            value, writer = current(edit, found), writer_of(found, edit.path)
            yield Overwritten(operation.target, edit.path, edit.within, value, edit.after, writer)


def drifted_edits(operation: Operation, found: Manifest) -> Iterator[Edit]:
    """Yield the edits of the way back that somebody else's value stands against."""
    back = invert(operation).change
    for edit in parted(back, found).edits if isinstance(back, Patch) else ():
        if standing_of(edit, found) is Standing.DRIFTED:
            yield edit


def _can_be_made(edit: Edit, found: Manifest) -> bool:
    """Tell whether there is still something that can hold the value."""
    try:
        return current(edit, apply_edits([edit], found)) == edit.after
    except (JsonTextError, LookupError, TypeError, ValueError):
        return False


def kept_fields(plan: Plan, live: Live) -> Iterator[Finding]:
    """Tell which fields stay, and so does what belongs to them."""
    can_be_forced = {one.argument for one in later_changes(plan, live)}
    for wave in plan.waves(Direction.ROLLBACK):
        for operation in wave.operations:
            found, change = live.get(operation.target), operation.change
            if found is None or not isinstance(change, Patch):
                continue
            sent = to_make(change, found)
            for edit in parted(change, found).edits:
                if standing_of(edit, found) is not Standing.APPLIED and edit not in sent:
                    name = argument(operation.target, edit)
                    fix = fix_of(name) if name in can_be_forced else NOT_FORCED
                    text = f"{place_of(edit)} stays {found_value(edit, found)}{_by(edit, found)}"
                    yield finding(codes.KEPT, text, fix, [operation.target])


NOT_FORCED = "what held it is gone or cannot be read: put that back first, then roll back again"


def fix_of(name: str) -> str:
    """Return what takes back what somebody else set."""
    return f"to take it back as well: --force-field {quoted(name)}"


def quoted(name: str) -> str:
    """Return an argument as a shell takes it."""
    return f"'{name}'" if set(name) & set("*?[~ ;&|<>()$`\\\"'") else name


def _by(edit: Edit, found: Manifest) -> str:
    if standing_of(edit, found) is not Standing.DRIFTED:
        return ""
    writer = writer_of(found, edit.path)
    return f", last written by {writer}" if writer else ""


def kept_whole(changed: Collection[ObjectRef], stays: str, live: Live) -> Iterator[Finding]:
    """Tell which copies stay that somebody changed; ``stays`` says what becomes of their users."""
    groups: dict[str, list[ObjectRef]] = {}
    for ref in changed:
        found = live.get(ref)
        writer = writer_of(found, "") if found else None
        groups.setdefault(f", last by {writer}" if writer else "", []).append(ref)
    for who, refs in sorted(groups.items()):
        text = f"changed since the run made it{who}: it stays as it is{stays}"
        yield finding(codes.KEPT, text, _fix_of_copies(refs), refs)


def kept_anew(made: Collection[ObjectRef]) -> Iterator[Finding]:
    """Tell what the run had deleted, and what others have made anew since."""
    if made:
        text = "deleted by the run, and made anew by others since: it stays as it is"
        yield finding(codes.KEPT, text, objects=made)


def _fix_of_copies(refs: Collection[ObjectRef]) -> str:
    names = sorted(map(argument, refs))
    if len(names) > SHOWN:
        every = f"{names[0].partition('/')[0]}/*"
        return f"to delete them as well: --force-field '{every}', or {names[0]} and so on"
    return "to delete it as well: " + " ".join(f"--force-field {name}" for name in names)
