"""Runs as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from migrate.execute.run import Entry, Run
from migrate.operations.stale import Difference
from migrate.planning.plan import API_VERSION
from migrate.report.lines import wrapped

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


class RunRow(msgspec.Struct, frozen=True, rename="camel"):
    """A run in a list of them. ``summary`` names what was asked for."""

    id: str
    state: str
    summary: str


def row_of(run: Run) -> RunRow:
    """Return the run as a list shows it."""
    return RunRow(run.head.id, run.state, run.head.summary)


class RunStatus(msgspec.Struct, frozen=True, rename="camel"):
    """A run, and where its objects stand now.

    ``asleep`` are the services that KServe has not reconciled since their runtime came or went, as
    far as the release reports which one they use (from 0.16 on).
    """

    id: str
    state: str
    summary: str
    started: str
    operator: str
    journal: tuple[Entry, ...]
    standings: Mapping[str, str]
    services: tuple[ServiceStatus, ...]
    asleep: tuple[str, ...] = ()


class PlanInCluster(msgspec.Struct, frozen=True, rename="camel"):
    """Where a saved plan stands in a cluster.

    ``unfit`` says why it cannot be applied there at all, ``stale`` what has changed since it was
    made: with either it is refused. ``runs`` are those that carried this very plan out.
    """

    cluster: str
    unfit: str = ""
    stale: tuple[Difference, ...] = ()
    standings: Mapping[str, str] = {}
    services: tuple[ServiceStatus, ...] = ()
    runs: tuple[RunRow, ...] = ()


class PlanStatus(msgspec.Struct, frozen=True, rename="camel"):
    """What a saved plan holds; ``found`` is None where no cluster was asked.

    ``images`` are spelled as in `--set`, variables and flags behind them by their names alone.
    ``moving`` counts the services that get new pods, ``blocked_by`` are the codes of the findings
    that forbid to apply it. ``target``: see ``Options``.
    """

    file: str
    digest: str
    cluster_uid: str
    kserve_namespace: str
    release: str
    images: tuple[str, ...]
    writes: tuple[str, ...]
    activations: tuple[str, ...]
    moving: int
    blocked_by: tuple[str, ...]
    found: PlanInCluster | None = None
    target: str = ""


class StatusDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What `kmigrate status -o json` writes: of a ``run`` or of a saved ``plan``."""

    api_version: Literal["kmigrate.dev/v1alpha1"] = API_VERSION
    kind: Literal["Status"] = "Status"
    run: RunStatus | None = None
    plan: PlanStatus | None = None
    runs: tuple[RunRow, ...] = ()


def status_lines(shown: RunStatus | None, runs: Sequence[Run]) -> Iterator[str]:
    """Yield the runs, the one asked for in full, and the next command to type."""
    if shown is None:
        yield from ("no run is recorded", "next: kmigrate plan")
        return
    for run in runs:
        if run.head.id != shown.id:
            yield f"run {run.head.id}  {run.state}  {run.head.summary}"
    yield f"run {shown.id}  {shown.state}"
    yield from wrapped(f"  {shown.summary}")
    yield f"  started {shown.started} by {shown.operator}"
    yield from _details(shown)
    yield f"next: {NEXT[shown.state].format(id=shown.id)}"


def _details(shown: RunStatus) -> Iterator[str]:
    if shown.standings:
        yield "  objects:"
    for target, standing in shown.standings.items():
        yield f"    {standing:<8} {target}"
    yield from service_lines(shown.services)
    if shown.asleep:
        yield "  asleep, to move at their next reconcile:"
        yield from (f"    {name}" for name in shown.asleep)
    yield "  journal:"
    for entry in shown.journal:
        wave = f" wave {entry.wave}" if entry.wave >= 0 else ""
        yield f"    {entry.at}  {entry.direction}: {entry.event}{wave}"


def service_lines(services: Sequence[ServiceStatus]) -> Iterator[str]:
    """Yield what each service runs now."""
    if services:
        yield "  services:"
    for row in services:
        yield f"    {row.service}: {_place(row)}"
        yield f"      runs {row.now or '(none seen)'}"


def _place(row: ServiceStatus) -> str:
    places = {row.before: "as before", row.planned: "as planned"}
    if row.planned == row.before:
        places = {row.before: "its image as before, and as planned"}
    return places.get(row.now, "neither as before nor as planned")
