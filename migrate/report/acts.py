"""What is done, in its order: every write down to the field, and what makes the writes act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import assert_never

from migrate.objects import ObjectRef, canonical
from migrate.operations.describe import describe, describe_activation
from migrate.operations.model import Activation, Convert, Create, Operation, Restart, Wake, Wave
from migrate.report.copyfields import Sources, copied_lines, is_copy
from migrate.report.fielddiff import operation_lines, told_lines
from migrate.report.lines import ITEMS_SHOWN, Screen, wrapped


def act_lines(
    waves: Iterable[Wave],
    screen: Screen,
    *,
    has_reason: bool = False,
    sources: Sources | None = None,
) -> Iterator[str]:
    """Yield the acts; of each kind the first ones alone, where lists are cut.

    What is made with the same content as something above is told by the name of that. Copies are
    told by what differs from ``sources``, and with all their fields where that is None.
    """
    acts = [act for wave in waves for act in (*wave.operations, *wave.activations)]
    told: dict[bytes, ObjectRef] = {}
    seen = Counter[str]()
    for act in acts:
        seen[_kind(act)] += 1
        if not screen.is_brief or seen[_kind(act)] <= ITEMS_SHOWN:
            yield from _act(act, told, sources, has_reason=has_reason)
    for kind, number in seen.items() if screen.is_brief else ():
        if number > ITEMS_SHOWN:
            yield from wrapped(f"  ... and {number - ITEMS_SHOWN:,} more {kind}: {screen.rest}")


def _kind(act: Operation | Activation) -> str:
    match act:
        case Operation():
            return "writes"
        case Wake():
            return "wakes"
        case Convert():
            return "conversions"
        case Restart():
            return "restarts"
        case _:
            assert_never(act)


def _act(
    act: Operation | Activation,
    told: dict[bytes, ObjectRef],
    sources: Sources | None,
    *,
    has_reason: bool,
) -> Iterator[str]:
    if not isinstance(act, Operation):
        yield from wrapped(f"  {describe_activation(act)}")
        return
    first, reason = _first(act, told), act.reason if has_reason else ""
    if first != act.target:
        yield from wrapped(f"  {describe(act)}: with the content of {first}")
    elif sources is not None and is_copy(act, sources):
        yield from told_lines(act, copied_lines(act, sources), reason, "  ")
    else:
        yield from operation_lines(act, reason, "  ")


def _first(operation: Operation, told: dict[bytes, ObjectRef]) -> ObjectRef:
    """Return the first that is made with this content."""
    if not isinstance(operation.change, Create):
        return operation.target
    manifest = operation.change.manifest
    content = {key: each for key, each in manifest.items() if key != "metadata"}
    return told.setdefault(canonical(content), operation.target)
