"""What is done, in its order: every write down to the field, and what makes the writes act."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from migrate.objects import ObjectRef, canonical
from migrate.operations.describe import describe, describe_activation
from migrate.operations.model import Activation, Create, Operation, Wave
from migrate.report.fielddiff import operation_lines
from migrate.report.lines import Screen, cut, wrapped


def act_lines(waves: Iterable[Wave], screen: Screen, *, has_reason: bool = False) -> Iterator[str]:
    """Yield the acts; cut what is of one kind, and comes one after the other.

    What is made with the same content as something above is told by the name of that.
    """
    acts = [act for wave in waves for act in (*wave.operations, *wave.activations)]
    told: dict[bytes, ObjectRef] = {}
    for kind, alike in groupby(acts, key=type):
        noun = "more writes" if kind is Operation else "more of these"
        shown, rest = cut(list(alike), screen, noun)
        for act in shown:
            yield from _act(act, told, has_reason=has_reason)
        yield from rest


def _act(
    act: Operation | Activation, told: dict[bytes, ObjectRef], *, has_reason: bool
) -> Iterator[str]:
    if not isinstance(act, Operation):
        yield f"  {describe_activation(act)}"
        return
    first = _first(act, told)
    if first == act.target:
        yield from operation_lines(act, act.reason if has_reason else "", "  ")
    else:
        yield from wrapped(f"  {describe(act)}: with the content of {first}")


def _first(operation: Operation, told: dict[bytes, ObjectRef]) -> ObjectRef:
    """Return the first that is made with this content."""
    if not isinstance(operation.change, Create):
        return operation.target
    manifest = operation.change.manifest
    content = {key: each for key, each in manifest.items() if key != "metadata"}
    return told.setdefault(canonical(content), operation.target)
