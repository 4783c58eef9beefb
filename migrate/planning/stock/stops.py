"""The releases that an upgrade stops at on its way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrate.catalog.runtimes import releases
from migrate.errors import UsageError
from migrate.kserve.releases import Release, parse_release
from migrate.planning.stock.upgraded import is_shipped


def stops_of(
    running: Release, target: Release, via: Sequence[Release] = (), *, direct: bool = False
) -> tuple[Release, ...]:
    """Return where an upgrade stops, in their order; the target comes last.

    These are the releases of ``via``; without any, the newest known patch release of each minor
    between the two, or none where it is ``direct``. Raise UsageError for a target that is not
    known or not newer, and for a stop that is not between the two.
    """
    _refuse_target(running, target)
    if via and direct:
        raise UsageError(
            "--via and --direct contradict each other", "leave one of them out; see docs/check.md"
        )
    for stop in via:
        _refuse_stop(running, target, stop)
    between = set(via) or (set[Release]() if direct else _newest_between(running, target))
    return tuple(sorted({*between, target}))


def known() -> tuple[Release, ...]:
    """Return the releases of which is known what they ship, oldest first."""
    return tuple(map(parse_release, releases()))


def _newest_between(running: Release, target: Release) -> set[Release]:
    first, last = ((one.major, one.minor) for one in (running, target))
    return {one for one in _newest(running) if first < (one.major, one.minor) < last}


def _refuse_target(running: Release, target: Release) -> None:
    if target <= running:
        raise UsageError(
            f"--target {target}: expected a release after the one that runs, found {running}",
            f"known are {_listed(newer)}" if (newer := _newest(running)) else "none is known yet",
        )
    if not is_shipped(target):
        raise UsageError(f"--target {target}: no release that is known", _choices(target))


def _refuse_stop(running: Release, target: Release, stop: Release) -> None:
    if not is_shipped(stop):
        raise UsageError(f"--via {stop}: no release that is known", _choices(stop))
    if not running < stop <= target:
        raise UsageError(
            f"--via {stop}: expected a stop between {running}, which runs, and {target}",
            "leave it out, or name another --target",
        )


def _choices(asked: Release) -> str:
    """Say which releases are known: those of the same minor where there are any."""
    same = [one for one in known() if (one.major, one.minor) == (asked.major, asked.minor)]
    return f"known are {_listed(same or _newest(None))}"


def _newest(after: Release | None) -> list[Release]:
    """Return the newest known patch release of each minor after one, or of all."""
    newest = {(one.major, one.minor): one for one in known()}
    return [one for one in newest.values() if after is None or one > after]


def _listed(found: Iterable[Release]) -> str:
    return ", ".join(map(str, found))
