"""A saved plan, and a run in a list of them, as data; what services run as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from migrate.execute.run import Run
from migrate.operations.stale import Difference

NEXT = {
    "applied": "kmigrate rollback {id}    takes it back",
    "applied in part": "kmigrate rollback {id}    takes it back",
    "rolled back in part": "kmigrate rollback {id}    takes back what is left",
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
