"""A run as text and as data: where its objects and its services stand now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from migrate.execute.run import Entry, Run
from migrate.objects import Json, count
from migrate.operations.classify import Standing
from migrate.planning.back.later import quoted
from migrate.planning.back.outcomes import Outcome, ServiceOutcome
from migrate.planning.model.plan import API_VERSION
from migrate.report.checkpoints import CheckpointLine, CheckpointStatus, checkpoint_rows
from migrate.report.lines import NAMES_SHOWN, wrapped
from migrate.report.status import NEXT, PlanStatus, RunRow
from migrate.report.upgrade import after_holding

SHOWN = 10
"""How many things of a kind are told; -o json has all."""
FORCE = "kmigrate rollback {id} --force-field {argument}    takes back what others changed, too"
ORDER = (Outcome.SUCCEEDED, Outcome.SKIPPED, Outcome.PENDING, Outcome.TIMEOUT, Outcome.FAILED)
"""The groups of services: what matters most comes last, where a terminal still shows it."""


class ServiceRow(msgspec.Struct, frozen=True, rename="camel"):
    """A service of a run; ``now``, ``before`` and ``planned`` are images.

    ``standing`` is what it gets at its next reconcile, ``actuation`` whether what makes it move was
    sent, ``reconcile`` whether it took; ``why`` tells a person where the words come from.
    """

    service: str
    standing: Standing
    actuation: Outcome
    reconcile: Outcome
    why: str
    now: str | None
    before: str | None
    planned: str | None


class OverwrittenRow(msgspec.Struct, frozen=True, rename="camel"):
    """What a rollback was forced to write over; what looks like a credential is hidden in it.

    ``field`` is empty where the whole object was deleted, ``found`` then its manifest; else both
    values are text, as a person reads them.
    """

    object: str
    field: str
    found: Json
    former: str
    writer: str


class LaterRow(msgspec.Struct, frozen=True, rename="camel"):
    """What others set in a field of the run, and still stands; ``field`` as in OverwrittenRow.

    ``argument`` is what `rollback --force-field` takes for it.
    """

    object: str
    field: str
    found: str
    writer: str
    argument: str


class RunStatus(msgspec.Struct, frozen=True, rename="camel"):
    """A run, and where its objects and its services stand now.

    ``limit`` says what keeps from telling more of the services. ``asleep`` are those that KServe
    has not reconciled since. ``later`` is what others changed since, ``overwritten`` what a
    rollback of the run was forced to write over. ``release`` is the KServe that it was begun
    under, ``running`` the one that runs now where that goes by other rules; else empty.
    ``held_for`` is the release of the upgrade that it came before; ``is_part``: for some alone.
    """

    id: str
    state: str
    summary: str
    started: str
    operator: str
    journal: tuple[Entry, ...]
    standings: Mapping[str, Standing]
    services: tuple[ServiceRow, ...]
    limit: str = ""
    asleep: tuple[str, ...] = ()
    later: tuple[LaterRow, ...] = ()
    overwritten: tuple[OverwrittenRow, ...] = ()
    release: str = ""
    running: str = ""
    held_for: str = ""
    is_part: bool = False


class StatusDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What `kmigrate status -o json` writes: of a ``run``, a saved ``plan`` or a ``checkpoint``."""

    api_version: Literal["kmigrate.dev/v1alpha1"] = API_VERSION
    kind: Literal["Status"] = "Status"
    run: RunStatus | None = None
    plan: PlanStatus | None = None
    checkpoint: CheckpointStatus | None = None
    runs: tuple[RunRow, ...] = ()
    checkpoints: tuple[CheckpointLine, ...] = ()


def service_row(found: ServiceOutcome) -> ServiceRow:
    """Return a service as a status shows it."""
    row, words = found.row, (found.standing, found.actuation, found.reconcile)
    images = (found.runs, row.now or row.after_reconcile, row.after_plan)
    return ServiceRow(str(row.service), *words, found.why, *images)


def status_lines(
    shown: RunStatus | None, runs: Sequence[Run], checkpoints: Sequence[CheckpointLine] = ()
) -> Iterator[str]:
    """Yield checkpoints and runs, the run asked for in full, and the next command to type."""
    yield from checkpoint_rows(checkpoints)
    if shown is None:
        yield "no run is recorded"
        latest = max(checkpoints, key=lambda one: one.created, default=None)
        yield f"next: kmigrate status {latest.name}" if latest else "next: kmigrate plan"
        return
    for run in runs:
        if run.head.id != shown.id:
            yield f"run {run.head.id}  {run.state}  {run.head.summary}"
    yield f"run {shown.id}  {shown.state}"
    if shown.running:
        yield f"  begun under KServe {shown.release}, and {shown.running} runs now"
    yield from wrapped(f"  {shown.summary}")
    yield f"  started {shown.started} by {shown.operator}"
    yield from _journal(shown.journal)
    yield from _objects(shown.standings)
    yield from _later(shown.later)
    yield from _overwritten(shown.overwritten)
    yield from _services(shown)
    yield f"next: {_next(shown)}"


def _next(shown: RunStatus) -> str:
    if shown.held_for and shown.state == "applied":
        if shown.running:
            return f"kmigrate check    tells what is wrong under {shown.running}"
        back = f"or:   kmigrate rollback {shown.id}    takes it back before that"
        return f"{after_holding(shown.held_for, is_part=shown.is_part)}\n{back}"
    if shown.later and shown.state == "rolled back in part":
        arguments = {quoted(row.argument) for row in shown.later}
        argument = arguments.pop() if len(arguments) == 1 else "ARGUMENT"
        return FORCE.format(id=shown.id, argument=argument)
    return NEXT[shown.state].format(id=shown.id)


def _journal(journal: Sequence[Entry]) -> Iterator[str]:
    earlier = f"    {count(len(journal) - SHOWN, 'line')} before" if len(journal) > SHOWN else ""
    yield "  journal:"
    yield from filter(None, [earlier])
    for entry in journal[-SHOWN:]:
        wave = f" wave {entry.wave}" if entry.wave >= 0 else ""
        yield f"    {entry.at}  {entry.direction}: {entry.event}{wave}"


def _objects(standings: Mapping[str, Standing]) -> Iterator[str]:
    if standings:
        yield f"  {count(len(standings), 'object')}: {counted(standings.values())}"
    for word in Standing:
        mine = [target for target, standing in standings.items() if standing is word]
        yield from (f"    {word:<8} {target}" for target in mine[:SHOWN])
        yield from _more(len(mine))


def _services(shown: RunStatus) -> Iterator[str]:
    rows = shown.services
    if rows:
        yield f"  {count(len(rows), 'InferenceService')}: {counted(r.standing for r in rows)}"
        yield f"    actuation: {counted(r.actuation for r in rows)}"
        yield f"    reconcile: {counted(r.reconcile for r in rows)}"
    if shown.limit:
        yield from wrapped(f"    {shown.limit}")
    groups: dict[tuple[object, ...], list[ServiceRow]] = {}
    for row in sorted(rows, key=_place):
        key = (row.standing, row.actuation, row.reconcile, row.why, row.now, row.planned)
        groups.setdefault(key, []).append(row)
    if len(groups) > SHOWN:
        yield f"    {count(len(groups) - SHOWN, 'more group')}: -o json shows all"
    for group in list(groups.values())[-SHOWN:]:
        yield from _group(group)


def _place(row: ServiceRow) -> tuple[int, str, str]:
    return (ORDER.index(row.reconcile), row.standing, row.why)


def _group(rows: Sequence[ServiceRow]) -> Iterator[str]:
    first = rows[0]
    yield (
        f"  {first.standing}, actuation {first.actuation}, reconcile {first.reconcile}: "
        f"{len(rows):,}"
    )
    shown = [row.service.removeprefix("InferenceService ") for row in rows[:NAMES_SHOWN]]
    more = f" and {len(rows) - len(shown):,} more" if len(rows) > len(shown) else ""
    yield from wrapped(f"    {', '.join(shown)}{more}")
    yield from wrapped(f"      runs {first.now or '(none seen)'}, {_image(first)}")
    if first.why:
        yield from wrapped(f"      {first.why}")


def _image(row: ServiceRow) -> str:
    places = {row.before: "as before", row.planned: "as planned"}
    if row.planned == row.before:
        places = {row.before: "as before and as planned"}
    return places.get(row.now, f"planned {row.planned or '(none)'}")


def counted(found: Iterable[Standing | Outcome]) -> str:
    """Return ``9 applied, 2 pending``: the words that occur, in their own order."""
    words = list(found)
    return ", ".join(f"{words.count(w):,} {w}" for w in (*Standing, *Outcome) if w in words)


def _later(rows: Sequence[LaterRow]) -> Iterator[str]:
    if rows:
        yield "  changed by others since, which a rollback keeps:"
    for row in rows[:SHOWN]:
        field = f"{row.field} is {row.found}" if row.field else "changed as a whole"
        yield from wrapped(f"    {row.object}: {field}{_by(row.writer)}")
        yield f"      --force-field {quoted(row.argument)}"
    yield from _more(len(rows))


def _overwritten(rows: Sequence[OverwrittenRow]) -> Iterator[str]:
    if rows:
        yield "  overwritten by --force-field (-o yaml shows all of it):"
    for row in rows[:SHOWN]:
        was = f"{row.field} was {row.found}, is {row.former}" if row.field else "deleted"
        yield from wrapped(f"    {row.object}: {was}{_by(row.writer)}")
    yield from _more(len(rows))


def _by(writer: str) -> str:
    return f", last written by {writer}" if writer else ""


def _more(number: int) -> Iterator[str]:
    if number > SHOWN:
        yield f"    and {number - SHOWN:,} more"
