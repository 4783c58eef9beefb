"""Telling early, and with its cause, that what is awaited does not come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from migrate.cluster.port import Cluster
from migrate.errors import ApiError, RolloutFailedError
from migrate.execute.causes import Around, evidence, news_of, troubles_of
from migrate.execute.clock import Clock
from migrate.execute.events import Event, Troubled
from migrate.execute.troubles import Key, Trouble, Weight
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Activation, Condition, Convert, RolledOut, Wake

States = Callable[[Manifest], Iterable[Trouble]]
"""Reads troubles out of the object on whose behalf a workload is awaited."""

QUIET = 2.0
"""Seconds without progress after which a workload is looked at, and between two looks."""
SKEW = timedelta(seconds=30)
"""How far the cluster's clock and ours may differ, and how long before the wait the write was."""
RECONCILED = 10.0
"""Seconds in which a service was woken twice: what its status says then is no leftover."""
AT_ONCE = 10
"""How many workloads are looked at between two turns of the wait, which keeps the Lease."""
SHOWN = 3


@dataclass
class _Seen:
    """What was seen of one awaited object so far."""

    found: str
    since: float
    first: dict[Key, tuple[float, int]] = field(default_factory=dict)
    before: frozenset[Key] = frozenset()
    kinds: set[type] = field(default_factory=set)
    known: list[Trouble] = field(default_factory=list)


class Watch:
    """Looks for troubles of what is awaited, tells each once, and ends the wait for some.

    What ends it must be found at two looks in a row, and must be news: begun after the wait, by
    the cluster's own word, or happened once more since the first look. So a run that goes on
    after somebody mended the cluster is not ended by what is left of the former failure.
    ``activations`` are those of the wave: a service that was woken has been reconciled since.
    """

    def __init__(
        self,
        cluster: Cluster,
        clock: Clock,
        tell: Callable[[Event], None],
        states: States,
        activations: Iterable[Activation],
    ) -> None:
        self._cluster, self._clock, self._tell = cluster, clock, tell
        self._states = states
        self._woken = {each.target for each in activations if isinstance(each, Wake | Convert)}
        self._began = clock.now() - SKEW
        self._seen: dict[ObjectRef, _Seen] = {}
        self._told: set[tuple[ObjectRef, str, str]] = set()

    def look(self, missing: Sequence[tuple[Condition, str]]) -> None:
        """Look at what has made no progress. Raise RolloutFailedError where it cannot come."""
        around = Around(self._cluster)
        failed = [(c, trouble) for c in self._due(missing) for trouble in self._ending(around, c)]
        if failed:
            told = "\n".join(_report(around, failed))
            raise RolloutFailedError(told, "kmigrate rollback goes back")

    def known(self, target: ObjectRef) -> list[str]:
        """Return what was found at the last look, as text."""
        return (
            [str(trouble) for trouble in self._seen[target].known] if target in self._seen else []
        )

    def _due(self, missing: Sequence[tuple[Condition, str]]) -> list[Condition]:
        """Return what to look at now: first whose pods are to come, then who was not for long."""
        now = self._clock.monotonic()
        first = {condition.target: (condition, found) for condition, found in reversed(missing)}
        due = [(c, self._noted(c.target, found, now)) for c, found in first.values()]
        due = [(c, seen) for c, seen in due if now - seen.since >= QUIET]
        due.sort(key=lambda pair: (not isinstance(pair[0], RolledOut), pair[1].since))
        for _, seen in due[:AT_ONCE]:
            seen.since = now
        return [condition for condition, _ in due[:AT_ONCE]]

    def _noted(self, target: ObjectRef, found: str, now: float) -> _Seen:
        seen = self._seen.setdefault(target, _Seen(found, now))
        if found != seen.found:
            seen.found, seen.since = found, now
        return seen

    def _ending(self, around: Around, condition: Condition) -> list[Trouble]:
        """Look, tell what is new, and return what ends the wait."""
        seen, found = self._seen[condition.target], list(self._find(around, condition))
        now, is_first = self._clock.monotonic(), type(condition) not in seen.kinds
        seen.kinds.add(type(condition))
        for trouble in found:
            seen.first.setdefault(trouble.key, (now, trouble.attempts if is_first else 0))
            self._say(condition, trouble)
        ends = [t for t in found if self._ends(t, seen)]
        seen.before = frozenset(t.key for t in found if t.weight is Weight.REPEATED)
        seen.known = found
        return ends

    def _find(self, around: Around, condition: Condition) -> Iterator[Trouble]:
        if condition.owner is not None:
            yield from self._of_owner(around, condition, condition.owner)
        if isinstance(condition, RolledOut):
            yield from troubles_of(around, condition.target)

    def _of_owner(
        self, around: Around, condition: Condition, owner: ObjectRef
    ) -> Iterator[Trouble]:
        try:
            live = self._cluster.get(owner)
        except ApiError:
            return
        yield from self._states(live)
        if not isinstance(condition, RolledOut):
            news = news_of(around, owner, live["metadata"].get("uid", ""))
            yield from (trouble for trouble in news if self._is_fresh(trouble))

    def _say(self, condition: Condition, trouble: Trouble) -> None:
        # Of ten pods that fail alike, one is told.
        what = (condition.target, trouble.container, trouble.group)
        if trouble.weight is not Weight.USUAL and what not in self._told:
            self._told.add(what)
            self._tell(Troubled(condition.target, trouble, condition.owner))

    def _ends(self, trouble: Trouble, seen: _Seen) -> bool:
        if trouble.weight is not Weight.REPEATED:
            return trouble.weight is Weight.CERTAIN
        since, attempts = seen.first[trouble.key]
        stays = self._clock.monotonic() - since >= RECONCILED
        is_news = (
            self._is_fresh(trouble)
            or trouble.attempts > attempts
            or (trouble.subject in self._woken and stays)
        )
        return is_news and trouble.attempts >= trouble.limit and trouble.key in seen.before

    def _is_fresh(self, trouble: Trouble) -> bool:
        try:
            return datetime.fromisoformat(trouble.since) >= self._began
        except (ValueError, TypeError):
            return False


def _report(around: Around, failed: Sequence[tuple[Condition, Trouble]]) -> Iterator[str]:
    yield "what is awaited cannot come:"
    for condition, trouble in failed[:SHOWN]:
        owner = f"{condition.owner}, " if condition.owner else ""
        yield f"  {owner}{condition.target}"
        yield f"    {trouble}"
        yield from (f"      {line}" for line in evidence(around, trouble))
    if len(failed) > SHOWN:
        yield f"  and {len(failed) - SHOWN} more"
