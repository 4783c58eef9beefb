"""Bringing one object where an operation wants it, whoever writes in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar, assert_never

import msgspec

from migrate.cluster.going import is_going
from migrate.cluster.lookup import read_or_none
from migrate.cluster.port import Cluster
from migrate.errors import (
    ApiError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    UnreachableError,
)
from migrate.execute.clock import Clock
from migrate.execute.drift import drifted
from migrate.execute.events import Event, Kept, Skipped, Written
from migrate.execute.lease import Lease
from migrate.execute.retry import insist
from migrate.execute.sealed import Sealed, tests_of
from migrate.execute.trial import Rehearse, Trial
from migrate.execute.watching import States
from migrate.objects import Manifest, ObjectRef
from migrate.operations.classify import Standing, classify, parted, standing_of, to_make
from migrate.operations.describe import found_value
from migrate.operations.model import Create, Delete, Operation, Patch
from migrate.operations.patching import json_patch

T = TypeVar("T")
CONFLICTS = 5
"""How often a write is tried again after somebody else was faster."""


@dataclass
class Writer:
    """What writes objects. ``timeout`` is in seconds, for each wait and for retries.

    With ``keep_foreign`` a field that somebody else changed is left as it is and told;
    without, it stops the writer. ``written`` counts the writes that were begun. An object is
    written only while its ``sealed`` fields are so. ``absent`` are objects that were looked for
    and not found: they are created without another look, for a create that comes second fails.
    ``impossible`` are those that were not created as their namespace is being deleted.
    ``may_be_gone`` tells an operation that has no more to change where its object is gone.
    ``states``: see watching.States. ``rehearse``: see trial.Rehearse. Safe for several
    threads; events are told one at a time.
    """

    cluster: Cluster
    lease: Lease
    clock: Clock
    tell: Callable[[Event], None]
    timeout: float
    keep_foreign: bool = False
    parallelism: int = 1
    written: int = 0
    kept: list[Kept] = field(default_factory=list)
    sealed: Sequence[Sealed] = ()
    absent: set[ObjectRef] = field(default_factory=set)
    impossible: list[ObjectRef] = field(default_factory=list)
    states: States = lambda _: ()
    may_be_gone: Callable[[Operation], bool] = lambda _: False
    rehearse: Rehearse = lambda _wave, _coming: ()
    _counting: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.tell = _one_at_a_time(self.tell)

    def guard(self) -> None:
        """Stop between two writes when asked to, or when the Lease is no longer ours."""
        self.clock.check()
        self.insist(self.lease.ref, self.lease.keep)

    def insist(self, target: ObjectRef, action: Callable[[], T]) -> T:
        """Do it, and again while nobody answers; see retry.insist."""
        pause = self.lease.patience
        return insist(action, target, self.clock, self.tell, self.timeout, pause)

    def settle(self, operation: Operation) -> None:
        """Bring the object where the operation wants it, whoever writes in between."""
        self._whoever_writes(operation.target, lambda: self._once(operation))

    def ask(self, trial: Trial) -> None:
        """Raise what the trial raises, whoever writes in between."""
        self._whoever_writes(trial.target, lambda: self._ask(trial))

    def _whoever_writes(self, target: ObjectRef, action: Callable[[], None]) -> None:
        """Do what begins with a read, and again where somebody else was faster."""
        last: ApiError
        for _ in range(CONFLICTS):
            try:
                return self.insist(target, action)
            except (ConflictError, InvalidError, NotFoundError) as error:
                last = error
        raise last

    def _ask(self, trial: Trial) -> None:
        self.guard()
        trial.ask()

    def _once(self, operation: Operation) -> None:
        live = self._look(operation)
        match classify(operation, live):
            case Standing.APPLIED:
                self.tell(Skipped(operation, "applied already"))
            case Standing.DRIFTED if live is None and self.may_be_gone(operation):
                self.tell(Skipped(operation, "the object is gone"))
            case Standing.DRIFTED if not self._may_keep(operation):
                raise drifted([(operation, live)])
            case _:
                self._write(operation, live)

    def _look(self, operation: Operation) -> Manifest | None:
        if isinstance(operation.change, Create) and operation.target in self.absent:
            self.absent.discard(operation.target)
            return None
        return read_or_none(self.cluster, operation.target)

    def _may_keep(self, operation: Operation) -> bool:
        """Tell whether drift can be left where it is: fields can, whole objects cannot."""
        return self.keep_foreign and isinstance(operation.change, Patch)

    def _write(self, operation: Operation, live: Manifest | None) -> None:
        self.guard()
        target = operation.target
        match operation.change:
            case Create(manifest):
                if not self._created(manifest, target):
                    self.impossible.append(target)
                    return self.tell(Skipped(operation, "its namespace is being deleted"))
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
    def begun(self) -> Iterator[None]:
        """Count a write before it is sent: its answer may get lost, but not a refusal."""
        self._count(1)
        try:
            yield
        except ApiError as error:
            if not isinstance(error, UnreachableError):
                self._count(-1)
            raise

    def _count(self, more: int) -> None:
        with self._counting:
            self.written += more

    def _created(self, manifest: Manifest, target: ObjectRef) -> bool:
        """Create it; return False where its namespace is going, and all that is in it.

        Raise the refusal of the API server where that is not why.
        """
        try:
            with self.begun():
                self.cluster.create(manifest)
        except (ForbiddenError, NotFoundError, RefusedError):
            if not is_going(self.cluster, target.namespace):
                raise
            return False
        return True

    def _delete(self, target: ObjectRef, live: Manifest | None) -> None:
        assert live is not None  # else it stands as applied
        meta = live["metadata"]
        with self.begun():
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
            with self.begun():
                self.cluster.patch(operation.target, [*tests, *json_patch(edits, live)])
            self.tell(Written(msgspec.structs.replace(operation, change=Patch(edits))))

    def _keep(self, kept: Kept) -> None:
        if kept not in self.kept:
            self.kept.append(kept)  # of an object that no other thread has in hand
            self.tell(kept)


def _one_at_a_time(tell: Callable[[Event], None]) -> Callable[[Event], None]:
    lock = Lock()

    def tell_alone(event: Event) -> None:
        with lock:
            tell(event)

    return tell_alone
