"""Namespaces and their quotas, as far as they forbid that a runtime is made in them."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from migrate.kserve.metadata import Metadata
from migrate.kserve.quantities import QuantityError, quantity

TERMINATING = "Terminating"
COUNTED = "count/servingruntimes.serving.kserve.io"
"""What a quota calls the number of ServingRuntimes of its namespace."""


class NamespaceStatus(msgspec.Struct, frozen=True, gc=False):
    """``status``."""

    phase: str = ""


class Namespace(msgspec.Struct, frozen=True, gc=False):
    """A Namespace (``v1``)."""

    API_VERSION: ClassVar[str] = "v1"
    KIND: ClassVar[str] = "Namespace"

    metadata: Metadata
    status: NamespaceStatus = NamespaceStatus()

    @property
    def is_terminating(self) -> bool:
        """Whether it is being deleted: nothing can be created in it any more."""
        return bool(self.metadata.deletion_timestamp) or self.status.phase == TERMINATING


class QuotaSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """``spec``: how much there may be of what; with scopes it is about pods alone."""

    hard: dict[str, str | int] | None = None
    scopes: list[str] | None = None
    scope_selector: dict[str, object] | None = None


class QuotaStatus(msgspec.Struct, frozen=True, gc=False):
    """``status``: how much there is."""

    used: dict[str, str | int] | None = None


class Quota(msgspec.Struct, frozen=True, gc=False):
    """A ResourceQuota (``v1``)."""

    API_VERSION: ClassVar[str] = "v1"
    KIND: ClassVar[str] = "ResourceQuota"

    metadata: Metadata
    spec: QuotaSpec = QuotaSpec()
    status: QuotaStatus = QuotaStatus()

    @property
    def most(self) -> int | None:
        """How many ServingRuntimes there may be; None where it does not say."""
        if self.spec.scopes or self.spec.scope_selector:
            return None
        return _number(self.spec.hard)

    @property
    def used(self) -> int | None:
        """How many there are; None where it was not counted yet."""
        return _number(self.status.used)


def _number(counts: dict[str, str | int] | None) -> int | None:
    try:
        return int(quantity(str((counts or {})[COUNTED])))
    except (KeyError, QuantityError):
        return None
