"""Plan <-> JSON: one canonical file, refused where it is not what was written."""

from __future__ import annotations

from shlex import quote
from typing import Literal, TypeVar

import msgspec

from migrate.errors import UsageError
from migrate.objects import canonical
from migrate.planning.model.plan import API_VERSION, Plan

T = TypeVar("T")
AGAIN = "kmigrate plan --out FILE"


class _Header(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    digest: str = ""
    plan: msgspec.Raw = msgspec.Raw()


class PlanFile(msgspec.Struct, frozen=True, rename="camel"):
    """A saved plan. ``digest`` is the SHA-256 of the canonical JSON of ``plan``."""

    digest: str
    plan: Plan
    api_version: Literal["kmigrate.dev/v1alpha1"] = API_VERSION
    kind: Literal["PlanFile"] = "PlanFile"


def dump(plan: Plan) -> bytes:
    """Encode a plan with its digest, ending in a newline. Equal plans give equal bytes."""
    return msgspec.json.format(canonical(PlanFile(plan.digest, plan)), indent=1) + b"\n"


def load(data: bytes, name: str) -> Plan:
    """Decode a plan. Raise UsageError where it is truncated, edited, or of another format."""
    backup = f"; a backup of kubectl: kmigrate plan --from-checkpoint {quote(name)}"
    header = _decode(data, _Header, name, "plan again: " + AGAIN + backup)
    if header.kind != "PlanFile" or header.api_version != API_VERSION:
        raise UsageError(
            f"{name}: expected apiVersion {API_VERSION}, kind PlanFile; found "
            f"apiVersion {header.api_version or '(none)'}, kind {header.kind or '(none)'}",
            "use the kmigrate that wrote it, or plan again: " + AGAIN,
        )
    plan = _decode(bytes(header.plan), Plan, name)
    if plan.digest != header.digest:
        raise UsageError(
            f"{name}: the file was edited: its digest says {header.digest}, "
            f"its content gives {plan.digest}",
            "plan again: " + AGAIN,
        )
    return plan


def _decode(data: bytes, into: type[T], name: str, hint: str = "plan again: " + AGAIN) -> T:
    try:
        return msgspec.json.decode(data, type=into)
    except msgspec.MsgspecError as error:
        raise UsageError(f"{name}: not a plan file: {error}", hint) from error


def encode(plan: Plan) -> bytes:
    """Return a plan as the record of a run keeps it."""
    return canonical(plan)


def decode(payload: bytes, name: str) -> Plan:
    """Return the plan that ``encode`` gave. Raise UsageError where it is not one."""
    return _decode(payload, Plan, name)
