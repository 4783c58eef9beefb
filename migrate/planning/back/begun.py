"""Which writes of a run were begun, told from the number of a wave in its journal.

That number counts the waves that were carried out. On the way back those are fewer than the plan
has: what a rollback leaves as it is, for it was not asked for or somebody needs it, is in none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import TypeAlias

from migrate.objects import ObjectRef
from migrate.operations.model import Direction, Wave
from migrate.planning.back.copyback import without
from migrate.planning.model.plan import Plan

Span: TypeAlias = tuple[int, int]
"""The places of the first and the last of operations that follow each other in a plan."""


def left_out(plan: Plan, waves: Iterable[Wave]) -> tuple[Span, ...]:
    """Return the operations of a plan that are in none of these waves."""
    held = {operation.target for wave in waves for operation in wave.operations}
    places = [at for at, op in enumerate(plan.operations) if op.target not in held]
    groups = groupby(enumerate(places), lambda pair: pair[1] - pair[0])
    spans = ([at for _, at in group] for _, group in groups)
    return tuple((span[0], span[-1]) for span in spans)


def begun(
    plan: Plan, direction: Direction, last: int, spans: Sequence[Span]
) -> list[frozenset[ObjectRef]]:
    """Return the objects of each wave up to that number, without the operations of ``spans``.

    A rollback has no waves before its last writes that write nothing.
    """
    others = {op.target for a, b in spans for op in plan.operations[a : b + 1]}
    waves: Sequence[Wave] = without(plan, others).waves(direction)
    if direction is Direction.ROLLBACK:
        waves = [wave for wave in waves if wave.operations]
    return [frozenset(op.target for op in wave.operations) for wave in waves[: last + 1]]


def not_done(
    waves: Iterable[frozenset[ObjectRef]], done: Collection[ObjectRef]
) -> frozenset[ObjectRef]:
    """Return the objects of the first wave that is not all done.

    Waves are noted together and written one after the other: those after it were not begun.
    """
    left = (wave for wave in waves if not all(ref in done for ref in wave))
    return next(left, frozenset())
