"""What is asked before the writes of a wave."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from migrate.objects import ObjectRef
from migrate.operations.model import Wave


@dataclass(frozen=True)
class Trial:
    """A question about an object; ``ask`` raises where the writes may not begin.

    It writes nothing, begins with a read, and may be asked again.
    """

    target: ObjectRef
    ask: Callable[[], None]


Rehearse: TypeAlias = Callable[[Wave, Sequence[Wave]], Iterable[Trial]]
"""Returns what is to be asked before the writes of a wave, by it and those to come."""

Trials: TypeAlias = Callable[[Collection[ObjectRef]], Sequence[Trial]]
"""Returns what is to be asked before all writes, by the objects that are not there yet."""
