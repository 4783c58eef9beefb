"""Proving the end of a rollback to a checkpoint: former images, and Ready who was Ready."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import UNSET

from migrate.objects import Json, ObjectRef
from migrate.operations.model import Holds
from migrate.planning.pinstages import READY
from migrate.planning.plan import Forecast
from migrate.planning.proof import Result


def prove_former(
    forecast: Iterable[Forecast],
    images: Mapping[ObjectRef, str],
    unready: Collection[ObjectRef],
) -> Iterator[Result]:
    """Prove the image of each service that the checkpoint knows; ``images`` is by workload.

    Who came since is not judged. ``unready`` are those that ought to be Ready and are not.
    """
    for row in forecast:
        if row.former is not UNSET:
            found = images.get(row.workload) if row.workload else None
            # One that has no workload had none then, or it was awaited.
            if found is not None or row.now is not None or row.after_plan != row.former:
                yield _of(row, found, is_ready=row.service not in unready)


def _of(row: Forecast, found: str | None, *, is_ready: bool) -> Result:
    if found != row.former:
        text = f"runs {found or 'no image'}, at the checkpoint {row.former}"
        return Result(row.service, holds=False, text=text)
    if not is_ready:
        text = f"runs {found} as at the checkpoint, but is not Ready any more"
        return Result(row.service, holds=False, text=text)
    return Result(row.service, True, f"runs {found} as at the checkpoint", found != row.now)


def parted(awaited: Sequence[Holds]) -> tuple[list[Holds], list[Holds]]:
    """Return what is awaited of the readiness of services, and what of all else."""
    ready = [one for one in awaited if one.path == READY]
    return ready, [one for one in awaited if one.path != READY]


def unready_in(ready: Iterable[Holds], found: Mapping[Holds, Json]) -> set[ObjectRef]:
    """Return who is not Ready; ``found`` is what the fields hold now, of those that are there."""
    return {one.owner for one in ready if one in found and found[one] != one.value}
