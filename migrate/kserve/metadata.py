"""What is read of the metadata of any object."""

from __future__ import annotations

import msgspec


class Owner(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """An owner reference. ``controller`` says whether the owner manages the object."""

    kind: str
    name: str
    uid: str = ""
    controller: bool | None = None


class ConfigMap(msgspec.Struct, frozen=True, gc=False):
    """A ConfigMap: its values are texts."""

    data: dict[str, str] | None = None


class Metadata(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """An object's metadata; the timestamps are text as the API server writes it (RFC 3339)."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    finalizers: list[str] | None = None
    owner_references: list[Owner] | None = None

    def annotation(self, key: str) -> str | None:
        """Return the annotation of that key; None where there is none."""
        return self.annotations.get(key) if self.annotations else None
