"""Checks of a rollback to a checkpoint: who is not as he was then, and what was since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from migrate.objects import ObjectRef
from migrate.planning.former.checks_since import Seen, beside, foreign, gone, services, stays
from migrate.planning.former.restorestays import Restoration
from migrate.planning.model import codes
from migrate.planning.model.findings import as_warning, finding
from migrate.planning.model.plan import Finding, Forecast
from migrate.planning.world.snapshot import Snapshot


def restore_findings(
    snapshot: Snapshot,
    found: Restoration,
    rows: Sequence[Forecast],
    called: str,
    trouble: str,
) -> list[Finding]:
    """Return what is found beside the checks of every plan.

    ``rows`` have the former images, ``called`` is what a person calls the checkpoint, ``trouble``
    why the configuration of now cannot be read.
    """
    back = f"kmigrate plan --from-checkpoint {called} --to-runtimes"
    has_runtimes = snapshot.rules is not None and snapshot.rules.knows_model
    remedy = f"{back} gives it back from a runtime of the namespace" if has_runtimes else _EXPLAIN
    seen = Seen(snapshot, found, rows, remedy, trouble)
    return [one for check in _CHECKS for one in check(seen)]


_EXPLAIN = "kmigrate explain NAMESPACE/NAME shows what decides about it"


def _unreadable(seen: Seen) -> Iterator[Finding]:
    """Tell that nothing can be told of the next reconcile without this."""
    if seen.trouble:
        text = f"{seen.trouble}; so what is told of the next reconcile is as after the rollback"
        yield as_warning(finding(codes.BROKEN_PART, text))


def _half(seen: Seen) -> Iterator[Finding]:
    """Tell that the checkpoint holds half of a change."""
    if run := seen.checkpoint.unfinished:
        text = (
            f"the checkpoint was made while run {run} was under way: half of its change comes back"
        )
        yield finding(codes.HALF_A_RUN, text, "kmigrate plan shows what is set then")


def _images(seen: Seen) -> Iterator[Finding]:
    """Find who does not get the image that it had, and above all who loses it by this."""
    bad = [row for row in seen.judged if _coming(row) != row.former]
    losing = [row for row in bad if _loses(row)]
    fix = seen.remedy
    for row, those in _grouped(losing, _pair):
        text = f"runs {row.former} as at the checkpoint, and would get {_coming(row) or 'no image'}"
        yield finding(codes.LOSES_FORMER, f"{text}: {row.reason}", fix, those)
    others = [row for row in bad if not _loses(row)]
    for row, those in _grouped(others, _pair):
        text = f"ran {row.former} at the checkpoint, will run {_coming(row) or 'no image'}"
        yield finding(codes.NOT_AS_BEFORE, f"{text}: {row.reason}", fix, those)


def _loses(row: Forecast) -> bool:
    return row.now == row.former and row.restarts


def _coming(row: Forecast) -> str | None:
    """Return the image that a service will run: who is not reconciled keeps what it has."""
    return row.now if row.after_plan is None else row.after_plan


def _pair(row: Forecast) -> tuple[str, ...]:
    return (str(row.former), _coming(row) or "", row.reason)


def _grouped(
    rows: Iterable[Forecast], key: Callable[[Forecast], tuple[str, ...]]
) -> Iterator[tuple[Forecast, list[ObjectRef]]]:
    groups: defaultdict[tuple[str, ...], list[Forecast]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    for each in sorted(groups):
        yield groups[each][0], [row.service for row in groups[each]]


def _new(seen: Seen) -> Iterator[Finding]:
    """Tell who came since: nobody knows what it ought to run."""
    came = [row for row in seen.rows if row.service not in seen.found.meanings]
    for row, those in _grouped(came, lambda row: (_coming(row) or "",)):
        text = f"created since the checkpoint; they will run {_coming(row) or 'no image'}"
        yield finding(codes.NEW_SERVICES, f"{text}, and are not judged", objects=those)


_CHECKS: tuple[Callable[[Seen], Iterator[Finding]], ...] = (
    _unreadable,
    _half,
    _images,
    _new,
    gone,
    services,
    foreign,
    stays,
    beside,
)
