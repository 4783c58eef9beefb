"""Having a controller reconcile one object, without a trace in the object or its pods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import UNSET

from migrate.cluster.lookup import read_or_none
from migrate.cluster.port import Cluster
from migrate.execute.clock import Clock
from migrate.objects import Json, ObjectRef, value_at
from migrate.operations.model import Activation, Condition, Convert, Wake

PATH = "/status/observedGeneration"
AGAIN = 5.0
"""Seconds after which a service that does not move is woken again."""


def wake(cluster: Cluster, target: ObjectRef) -> None:
    """Change ``status.observedGeneration``, and put it back as it was.

    A write of the status is seen by the controller's watch, but by no webhook and no pod.
    From KServe 0.11 on the controller puts the field right itself in the reconcile that
    this causes; up to 0.10 it does not use the field, so it is put back here. A service that
    has gone has nothing to wake up to.
    """
    if (live := read_or_none(cluster, target)) is None:
        return
    former = value_at(live, PATH)
    marked = cluster.patch(target, _merge(_other(former)), subresource="status")
    if value_at(marked, PATH) != former:
        cluster.patch(target, _merge(None if former is UNSET else former), subresource="status")


def waking_again(
    activations: Iterable[Activation],
    clock: Clock,
    guard: Callable[[], None],
    act: Callable[[Sequence[Activation]], None],
) -> Callable[[Sequence[Condition]], None]:
    """Return what guards, and when called after a while wakes again for what is missing.

    A controller may see an edited runtime later than the wake, and go on with the former. What
    was converted cannot be written as it is once more to that end, and is woken.
    """
    targets = [a.target for a in activations if isinstance(a, Wake | Convert)]
    wakes, last = list(map(Wake, targets)), clock.monotonic()

    def again(missing: Sequence[Condition]) -> None:
        nonlocal last
        guard()
        if clock.monotonic() - last < AGAIN:
            return
        behind = {ref for one in missing for ref in (one.target, one.owner)}
        act([each for each in wakes if each.target in behind])
        last = clock.monotonic()

    return again


def _other(former: Json) -> int:
    return int(former) + 1 if isinstance(former, int) else 1


def _merge(value: Json) -> dict[str, Json]:
    return {"status": {"observedGeneration": value}}
