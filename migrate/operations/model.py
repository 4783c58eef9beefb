"""What a change is. Frozen data; what can be done with it are functions elsewhere.

Every change to a cluster is a Create, a Patch or a Delete of one object. An Edit always
carries what was there before, so that the inverse can be derived and never be forgotten.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from migrate.objects import Json, Manifest, ObjectRef


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field before and after. UNSET means "is not there"; JSON null stays null.

    ``path`` is a JSON Pointer into the object. Where ``within`` is given, the field holds
    a JSON document as a string, ``within`` points into that document, and ``before`` and
    ``after`` are the *source text* of the value there (``'"v1"'`` with its quotes), so
    that going back restores the bytes and not merely an equal value.
    """

    path: str
    before: Json | UnsetType = UNSET
    after: Json | UnsetType = UNSET
    within: str | None = None

    def __post_init__(self) -> None:
        if self.before == self.after:
            message = f"an edit of {self.path} must change something"
            raise ValueError(message)


class Create(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="create"):
    """The object comes into being as ``manifest``."""

    manifest: Manifest


class Patch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="patch"):
    """Some fields of an existing object change, in this order."""

    edits: tuple[Edit, ...]

    def __post_init__(self) -> None:
        if not self.edits:
            message = "a patch needs at least one edit"
            raise ValueError(message)


class Delete(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="delete"):
    """The object, which is ``manifest`` now, ceases to be."""

    manifest: Manifest


Change: TypeAlias = Create | Patch | Delete


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One change of one object. Its target is its name: a plan has one per object.

    ``reason`` is for people; nothing is decided by it.
    """

    target: ObjectRef
    change: Change
    reason: str


class Restart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="restart"):
    """Replace the pods of a workload, as ``kubectl rollout restart`` does."""

    target: ObjectRef


class Wake(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="wake"):
    """Have the controller reconcile one object, by a write to its status that is put back."""

    target: ObjectRef


class Convert(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="convert"):
    """Write one object as it is, so that a webhook converts it; no write takes that back.

    Where there is something at ``path``, a JSON Pointer, it is converted already.
    """

    target: ObjectRef
    path: str


Activation: TypeAlias = Restart | Wake | Convert


class RolledOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="rolledOut"):
    """All pods of the workload are of its newest template, and ready.

    ``owner`` is the object on whose behalf it is awaited, if any: see Holds.
    """

    target: ObjectRef
    owner: ObjectRef | None = None


class Holds(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="holds"):
    """The field at ``path`` of ``target`` has this value; null means that it is not there.

    ``owner`` is the object on whose behalf it is awaited: with the owner gone, there is
    nothing left to wait for.
    """

    target: ObjectRef
    path: str
    value: Json
    owner: ObjectRef


Condition: TypeAlias = RolledOut | Holds


class Direction(StrEnum):
    """Which way a plan is gone through."""

    APPLY = "apply"
    ROLLBACK = "rollback"


class Wave(msgspec.Struct, frozen=True):
    """A pause in seconds, operations, the activations that make them act, what is awaited."""

    operations: tuple[Operation, ...] = ()
    activations: tuple[Activation, ...] = ()
    conditions: tuple[Condition, ...] = ()
    pause: float = 0.0
