"""Events of Kubernetes: what controllers, scheduler and kubelets tell about an object."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import field


class _Meta(msgspec.Struct, frozen=True, gc=False):
    name: str = ""
    namespace: str = ""


class _About(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    uid: str = ""
    field_path: str = ""


class _Series(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    count: int | None = None
    last_observed_time: str | None = None


class KubeEvent(msgspec.Struct, frozen=True, rename="camel"):
    """An Event of ``v1``, as far as it is read (k8s.io/api v0.34.4 core/v1/types.go)."""

    metadata: _Meta = field(default_factory=_Meta)
    about: _About = field(name="involvedObject", default_factory=_About)
    type: str | None = None
    reason: str | None = None
    message: str | None = None
    count: int | None = None
    series: _Series | None = None
    last_timestamp: str | None = None
    event_time: str | None = None

    @property
    def times(self) -> int:
        """How often it has happened."""
        return max(self.count or 1, (self.series and self.series.count) or 1)

    @property
    def last(self) -> str:
        """When it happened last (RFC 3339); empty where it does not say."""
        observed = self.series and self.series.last_observed_time
        return observed or self.last_timestamp or self.event_time or ""

    def __str__(self) -> str:
        often = f" ({self.times} times)" if self.times > 1 else ""
        return f"{self.reason}{often}: {' '.join((self.message or '').split())}"


def warnings_of(events: Iterable[KubeEvent], uid: str) -> list[KubeEvent]:
    """Return the warnings about the object with that uid, the oldest first."""
    found = (e for e in events if e.about.uid == uid and e.type == "Warning")
    return sorted(found, key=lambda event: event.last)
