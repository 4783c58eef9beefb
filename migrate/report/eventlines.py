"""What happens as JSON Lines, for programs: one event on a line of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET

from migrate.credentials import hidden_values
from migrate.execute.events import Event, Kept, Skipped, Written
from migrate.kserve import terms
from migrate.objects import CONTROL, Json, Manifest, canonical
from migrate.operations.describe import hidden_source, hidden_value
from migrate.operations.model import Change, Edit, Patch
from migrate.planning.model.plan import API_VERSION


class EventLine(msgspec.Struct, frozen=True, rename="camel"):
    """A line. ``at`` is the time of day in UTC, by the clock of the machine that tells it.

    The ``type`` of the event tells which it is. Pass over types that you do not know.
    """

    at: str
    event: Event
    api_version: Literal["kmigrate.dev/v1alpha1"] = API_VERSION
    kind: Literal["Event"] = "Event"


def event_line(event: Event, now: datetime) -> str:
    """Return the line without its end; characters that terminals obey are escaped.

    What looks like a credential is hidden: logs of other programs keep the line.
    """
    line = msgspec.to_builtins(EventLine(f"{now:%Y-%m-%dT%H:%M:%S.%f}Z", event))
    if isinstance(event, Written | Skipped):
        line["event"]["operation"]["change"] |= _hidden(event.operation.change)
    elif isinstance(event, Kept):
        line["event"]["edit"] |= _hidden_edit(event.edit)
    text = canonical(line).decode()
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _hidden(change: Change) -> Json:
    if isinstance(change, Patch):
        plain = (msgspec.to_builtins(edit) | _hidden_edit(edit) for edit in change.edits)
        return {"edits": list(plain)}
    return {"manifest": _hidden_manifest(change.manifest)}


def _hidden_edit(edit: Edit) -> Json:
    values = {"before": edit.before, "after": edit.after}
    return {k: hidden_value(edit, each) for k, each in values.items() if each is not UNSET}


def _hidden_manifest(manifest: Manifest) -> Manifest:
    """Return a manifest without credentials, also in what `kubectl apply` noted of it."""
    shown: Manifest = hidden_values(manifest)
    notes = shown["metadata"].get("annotations") or {}
    if applied := notes.get(terms.LAST_APPLIED):
        notes[terms.LAST_APPLIED] = hidden_source(applied)
    return shown
