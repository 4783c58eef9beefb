"""Metadata as an API server stores it: uid, times, generation, managedFields."""

from __future__ import annotations

import datetime as dt
import uuid
from random import Random
from typing import Any

from migrate.objects import Manifest

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_FIRST = dt.datetime(2022, 3, 1, tzinfo=dt.UTC)
_MINUTES = 2 * 365 * 24 * 60


def stamp(dice: Random) -> str:
    """Return a time of the two years from March 2022 on, in RFC 3339."""
    moment = _FIRST + dt.timedelta(minutes=dice.randrange(_MINUTES))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def identity(dice: Random) -> str:
    """Return a uid."""
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))


def stored(dice: Random, name: str, namespace: str = "", **more: Any) -> Manifest:
    """Return the metadata of an object that is stored; ``more`` are further fields."""
    place = {"namespace": namespace} if namespace else {}
    meta = {
        "creationTimestamp": stamp(dice),
        "generation": dice.randint(1, 4),
        "name": name,
        "resourceVersion": str(dice.randrange(10**6, 10**9)),
        "uid": identity(dice),
    }
    return {**meta, **place, **more}


def managed(dice: Random, manager: str, version: str, *parts: Manifest) -> list[Manifest]:
    """Return managedFields: who made the object owns the first part, the controller the others.

    Each part is the content that the manager wrote.
    """
    managers = (manager, *("manager" for _ in parts[1:]))
    return [
        {
            "apiVersion": version,
            "fieldsType": "FieldsV1",
            "fieldsV1": _fields(part),
            "manager": name,
            "operation": "Update",
            "time": stamp(dice),
            **({"subresource": "status"} if "f:status" in _fields(part) else {}),
        }
        for name, part in zip(managers, parts, strict=True)
    ]


def _fields(value: Any) -> Manifest:
    # Lists of objects are owned by key, all other lists as one: KServe's CRD lists the latter.
    if not isinstance(value, dict):
        return {}
    return {".": {}} | {f"f:{key}": _fields(each) for key, each in value.items()}
