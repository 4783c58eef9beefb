"""What a plan promised, held against what then was seen."""

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.objects import canonical
from migrate.operations.model import Direction
from migrate.planning.model.plan import Plan
from tests.differential.shapes import Manifest
from tests.forecasts.expected import Promise, name_of, promises
from tests.forecasts.seen import Sight, moved, reported

Seen = dict[str, Sight]


@dataclass(frozen=True)
class Mismatch:
    """Where the promise and what was seen differ about a service."""

    service: str
    field: str
    promised: object
    found: object
    row: str = ""
    manifest: Manifest | None = None

    def __str__(self) -> str:
        told = f"    promised {self.promised!r}\n    found    {self.found!r}"
        return f"{self.service}: {self.field}\n{told}\n    row {self.row}\n    {self.manifest}"


def compare(plan: Plan, direction: Direction, before: Seen, after: Seen) -> Iterator[Mismatch]:
    """Yield every difference, services that nobody told of included."""
    told = {name_of(row) for row in plan.forecast}
    for key in sorted(after.keys() - told):
        yield Mismatch(key, "is not in the forecast", "a row", after[key].rollouts)
    for promise in promises(plan, direction):
        key = name_of(promise.row)
        if key in before and key in after:
            yield from _service(key, promise, before[key], after[key])


def _service(key: str, promise: Promise, before: Sight, after: Sight) -> Iterator[Mismatch]:
    row = canonical(promise.row).decode()
    for field, promised, found in _fields(promise, before, after):
        if promised != found:
            yield Mismatch(key, field, promised, found, row, after.manifest)


def _fields(promise: Promise, before: Sight, after: Sight) -> Iterator[tuple[str, object, object]]:
    is_moved = moved(before, after)
    yield "moves", promise.moves, is_moved or (after.rollouts if promise.moves else False)
    if workload := promise.row.workload:
        found = after.images.get((workload.kind, workload.name))
        # A bare Knative Service may be without an image; with Knative's webhook none is written.
        yield "image", promise.image or None, found or None
    if promise.runtime and after.runtimes:
        yield "runtime in the status", reported(promise.runtime, after.own), after.runtimes
