"""The engine: one way through the waves of a plan, forward and back, and after a crash.

For each operation: read the live object, classify, write by compare-and-set. What was
written before a crash is found applied and skipped; what was not is pending and written.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import groupby
from typing import TypeVar, assert_never

import msgspec

from migrate.cluster.lookup import each_of, read_or_none
from migrate.errors import InterruptError, LockedError
from migrate.execute import record
from migrate.execute.convert import convert
from migrate.execute.drift import drifted
from migrate.execute.events import Activated, Failed, Finished, Progress
from migrate.execute.extent import Extent, extents
from migrate.execute.kept import keep
from migrate.execute.rest import rest
from migrate.execute.rollout import restart
from migrate.execute.run import Entry, EventName, Run
from migrate.execute.tally import Tally
from migrate.execute.trial import Trial
from migrate.execute.waiting import await_all, unmet
from migrate.execute.wake import wake, waking_again
from migrate.execute.watching import Watch
from migrate.execute.workers import each
from migrate.execute.writing import Writer
from migrate.objects import Manifest, ObjectRef
from migrate.operations.classify import Standing, classify
from migrate.operations.model import (
    Activation,
    Convert,
    Direction,
    Operation,
    Restart,
    Wake,
    Wave,
)
from migrate.operations.overwritten import Overwritten

Item = TypeVar("Item", Operation, Activation, Trial)
BATCH = 50
"""So many operations are noted at once before the first of them is written, where waves are
small: the journal then costs far fewer requests than the writes, and stays small itself."""


class Engine(Writer):
    """A writer that goes through waves, by as many threads as ``parallelism`` allows.

    What is of one kind in a wave is done in parallel; other kinds come before or after it, as
    the wave has them.
    """

    extent: Extent | None = None

    def preflight(self, waves: Sequence[Wave]) -> None:
        """Raise StaleError, before anything is written, where an operation has drifted."""
        planned = {op.target: op for wave in waves for op in wave.operations}
        if self.keep_foreign or not planned:
            return
        first = next(iter(planned))
        if bad := self.insist(first, lambda: self._drifted(planned)):
            raise drifted(bad)

    def ask_all(self, trials: Iterable[Trial]) -> None:
        """Raise what one of the trials raises; see trial.Trial."""
        self._each(list(trials), self.ask)

    def _drifted(
        self, planned: dict[ObjectRef, Operation]
    ) -> list[tuple[Operation, Manifest | None]]:
        """Look at each object; remember which are not there."""
        bad = []
        for target, read in each_of(self.cluster, planned):
            live = read()
            if live is None:
                self.absent.add(target)
            is_lost = live is None and self.may_be_gone(planned[target])
            if not is_lost and classify(planned[target], live) is Standing.DRIFTED:
                bad.append((planned[target], live))
        return bad

    def execute(
        self, run: Run, direction: Direction, waves: Sequence[Wave], *, resumed: bool = False
    ) -> Run:
        """Go through the waves; return the run with its journal. Raise what stops it.

        What was reached is to be proven then, and `finish` notes it. ``resumed``: another process
        has begun. Before a wave in which something is left to do there is a pause, where that is
        so of one before it, too.
        """
        batches, owed, did = batches_of(waves), list[Entry](), False
        pauses = self.cluster.controllers_act and any(wave.pause for wave in waves)
        for number, (wave, extent) in enumerate(zip(waves, extents(waves), strict=True)):
            self._enter(extent)
            is_due = pauses and self._is_due(wave, resumed=resumed)
            if is_due and did and wave.pause:
                rest(wave.pause, self.clock, self.tell, self.guard, self.lease.patience)
            did = did or is_due
            if wave.operations:
                self.ask_all(self.rehearse(wave, waves[number + 1 :]))
            if number in batches:
                intent = self.entry("intent", direction, batches[number])
                run, owed = self._append(run, *owed, intent), []
            self._each_kind(wave.operations, _kind_of, self.settle)
            if number in batches.values():
                owed = [self.entry("done", direction, number)]
            if owed and number == max(batches.values()):
                run, owed = self._append(run, *owed), []
            self._each_kind(wave.activations, type, self._activate)
            self._await(wave)
        return run

    def _enter(self, extent: Extent | None) -> None:
        self.extent = extent
        if extent is not None:
            self.tell(Progress(0, 0, (), extent))

    def _is_due(self, wave: Wave, *, resumed: bool) -> bool:
        return any(map(self._is_left, wave.operations)) or self._is_asleep(wave, resumed=resumed)

    def _is_left(self, operation: Operation) -> bool:
        target = operation.target
        live = self.insist(target, lambda: read_or_none(self.cluster, target))
        return classify(operation, live) is not Standing.APPLIED

    def _is_asleep(self, wave: Wave, *, resumed: bool) -> bool:
        """Tell whether somebody is still to be woken: a wake leaves no trace but what it led to."""
        met = resumed and not unmet(self.cluster, wave.conditions)
        return bool(wave.activations) and not met

    def finish(self, run: Run, direction: Direction, *, whole: bool) -> Run:
        """Note that the direction was gone to its end, and whether all of it was proven."""
        entry = self.entry("finished", direction, whole=whole)
        run = self._append(run, entry)
        self.tell(Finished(run.head.id, direction, whole))
        return run

    def start(
        self,
        run: Run,
        direction: Direction,
        forced: Sequence[Overwritten] = (),
        left_out: tuple[tuple[int, int], ...] = (),
    ) -> Run:
        """Note that a direction is gone; what it is forced to write over is kept before that."""
        self.guard()
        ref = record.ref_of_head(run)
        parts = self.insist(ref, lambda: keep(self.cluster, run, forced))
        entry = self.entry("started", direction)
        noted = msgspec.structs.replace(entry, overwritten=parts, left_out=left_out)
        return self._append(run, noted)

    def _append(self, run: Run, *entries: Entry) -> Run:
        self.guard()
        ref = record.ref_of_head(run)
        return self.insist(ref, lambda: record.append(self.cluster, run, *entries))

    def entry(
        self, event: EventName, direction: Direction, wave: int = -1, *, whole: bool = True
    ) -> Entry:
        """Return a line for the journal."""
        at = self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        holder, fence = self.lease.holder, self.lease.fence
        return Entry(event, direction, at, holder, fence, wave, self.written, whole)

    def _each_kind(
        self,
        items: Sequence[Item],
        kind: Callable[[Item], Hashable],
        action: Callable[[Item], None],
    ) -> None:
        for _, group in groupby(items, kind):
            self._each(list(group), action)

    def _each(self, items: Sequence[Item], action: Callable[[Item], None]) -> None:
        tally = Tally(len(items), self.clock, self.tell, self.extent)

        def one(item: Item) -> None:
            with tally.under_way(item.target):
                action(item)

        each(items, one, self.parallelism, self._left_over)

    def _left_over(self, item: Operation | Activation | Trial, error: BaseException) -> None:
        """Tell a failure beside the one that is raised; a stop and a lost Lease hit all alike."""
        if not isinstance(error, InterruptError | LockedError):
            self.tell(Failed(item.target, str(error)))

    def _activate(self, activation: Activation) -> None:
        self.insist(activation.target, lambda: self._act(activation))
        self.tell(Activated(activation))

    def _act(self, activation: Activation) -> None:
        self.guard()
        with self.begun():
            match activation:
                case Restart(target):
                    restart(self.cluster, target, self.clock)
                case Wake(target):
                    wake(self.cluster, target)
                case Convert(target, path):
                    convert(self.cluster, target, path)
                case _:
                    assert_never(activation)

    def _await(self, wave: Wave) -> None:
        def act(wakes: Sequence[Activation]) -> None:
            self._each(wakes, self._activate)

        if self.cluster.controllers_act:
            await_all(
                self.cluster,
                wave.conditions,
                self.clock,
                self.tell,
                timeout=self.timeout,
                longest_pause=self.lease.patience,
                meanwhile=waking_again(wave.activations, self.clock, self.guard, act),
                watch=Watch(self.cluster, self.clock, self.tell, self.states, wave.activations),
            )


def _kind_of(operation: Operation) -> Hashable:
    target = operation.target
    return target.api_version, target.kind, type(operation.change)


def batches_of(waves: Sequence[Wave]) -> dict[int, int]:
    """Return the batches that are noted together: by their first wave the last one.

    A batch holds one wave with operations, and further ones up to BATCH operations in all, but
    none after a pause: who stops a run in one has not begun with what comes after it.
    """
    batches: dict[int, int] = {}
    first, held = 0, BATCH
    for number, wave in enumerate(waves):
        if not wave.operations:
            continue
        if held + len(wave.operations) > BATCH or wave.pause:
            first, held = number, 0
        held += len(wave.operations)
        batches[first] = number
    return batches
