"""What forbids to take copies away: services that would not get back what they had before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from migrate.errors import BlockedError
from migrate.kserve.resolution import Resolution
from migrate.kserve.runtimes import Runtime
from migrate.objects import ObjectRef, count
from migrate.operations.overwritten import argument
from migrate.planning.model.plan import Forecast, Outlook, Plan
from migrate.planning.world.activation import WOKEN
from migrate.planning.world.closure import settled, used
from migrate.planning.world.copies import SOURCE_DIGEST, digest_of_source, is_ours
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot

SHOWN = 10
"""How many services an error names."""
_UNTOLD = (Outlook.BROKEN, Outlook.CANNOT_TELL)


def refuse_lost(plan: Plan, worlds: tuple[World, World], leaving: Iterable[Forecast]) -> None:
    """Raise BlockedError where services would have no runtime once the copies have gone.

    ``worlds`` are the one in which the copies are there, and the one in which they have gone;
    ``leaving`` are the services that use them. Who had no runtime before the run has none again.
    """
    applied, back = worlds
    had_none = {row.service for row in plan.forecast if _had_none(row)}
    bad = [
        row
        for row in leaving
        if (used(back, row.service) is None or row.outlook in _UNTOLD)
        and row.service not in had_none
    ]
    if not bad:
        return
    copies = sorted({str(used(applied, row.service)) for row in bad})[:SHOWN]
    reasons = "; ".join(sorted({back.shared(row.service).reason for row in bad})[:SHOWN])
    raise BlockedError(
        f"{', '.join(copies)}: once taken away, {count(len(bad), 'InferenceService')} would have "
        f"no runtime that can be told ({reasons}): {_names(bad)}",
        "put the ClusterServingRuntime of that name back as it was before the run, "
        "then kmigrate rollback again",
    )


def _had_none(row: Forecast) -> bool:
    """Tell whether a service had no runtime before the run; of who is left alone nobody knows."""
    return row.runtime is None and row.outlook is not Outlook.NOT_AFFECTED


def moved_since(
    plan: Plan,
    snapshot: Snapshot,
    worlds: tuple[World, World],
    leaving: Iterable[Forecast],
) -> list[Forecast]:
    """Return the services that would get another image, or other pods, than before.

    They do if the ClusterServingRuntime, to which they go back, was changed meanwhile, or if a
    copy that stays takes them. Who came since has no image of before. ``worlds`` and ``leaving``
    are as for ``refuse_lost``.
    """
    # Who had not been reconciled for long may get what was set for it then.
    former = {
        row.service: (row.now or row.after_reconcile, row.after_rollback) for row in plan.forecast
    }
    return [
        row
        for row in leaving
        if row.outlook in WOKEN
        and (
            row.after_plan not in former.get(row.service, (row.after_plan,))
            or _gets_others(snapshot, worlds, row.service)
        )
    ]


def refuse_moved(
    bad: Sequence[Forecast], later: Mapping[ObjectRef, str], kept: Collection[ObjectRef]
) -> None:
    """Raise BlockedError where services would not get what they had before: see moved_since.

    ``later`` is the newest run that wrote each object since, ``kept`` are the copies that somebody
    changed.
    """
    if not bad:
        return
    sources = sorted({str(row.runtime_after_plan) for row in bad})[:SHOWN]
    runs = {later[ref] for row in bad if (ref := row.runtime_after_plan) in later and ref}
    ways = [f"kmigrate rollback {run}, then this again" for run in sorted(runs, reverse=True)]
    takers = {argument(ref) for row in bad if (ref := row.runtime_after_plan) in kept and ref}
    ways += [f"this again with --force-field {name}, which deletes it" for name in sorted(takers)]
    raise BlockedError(
        f"{', '.join(sources)}: changed since the run, so {count(len(bad), 'InferenceService')} "
        f"would not get the image and the pods of before: {_names(bad)}",
        next(
            iter(ways),
            "put it back as it was before the run: kubectl edit; its image also by "
            "kmigrate apply --set runtime/NAME=IMAGE",
        ),
    )


def _gets_others(snapshot: Snapshot, worlds: tuple[World, World], ref: ObjectRef) -> bool:
    """Tell whether a changed runtime gives pods that differ from those on the copy of it.

    The copy names the digest of what it was made of: unchanged, that gives what was before. So
    does a copy of an earlier run: what that set is meant to differ.
    """
    applied, back = worlds
    copy, source = _runtime(applied, ref), _runtime(back, ref)
    if copy is None or source is None or is_ours(source):
        return False
    live = snapshot.originals.get(source.ref)
    if live and digest_of_source(live) == copy.metadata.annotation(SOURCE_DIGEST):
        return False
    if _but_image(applied.shared(ref)) == _but_image(back.shared(ref)):
        return False
    return _but_image(applied.resolved[ref]) != _but_image(back.resolved[ref])


def _runtime(world: World, ref: ObjectRef) -> Runtime | None:
    return settled(world, ref).runtime


def _but_image(found: Resolution) -> tuple[object, ...]:
    """Return the pods without the image of the model: the run may have set that."""
    pods = [pod for pod in (found.pod, found.workers) if pod is not None]
    containers = [
        ({key: value for key, value in pod.container.items() if key != "image"}, pod.containers[1:])
        for pod in pods
    ]
    return (containers, [(pod.fields, pod.labels, pod.annotations) for pod in pods])


def _names(rows: Sequence[Forecast]) -> str:
    names = ", ".join(str(row.service) for row in rows[:SHOWN])
    return f"{names} and {len(rows) - SHOWN} more" if len(rows) > SHOWN else names
