"""Waiting for conditions, with a deadline, and saying what is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

from msgspec import UNSET

from migrate.cluster.port import Cluster
from migrate.errors import NotFoundError, UnreachableError, WaitTimeoutError
from migrate.execute.clock import Clock
from migrate.execute.events import Event, Met, Waiting
from migrate.execute.rollout import is_rolled_out, progress
from migrate.execute.watching import Watch
from migrate.objects import Manifest, ObjectRef, value_at
from migrate.operations.classify import is_met
from migrate.operations.describe import describe_condition
from migrate.operations.model import Condition, Holds, RolledOut

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
SHOWN = 10

Missing = tuple[Condition, str]
"""A condition, and what was found instead of what it expects."""


def await_all(
    cluster: Cluster,
    conditions: Sequence[Condition],
    clock: Clock,
    tell: Callable[[Event], None],
    *,
    timeout: float,
    longest_pause: float = LONGEST_PAUSE,
    meanwhile: Callable[[], None],
    watch: Watch | None = None,
) -> None:
    """Return when all conditions are met. ``timeout`` is in seconds, for all of them together.

    ``meanwhile`` is called between two looks. Raise WaitTimeoutError that names what is
    missing and what was found instead; ``watch`` looks for the causes, and raises
    RolloutFailedError where waiting longer is in vain.
    """
    began, pause = clock.monotonic(), FIRST_PAUSE
    missing: list[Missing] = [(condition, "") for condition in conditions]
    while missing := _unmet(cluster, missing, tell):
        waited = clock.monotonic() - began
        if waited >= timeout:
            raise _late(missing, waited, watch)
        tell(Waiting(_summary(missing), waited))
        meanwhile()
        if watch is not None:
            watch.look(missing)
        clock.sleep(min(pause, max(timeout - waited, 0)))
        pause = min(pause * 1.5, longest_pause, LONGEST_PAUSE)


def _unmet(
    cluster: Cluster, missing: Sequence[Missing], tell: Callable[[Event], None]
) -> list[Missing]:
    """Look at each; of one object at the first that is not met, for the next build on it."""
    unmet: list[Missing] = []
    behind: set[ObjectRef] = set()
    for condition, before in missing:
        is_met, found = (False, before) if condition.target in behind else _look(cluster, condition)
        if is_met:
            tell(Met(condition, found))
        else:
            unmet.append((condition, found))
            behind.add(condition.target)
    return unmet


def _look(cluster: Cluster, condition: Condition) -> tuple[bool, str]:
    """Tell whether it is met, and what was found."""
    try:
        live = _read(cluster, condition.target)
        if live is None:
            return _absent(cluster, condition)
    except UnreachableError as error:
        return False, error.message
    match condition:
        case RolledOut():
            return is_rolled_out(live), progress(live)
        case Holds(_, path, value):
            found = value_at(live, path)
            return is_met(found, value), "nothing" if found is UNSET else str(found)
        case _:
            assert_never(condition)


def _absent(cluster: Cluster, condition: Condition) -> tuple[bool, str]:
    if condition.owner is not None and _read(cluster, condition.owner) is None:
        return True, f"{condition.owner} is gone"
    return False, "no such object"


def _read(cluster: Cluster, ref: ObjectRef) -> Manifest | None:
    try:
        return cluster.get(ref)
    except NotFoundError:
        return None


def _summary(missing: Sequence[Missing]) -> str:
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f"until {describe_condition(missing[0][0])}{more}"


def _late(missing: Sequence[Missing], waited: float, watch: Watch | None) -> WaitTimeoutError:
    lines = []
    for condition, found in missing[:SHOWN]:
        lines.append(f"  {describe_condition(condition)}; found: {found}")
        lines.extend(f"    {told}" for told in (watch.known(condition.target) if watch else ()))
    if len(missing) > SHOWN:
        lines.append(f"  and {len(missing) - SHOWN} more")
    return WaitTimeoutError(
        f"waited {waited:.0f} s (--timeout); still expected:\n" + "\n".join(lines),
        "kmigrate status; then kmigrate apply goes on, kmigrate rollback goes back",
    )
