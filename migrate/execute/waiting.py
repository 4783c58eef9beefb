"""Waiting for conditions, with a deadline, and saying what is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

from msgspec import UNSET

from migrate.cluster.lookup import Read, each_of, read_or_none
from migrate.cluster.port import Cluster
from migrate.errors import UnreachableError, WaitTimeoutError
from migrate.execute.clock import Clock
from migrate.execute.events import Event, Met, Waiting
from migrate.execute.rollout import is_rolled_out, progress
from migrate.execute.watching import Watch
from migrate.objects import ObjectRef, is_terminating, value_at
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
    meanwhile: Callable[[Sequence[Condition]], None],
    watch: Watch | None = None,
) -> None:
    """Return when all conditions are met. ``timeout`` is in seconds, for all of them together.

    ``meanwhile`` is called between two looks, with those that are missing. Raise
    WaitTimeoutError that names what is missing and what was found instead; ``watch`` looks for
    the causes, and raises RolloutFailedError where waiting longer is in vain.
    """
    began, pause = clock.monotonic(), FIRST_PAUSE
    missing: list[Missing] = [(condition, "") for condition in conditions]
    while missing := _unmet(cluster, missing, tell):
        waited = clock.monotonic() - began
        if waited >= timeout:
            raise _late(missing, waited, watch)
        tell(Waiting(_summary(missing), waited))
        meanwhile([condition for condition, _ in missing])
        if watch is not None:
            watch.look(missing)
        clock.sleep(min(pause, max(timeout - waited, 0)))
        pause = min(pause * 1.5, longest_pause, LONGEST_PAUSE)


def unmet(cluster: Cluster, conditions: Sequence[Condition]) -> list[Missing]:
    """Return those that are not met now."""
    return _unmet(cluster, [(condition, "") for condition in conditions], lambda _: None)


def _unmet(
    cluster: Cluster, missing: Sequence[Missing], tell: Callable[[Event], None]
) -> list[Missing]:
    """Look at each; of one object at the first that is not met, for the next build on it.

    An owner is looked at last: what its status says is of the former workloads until then.
    """
    waited_for = {
        condition.owner for condition, _ in missing if condition.owner != condition.target
    }
    of_target: dict[ObjectRef, list[int]] = {}
    unmet = list[tuple[int, Missing]]()
    for number, (condition, found) in enumerate(missing):
        if condition.target in waited_for:
            unmet.append((number, (condition, found)))
        else:
            of_target.setdefault(condition.target, []).append(number)
    for target, read in each_of(cluster, of_target):
        left = [(number, missing[number]) for number in of_target[target]]
        while left:
            number, (condition, _) = left.pop(0)
            is_met, found = _look(cluster, condition, read)
            if not is_met:
                unmet += [(number, (condition, found)), *left]
                break
            tell(Met(condition, found))
    return [one for _, one in sorted(unmet, key=lambda pair: pair[0])]


def _look(cluster: Cluster, condition: Condition, read: Read) -> tuple[bool, str]:
    """Tell whether it is met, and what was found."""
    try:
        live = read()
        if live is None:
            return _absent(cluster, condition)
    except UnreachableError as error:
        return False, error.message
    if condition.owner == condition.target and is_terminating(live):
        return True, f"{condition.owner} is being deleted"
    match condition:
        case RolledOut():
            return is_rolled_out(live), progress(live)
        case Holds(_, path, value):
            found = value_at(live, path)
            return is_met(found, value), "nothing" if found is UNSET else str(found)
        case _:
            assert_never(condition)


def _absent(cluster: Cluster, condition: Condition) -> tuple[bool, str]:
    """Tell whether it is of an owner for whom nobody makes the object again."""
    if condition.owner is None:
        return False, "no such object"
    owner = read_or_none(cluster, condition.owner)
    if owner is None:
        return True, f"{condition.owner} is gone"
    if is_terminating(owner):
        return True, f"{condition.owner} is being deleted"
    return False, "no such object"


def _summary(missing: Sequence[Missing]) -> str:
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f"until {describe_condition(missing[0][0])}{more}"


def _late(missing: Sequence[Missing], waited: float, watch: Watch | None) -> WaitTimeoutError:
    lines = []
    for condition, found in sorted(missing, key=lambda one: not one[1])[:SHOWN]:
        lines.append(f"  {describe_condition(condition)}; found: {found or 'not looked at yet'}")
        lines.extend(f"    {told}" for told in (watch.known(condition.target) if watch else ()))
    if len(missing) > SHOWN:
        lines.append(f"  and {len(missing) - SHOWN} more")
    return WaitTimeoutError(
        f"waited {waited:.0f} s (--timeout); still expected:\n" + "\n".join(lines),
        "kmigrate status; then kmigrate apply goes on, kmigrate rollback goes back",
    )
