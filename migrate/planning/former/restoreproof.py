"""Proving the end of a rollback to a checkpoint: former images, and Ready who was Ready."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import UNSET

from migrate.objects import ObjectRef
from migrate.planning.change.proof import Result
from migrate.planning.model.plan import Forecast


def prove_former(forecast: Iterable[Forecast], images: Mapping[ObjectRef, str]) -> Iterator[Result]:
    """Prove the image of each service that the checkpoint knows; ``images`` is by workload.

    Who came since is not judged. Ready was waited for, of each after its workload was rolled out.
    """
    for row in forecast:
        if row.former is not UNSET:
            found = images.get(row.workload) if row.workload else None
            # One that has no workload had none then, or it was awaited.
            if found is not None or row.now is not None or row.after_plan != row.former:
                yield _of(row, found)


def _of(row: Forecast, found: str | None) -> Result:
    if found != row.former:
        text = f"runs {found or 'no image'}, at the checkpoint {row.former}"
        return Result(row.service, holds=False, text=text)
    return Result(row.service, True, f"runs {found} as at the checkpoint", found != row.now)
