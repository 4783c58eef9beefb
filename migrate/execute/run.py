"""A run as it is recorded: its head, its journal, and what a person calls its state."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from migrate.operations.model import Direction

FORMAT = "kmigrate.dev/run/v1"
DONE = {Direction.APPLY: "applied", Direction.ROLLBACK: "rolled back"}
EventName: TypeAlias = Literal["started", "intent", "done", "finished"]


class Parts(msgspec.Struct, frozen=True):
    """What lies in ConfigMaps beside the plan: its digest, and in how many of them."""

    digest: str
    number: int


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of the journal.

    ``event`` is ``started``, ``intent`` (written before the writes of the waves up to ``wave``),
    ``done`` (after them) or ``finished``; ``fence`` is the Lease's rising number, ``written`` how
    many writes that process had begun, ``whole`` whether the end was proven, ``overwritten`` where
    the record holds what this direction was forced to write over. ``left_out`` are the operations
    of the plan that it leaves as they are: the first and the last place of each row of them.
    """

    event: EventName
    direction: Direction
    at: str
    holder: str
    fence: int
    wave: int = -1
    written: int = 0
    whole: bool = True
    overwritten: Parts | None = None
    left_out: tuple[tuple[int, int], ...] = ()


class Head(msgspec.Struct, frozen=True, rename="camel"):
    """What identifies a run. ``digest`` is that of the gzipped plan's content."""

    id: str
    digest: str
    chunks: int
    started: str
    operator: str
    version: str
    summary: str
    format: str = FORMAT


class Run(msgspec.Struct, frozen=True):
    """A run as it is recorded: its head and its journal so far."""

    namespace: str
    head: Head
    journal: tuple[Entry, ...]
    created: str = ""

    @property
    def place(self) -> tuple[str, int, str]:
        """By which runs are ordered: the API server's clock, then the Lease's number.

        The id holds the operator's clock, and two operators' clocks differ.
        """
        return (self.created, self.journal[0].fence, self.head.id)

    @property
    def direction(self) -> Direction:
        """The direction gone last."""
        return self.journal[-1].direction

    @property
    def finished(self) -> bool:
        """Whether the last direction was gone to its end."""
        return self.journal[-1].event == "finished"

    @property
    def under_way(self) -> tuple[Entry, ...]:
        """The lines of the direction that is not gone to its end, since it was turned to."""
        turns = (at for at, entry in enumerate(self.journal) if self._is_before(entry))
        return self.journal[max(turns, default=-1) + 1 :]

    def _is_before(self, entry: Entry) -> bool:
        return entry.event == "finished" or entry.direction is not self.direction

    @property
    def state(self) -> str:
        """What a person calls it."""
        if not self.finished:
            return f"unfinished {self.direction}"
        done = DONE[self.direction]
        return done if self.journal[-1].whole else f"{done} in part"

    @property
    def written(self) -> int:
        """How many writes an unfinished direction had begun, as far as was noted."""
        if self.finished:
            return 0
        begun = [e for e in self.journal if e.event in ("intent", "done")]
        return max(1, begun[-1].written) if begun else 0
