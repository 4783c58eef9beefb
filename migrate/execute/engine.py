"""The engine: one way through the waves of a plan, forward and back, and after a crash.

For each operation: read the live object, classify, write by compare-and-set. What was
written before a crash is found applied and skipped; what was not is pending and written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar, assert_never

import msgspec

from migrate.cluster.port import Cluster
from migrate.errors import (
    ApiError,
    ConflictError,
    InvalidError,
    NotFoundError,
    UnreachableError,
)
from migrate.execute import record
from migrate.execute.clock import Clock
from migrate.execute.drift import drifted
from migrate.execute.events import Activated, Event, Finished, Kept, Skipped, Written
from migrate.execute.lease import Lease
from migrate.execute.rest import rest
from migrate.execute.retry import insist
from migrate.execute.rollout import restart
from migrate.execute.run import Entry, EventName, Run
from migrate.execute.sealed import Sealed, tests_of
from migrate.execute.waiting import await_all
from migrate.execute.wake import wake, waking_again
from migrate.objects import Manifest, ObjectRef
from migrate.operations.classify import Standing, classify, parted, standing_of, to_make
from migrate.operations.describe import found_value
from migrate.operations.model import (
    Activation,
    Create,
    Delete,
    Direction,
    Operation,
    Patch,
    Restart,
    Wake,
    Wave,
)
from migrate.operations.patching import json_patch

T = TypeVar("T")
CONFLICTS = 5
"""How often a write is tried again after somebody else was faster."""


@dataclass
class Engine:
    """What the engine works with. ``timeout`` is in seconds, for each wait and for retries.

    With ``keep_foreign`` a field that somebody else changed is left as it is and told;
    without, it stops the engine. ``written`` counts the writes that were begun. An object is
    written only while its ``sealed`` fields are so. ``rehearse`` is called before the writes of
    a wave, with those to come, and raises where the wave may not begin.
    """

    cluster: Cluster
    lease: Lease
    clock: Clock
    tell: Callable[[Event], None]
    timeout: float
    keep_foreign: bool = False
    written: int = 0
    kept: list[Kept] = field(default_factory=list)
    sealed: Sequence[Sealed] = ()
    rehearse: Callable[[Wave, Sequence[Wave]], None] = lambda _wave, _coming: None

    def preflight(self, waves: Sequence[Wave]) -> None:
        """Raise StaleError, before anything is written, where an operation has drifted."""
        if self.keep_foreign:
            return
        operations = [operation for wave in waves for operation in wave.operations]
        found = [(operation, self._seen(operation.target)) for operation in operations]
        bad = [(op, live) for op, live in found if classify(op, live) is Standing.DRIFTED]
        if bad:
            raise drifted(bad)

    def execute(self, run: Run, direction: Direction, waves: Sequence[Wave]) -> Run:
        """Go through the waves; return the run with its journal. Raise what stops it.

        What was reached is to be proven then, and `finish` notes it.
        """
        for number, wave in enumerate(waves):
            rest(wave.pause, self.cluster, self.clock, self.tell, self.guard, self.lease.patience)
            if wave.operations:
                self.rehearse(wave, waves[number + 1 :])
                run = self.note(run, "intent", direction, number)
                for operation in wave.operations:
                    self._settle(operation)
                run = self.note(run, "done", direction, number)
            for activation in wave.activations:
                self._activate(activation)
            self._await(wave)
        return run

    def finish(self, run: Run, direction: Direction, *, whole: bool) -> Run:
        """Note that the direction was gone to its end, and whether all of it was proven."""
        entry = self.entry("finished", direction, whole=whole)
        run = self._append(run, entry)
        self.tell(Finished(run.head.id, direction))
        return run

    def note(self, run: Run, event: EventName, direction: Direction, wave: int = -1) -> Run:
        """Write a line to the journal; nothing is written to the cluster without one."""
        return self._append(run, self.entry(event, direction, wave))

    def _append(self, run: Run, entry: Entry) -> Run:
        self.guard()
        ref = record.ref_of_head(run)
        return self.insist(ref, lambda: record.append(self.cluster, run, entry))

    def entry(
        self, event: EventName, direction: Direction, wave: int = -1, *, whole: bool = True
    ) -> Entry:
        """Return a line for the journal."""
        at = self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        holder, fence = self.lease.holder, self.lease.fence
        return Entry(event, direction, at, holder, fence, wave, self.written, whole)

    def guard(self) -> None:
        """Stop between two writes when asked to, or when the Lease is no longer ours."""
        self.clock.check()
        self.insist(self.lease.ref, self.lease.keep)

    def insist(self, target: ObjectRef, action: Callable[[], T]) -> T:
        """Do it, and again while nobody answers; see retry.insist."""
        pause = self.lease.patience
        return insist(action, target, self.clock, self.tell, self.timeout, pause)

    def _read(self, ref: ObjectRef) -> Manifest | None:
        try:
            return self.cluster.get(ref)
        except NotFoundError:
            return None

    def _seen(self, ref: ObjectRef) -> Manifest | None:
        return self.insist(ref, lambda: self._read(ref))

    def _settle(self, operation: Operation) -> None:
        """Bring the object where the operation wants it, whoever writes in between."""
        last: ApiError
        for _ in range(CONFLICTS):
            try:
                return self.insist(operation.target, lambda: self._once(operation))
            except (ConflictError, InvalidError, NotFoundError) as error:
                last = error
        raise last

    def _once(self, operation: Operation) -> None:
        live = self._read(operation.target)
        match classify(operation, live):
            case Standing.APPLIED:
                self.tell(Skipped(operation, "applied already"))
            case Standing.DRIFTED if not self._may_keep(operation):
                raise drifted([(operation, live)])
            case _:
                self._write(operation, live)

    def _may_keep(self, operation: Operation) -> bool:
        """Tell whether drift can be left where it is: fields can, whole objects cannot."""
        return self.keep_foreign and isinstance(operation.change, Patch)

    def _write(self, operation: Operation, live: Manifest | None) -> None:
        self.guard()
        target = operation.target
        match operation.change:
            case Create(manifest):
                with self._begun():
                    self.cluster.create(manifest)
            case Delete():
                self._delete(target, live)
            case Patch() if live is None:
                return self.tell(Skipped(operation, "the object is gone"))
            case Patch() as change:
                return self._patch(operation, change, live)
            case _:
                assert_never(operation.change)
        return self.tell(Written(operation))

    @contextmanager
    def _begun(self) -> Iterator[None]:
        """Count a write before it is sent: its answer may get lost, but not a refusal."""
        self.written += 1
        try:
            yield
        except ApiError as error:
            self.written -= not isinstance(error, UnreachableError)
            raise

    def _delete(self, target: ObjectRef, live: Manifest | None) -> None:
        assert live is not None  # else it stands as applied
        meta = live["metadata"]
        with self._begun():
            uid, version = meta["uid"], meta["resourceVersion"]
            self.cluster.delete(target, uid=uid, resource_version=version)

    def _patch(self, operation: Operation, change: Patch, live: Manifest) -> None:
        """Make the edits that are pending, and keep what others changed."""
        edits = to_make(change, live)
        for edit in parted(change, live).edits:
            if standing_of(edit, live) is not Standing.APPLIED and edit not in edits:
                self._keep(Kept(operation.target, edit, found_value(edit, live)))
        if edits:
            tests = tests_of(self.sealed, operation.target, edits, live)
            with self._begun():
                self.cluster.patch(operation.target, [*tests, *json_patch(edits, live)])
            self.tell(Written(msgspec.structs.replace(operation, change=Patch(edits))))

    def _keep(self, kept: Kept) -> None:
        if kept not in self.kept:
            self.kept.append(kept)
            self.tell(kept)

    def _activate(self, activation: Activation) -> None:
        self.insist(activation.target, lambda: self._act(activation))
        self.tell(Activated(activation))

    def _act(self, activation: Activation) -> None:
        self.guard()
        with self._begun():
            match activation:
                case Restart(target):
                    restart(self.cluster, target, self.clock)
                case Wake(target):
                    wake(self.cluster, target)
                case _:
                    assert_never(activation)

    def _await(self, wave: Wave) -> None:
        if self.cluster.controllers_act:
            await_all(
                self.cluster,
                wave.conditions,
                self.clock,
                self.tell,
                timeout=self.timeout,
                longest_pause=self.lease.patience,
                meanwhile=waking_again(wave.activations, self.clock, self.guard, self._activate),
            )
