"""What happens as JSON Lines, for programs: one event on a line of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from migrate.execute.events import Event
from migrate.objects import CONTROL, canonical
from migrate.planning.plan import API_VERSION


class EventLine(msgspec.Struct, frozen=True, rename="camel"):
    """A line. ``at`` is the time of day in UTC, by the clock of the machine that tells it.

    The ``type`` of the event tells which it is. Pass over types that you do not know.
    """

    at: str
    event: Event
    api_version: Literal["kmigrate.dev/v1alpha1"] = API_VERSION
    kind: Literal["Event"] = "Event"


def event_line(event: Event, now: datetime) -> str:
    """Return the line without its end; characters that terminals obey are escaped."""
    text = canonical(EventLine(f"{now:%Y-%m-%dT%H:%M:%S.%f}Z", event)).decode()
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
