"""One line of text for everything that a plan can do."""

from __future__ import annotations

from typing import assert_never

from msgspec import UNSET, UnsetType

from migrate.objects import Json, Manifest, canonical
from migrate.operations.classify import UNREADABLE, current
from migrate.operations.model import (
    Activation,
    Condition,
    Create,
    Delete,
    Edit,
    Holds,
    Operation,
    Patch,
    Restart,
    RolledOut,
    Wake,
)


def describe(operation: Operation) -> list[str]:
    """Return a line for the object, and one for each of its fields that changes."""
    match operation.change:
        case Create():
            return [f"+ create {operation.target}"]
        case Delete():
            return [f"- delete {operation.target}"]
        case Patch(edits):
            lines = (f"    {line}" for edit in edits for line in describe_edit(edit))
            return [f"~ patch {operation.target}", *lines]
        case _:
            assert_never(operation.change)


def describe_edit(edit: Edit) -> list[str]:
    """Return where it is, what is there before, and what after."""
    return [
        place_of(edit),
        f"  - {shown_value(edit, edit.before)}",
        f"  + {shown_value(edit, edit.after)}",
    ]


def place_of(edit: Edit) -> str:
    """Return the field, and where in its document the edit is."""
    return edit.path if edit.within is None else f"{edit.path} {edit.within}"


def shown_value(edit: Edit, value: Json | UnsetType) -> str:
    """Return a value of the edit as text."""
    if value is UNSET:
        return "(none)"
    return str(value) if edit.within is not None else canonical(value).decode()


def found_value(edit: Edit, live: Manifest) -> str:
    """Return what the live object has where the edit points to, as text."""
    value = current(edit, live)
    return "(no readable JSON)" if value is UNREADABLE else shown_value(edit, value)


def describe_activation(activation: Activation) -> str:
    """Return what is done to make the writes act."""
    match activation:
        case Restart(target):
            return f"! restart {target}"
        case Wake(target):
            return f"! wake {target}"
        case _:
            assert_never(activation)


def describe_condition(condition: Condition) -> str:
    """Return what is awaited."""
    match condition:
        case RolledOut(target):
            return f"{target} is rolled out"
        case Holds(target, path, value):
            field = path.partition("/containers/")[2]
            if not field or field.endswith("/image"):
                return f"{target} has {value}"
            return f"{target} has its new {field}"  # the value may be a credential
        case _:
            assert_never(condition)
