"""What keeps an awaited workload from becoming ready, as data."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from migrate.objects import Manifest, ObjectRef, count


class Weight(StrEnum):
    """What a trouble means for who waits."""

    USUAL = "usual"
    """It belongs to most starts: told only when the time is over."""
    PASSING = "passing"
    """It may pass by itself: told, and counted only when the time is over."""
    REPEATED = "repeated"
    """It ends the wait once it is seen to have come back ``limit`` times."""
    CERTAIN = "certain"
    """It ends the wait at once: only another template can help."""


Key: TypeAlias = tuple[ObjectRef, str, str]
"""The object, its container and the group: what is one trouble, whatever its reason just now."""


class Trouble(msgspec.Struct, frozen=True):
    """One trouble of one object; ``reason`` and ``message`` are the cluster's own words.

    ``group`` holds reasons together that take turns, such as ErrImagePull and ImagePullBackOff.
    ``attempts`` is how often it has happened, ``since`` when the state came about (RFC 3339,
    the cluster's clock; empty where nobody says). ``has_run``: the container may have written
    a log. ``uid`` is the object's.
    """

    subject: ObjectRef
    reason: str
    message: str
    group: str
    weight: Weight = Weight.PASSING
    attempts: int = 1
    limit: int = 1
    since: str = ""
    container: str = ""
    has_run: bool = False
    uid: str = ""

    @property
    def key(self) -> Key:
        """What makes it the same trouble at the next look."""
        return (self.subject, self.container, self.group)

    def __str__(self) -> str:
        where = f", container {self.container}" if self.container else ""
        often = f" ({count(self.attempts, 'time')})" if self.attempts > 1 else ""
        said = " ".join(self.message.split())
        return f"{self.subject}{where}: {self.reason}{often}" + (f": {said}" if said else "")


def condition_of(manifest: Manifest, kind: str) -> Manifest:
    """Return the condition of that type in an object's status, empty where there is none."""
    conditions = (manifest.get("status") or {}).get("conditions") or ()
    return next((c for c in conditions if c.get("type") == kind), {})
