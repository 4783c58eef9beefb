"""Whether a container that runs is the one that KServe would write now."""

from __future__ import annotations

from typing import Any

from migrate.kserve.quantities import QuantityError, quantity
from migrate.objects import Json, Manifest, canonical

FIELDS = ("image", "command", "args", "env", "envFrom", "workingDir", "limits")
"""What is compared. Of other fields the API server and Knative fill in too much."""


def texts(container: Manifest) -> tuple[bytes, ...]:
    """Return the fields of a container in one form, in the order of FIELDS.

    What the API server adds or leaves out by itself is the same in all: empty values, the
    version of a field's object, the spelling of quantities.
    """
    limits = (container.get("resources") or {}).get("limits") or {}
    told = {**container, "limits": {name: _exact(text) for name, text in limits.items()}}
    return tuple(canonical(_plain(field, told.get(field))) for field in FIELDS)


def _plain(field: str, value: Json) -> Any:  # noqa: ANN401 -- any JSON
    if field == "env":
        return [_variable(item) for item in value or ()]
    return value or None


def _variable(item: Json) -> Json:
    found = {key: value for key, value in item.items() if value != ""}
    ref = (item.get("valueFrom") or {}).get("fieldRef")
    if ref is None:
        return found
    return {**found, "valueFrom": {**item["valueFrom"], "fieldRef": {"apiVersion": "v1", **ref}}}


def is_same_amount(one: str, other: str) -> bool:
    """Tell whether two quantities are the same; empty ones are none."""
    return one == other or (bool(one and other) and _exact(one) == _exact(other))


def _exact(text: object) -> str:
    try:
        return str(quantity(str(text)))
    except QuantityError:
        return str(text)
