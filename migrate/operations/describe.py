"""One line of text for everything that a plan can do; what looks like a credential is hidden."""

from __future__ import annotations

import json
from typing import assert_never

from msgspec import UNSET, UnsetType

from migrate.credentials import hidden_urls, hidden_values
from migrate.objects import Json, Manifest, canonical, parts_of
from migrate.operations.classify import UNREADABLE, current
from migrate.operations.model import (
    Activation,
    Condition,
    Convert,
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


def describe(operation: Operation) -> str:
    """Return what is done to which object; its fields are another matter."""
    match operation.change:
        case Create():
            return f"+ create {operation.target}"
        case Delete():
            return f"- delete {operation.target}"
        case Patch():
            return f"~ patch {operation.target}"
        case _:
            assert_never(operation.change)


def place_of(edit: Edit) -> str:
    """Return the field, and where in its document the edit is."""
    return edit.path if edit.within is None else f"{edit.path} {edit.within}"


def shown_value(edit: Edit, value: Json | UnsetType) -> str:
    """Return a value of the edit as text, credentials hidden.

    Source text of a JSON document stays as it is written, as far as nothing is hidden in it.
    """
    if value is UNSET:
        return "(none)"
    shown = hidden_value(edit, value)
    return str(shown) if edit.within is not None else canonical(shown).decode()


def hidden_value(edit: Edit, value: Json) -> Json:
    """Return a value of the edit with what looks like a credential hidden in it."""
    if edit.within is None:
        return hidden_values(value, _name_of(edit.path))
    return hidden_source(str(value), _name_of(edit.within))


def hidden_source(text: str, name: str = "") -> str:
    """Return the text of a JSON document with what looks like a credential hidden in it.

    ``name`` is what the document is called. Text in which nothing is hidden stays as it is.
    """
    try:
        value = json.loads(text)
    except ValueError:
        return hidden_urls(text)
    shown = hidden_values(value, name)
    return text if shown == value else canonical(shown).decode()


def _name_of(path: str) -> str:
    """Return what the value at the end of a pointer is called: a variable by its own name."""
    *above, last = parts_of(path) or ("",)
    is_named = last == "value" and above and above[-1].startswith("name=")
    return above[-1].removeprefix("name=") if is_named else last


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
        case Convert(target):
            return f"! convert {target}"
        case _:
            assert_never(activation)


def describe_condition(condition: Condition) -> str:
    """Return what is awaited."""
    match condition:
        case RolledOut(target):
            return f"{target} is rolled out"
        case Holds(target, path, value):
            if told := state_told(condition):
                return f"{target} is {told}"
            setting = _setting(path)  # its value may be a credential
            return f"{target} has {f'its {setting} as wanted' if setting else value}"
        case _:
            assert_never(condition)


_STATES = {
    "/spec/predictor/model/modelFormat/name": "in the model form ({})",
    "/status/conditions/type=Ready/status": "Ready",
    "/status/servingRuntimeName": "on ServingRuntime {}",
    "/status/clusterServingRuntimeName": "on ClusterServingRuntime {}",
}
"""What it means that these fields of an InferenceService have a value."""
_WITHOUT = "on no {}"


def state_told(condition: Holds) -> str:
    """Return what an object is by this, in people's words; empty for a field of a container."""
    told = _STATES.get(condition.path, "")
    if told and condition.value is None:
        return _WITHOUT.format(told.split()[1])
    return told.format(condition.value)


def _setting(path: str) -> str:
    """Return what people call a field of a container: ``env NAME``, ``args``; "" for its image.

    A variable by its place stands for the order of all of them.
    """
    kind, *inner = parts_of(path.partition("/containers/")[2]) or ("image",)
    name = inner[0].removeprefix("name=") if inner and kind == "env" else ""
    if name.isdecimal():
        return "variables in the order"
    return "" if kind == "image" else f"{kind} {name}".rstrip()
