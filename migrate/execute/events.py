"""What happens while a plan is carried out: the only thing that reporters see."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from migrate.execute.extent import Extent
from migrate.execute.troubles import Trouble
from migrate.objects import ObjectRef
from migrate.operations.model import Activation, Condition, Edit, Operation


class Started(msgspec.Struct, frozen=True, tag="started"):
    """A run goes in a direction; ``resumed`` when it had been started before."""

    run: str
    direction: str
    resumed: bool


class Waiting(msgspec.Struct, frozen=True, tag="waiting"):
    """Nothing can be done yet; ``why`` tells a person what is waited for, and since when."""

    why: str
    seconds: float = 0.0


class Retrying(msgspec.Struct, frozen=True, tag="retrying"):
    """The API server gave no usable answer; the request is made again after a fresh read."""

    target: ObjectRef
    reason: str


class Written(msgspec.Struct, frozen=True, tag="written"):
    """The operation was made by this process."""

    operation: Operation


class Skipped(msgspec.Struct, frozen=True, tag="skipped"):
    """The operation needed no write; ``reason`` says why."""

    operation: Operation
    reason: str


class Kept(msgspec.Struct, frozen=True, tag="kept"):
    """Somebody else changed the field since: it stays as it is. ``found`` is its value."""

    target: ObjectRef
    edit: Edit
    found: str


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Beside the failure that ends the run, this one came for another object."""

    target: ObjectRef
    reason: str


class Activated(msgspec.Struct, frozen=True, tag="activated"):
    """A workload was restarted, or an object woken."""

    activation: Activation


class Met(msgspec.Struct, frozen=True, tag="met"):
    """An awaited condition became true, or its owner is gone (``reason``)."""

    condition: Condition
    reason: str


class Troubled(msgspec.Struct, frozen=True, tag="troubled"):
    """Something keeps an awaited object from becoming ready; told once, it may pass.

    ``owner`` is the object on whose behalf it is awaited, if any.
    """

    target: ObjectRef
    trouble: Trouble
    owner: ObjectRef | None = None


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """Of ``total`` writes or wakes of one kind so many are done, and these are under way.

    Where a run has several waves, ``extent`` tells how far it is; at the beginning of each of them
    that alone is told, with a ``total`` of 0.
    """

    done: int
    total: int
    targets: tuple[ObjectRef, ...]
    extent: Extent | None = None


class Proven(msgspec.Struct, frozen=True, tag="proven"):
    """What was to be reached was looked at, at the end; ``holds`` where it was reached.

    ``subject`` is the object as people call it; ``changed`` is false for a service that was to
    stay as it is.
    """

    subject: str
    holds: bool
    text: str
    changed: bool


class Stopped(msgspec.Struct, frozen=True, tag="stopped"):
    """The run ended before its end: by this error, with this exit code and next command."""

    code: int
    error: str
    hint: str


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The run reached the end of its direction; ``whole`` where all was proven.

    ``run`` is empty where there was nothing to do.
    """

    run: str
    direction: str
    whole: bool = True


Event: TypeAlias = (
    Started
    | Waiting
    | Retrying
    | Written
    | Skipped
    | Kept
    | Failed
    | Activated
    | Met
    | Troubled
    | Progress
    | Proven
    | Stopped
    | Finished
)
