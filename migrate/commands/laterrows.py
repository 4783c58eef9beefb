"""What others changed in the fields of a run, and what a rollback wrote over, for `status`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping

from msgspec import UNSET

from migrate.cluster.port import Cluster
from migrate.credentials import hidden_values
from migrate.errors import BlockedError
from migrate.execute.kept import kept_in
from migrate.execute.run import Entry, Run
from migrate.objects import Manifest, ObjectRef
from migrate.operations.describe import place_of, shown_value
from migrate.operations.overwritten import Overwritten
from migrate.planning.back.later import later_changes
from migrate.planning.model.plan import Plan
from migrate.report.runstatus import LaterRow, OverwrittenRow


def overwritten_by(cluster: Cluster, run: Run, lines: Iterable[Entry]) -> tuple[Overwritten, ...]:
    """Return what these lines of its journal wrote over; nothing where that is lost, and say so.

    It keeps from nothing: what is not known to be approved is kept as it is.
    """
    try:
        return kept_in(cluster, run, lines)
    except BlockedError as error:
        print(f"what was overwritten cannot be told: {error.message}", file=sys.stderr)
        return ()


def later_rows(plan: Plan, live: Mapping[ObjectRef, Manifest | None]) -> Iterator[LaterRow]:
    """Yield what others set since, as far as a rollback can be told to take it back."""
    for one in later_changes(plan, live):
        field = place_of(one.edit) if one.edit else ""
        found = shown_value(one.edit, one.found) if one.edit else ""
        yield LaterRow(str(one.target), field, found, _writer(one), one.argument)


def overwritten_rows(found: Iterable[Overwritten]) -> Iterator[OverwrittenRow]:
    """Yield what was written over, with what looks like a credential hidden."""
    for one in found:
        if one.edit is None:
            whole = None if one.found is UNSET else hidden_values(one.found)
            yield OverwrittenRow(str(one.target), "", whole, "", _writer(one))
        else:
            was, is_now = (shown_value(one.edit, value) for value in (one.found, one.former))
            yield OverwrittenRow(str(one.target), place_of(one.edit), was, is_now, _writer(one))


def _writer(one: Overwritten) -> str:
    return str(one.writer) if one.writer else ""
