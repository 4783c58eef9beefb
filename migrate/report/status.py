"""Runs as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from migrate.execute.run import Entry, Run

NEXT = {
    "applied": "kmigrate rollback {id}    takes it back",
    "applied in part": "kmigrate rollback {id}    takes it back",
    "rolled back in part": "kmigrate rollback {id}    again, once what others changed is gone",
    "rolled back": "kmigrate plan    shows what the global images are now",
    "unfinished apply": "kmigrate apply    goes on; kmigrate rollback {id}    goes back",
    "unfinished rollback": "kmigrate rollback {id}    goes on; kmigrate apply    goes forward",
}


class ServiceStatus(msgspec.Struct, frozen=True, rename="camel"):
    """The image of a service now, before the run, and as the run leaves it."""

    service: str
    now: str | None
    before: str | None
    planned: str | None


class RunStatus(msgspec.Struct, frozen=True, rename="camel"):
    """A run, and where its objects stand now."""

    id: str
    state: str
    summary: str
    started: str
    operator: str
    journal: tuple[Entry, ...]
    standings: Mapping[str, str]
    services: tuple[ServiceStatus, ...]


def status_lines(shown: RunStatus | None, runs: Sequence[Run]) -> Iterator[str]:
    """Yield the runs, the one asked for in full, and the next command to type."""
    if shown is None:
        yield from ("no run is recorded", "next: kmigrate plan")
        return
    for run in runs:
        if run.head.id != shown.id:
            yield f"run {run.head.id}  {run.state}  {run.head.summary}"
    yield f"run {shown.id}  {shown.state}  {shown.summary}"
    yield f"  started {shown.started} by {shown.operator}"
    yield from _details(shown)
    yield f"next: {NEXT[shown.state].format(id=shown.id)}"


def _details(shown: RunStatus) -> Iterator[str]:
    if shown.standings:
        yield "  objects:"
    for target, standing in shown.standings.items():
        yield f"    {standing:<8} {target}"
    if shown.services:
        yield "  services:"
    for row in shown.services:
        yield f"    {row.service}: {_place(row)}"
        yield f"      runs {row.now or '(none seen)'}"
    yield "  journal:"
    for entry in shown.journal:
        wave = f" wave {entry.wave}" if entry.wave >= 0 else ""
        yield f"    {entry.at}  {entry.direction}: {entry.event}{wave}"


def _place(row: ServiceStatus) -> str:
    places = {row.planned: "as planned", row.before: "as before"}
    return places.get(row.now, "neither as before nor as planned")
