"""ClusterServingRuntimes that somebody edited."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.kserve import terms
from migrate.objects import ObjectRef
from migrate.operations.model import Edit
from migrate.planning.stock.images import runtime_rows
from migrate.planning.stock.mirrors import mirror_of, taken_for_stock
from migrate.planning.stock.reset import reset_of
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot


def overridden(snapshot: Snapshot, now: World) -> set[ObjectRef]:
    """Return the ClusterServingRuntimes that are not as the installed distribution ships them.

    Those that a reset would set back, be it another image, a variable or a flag; and those with
    another image than the release's of which it cannot be told to what.
    """
    reset = reset_of(snapshot, now.predictors, {}, ())
    doubtful = {one.entry for one in reset.doubts} & _with_other_images(snapshot, now)
    every = now.config.runtimes.of("").values()
    found = {runtime.ref for runtime in every if f"runtime/{runtime.name}" in doubtful}
    return found | {ref for ref in reset.edits if ref.kind == terms.CLUSTER_RUNTIME}


def other_image_alone(snapshot: Snapshot, now: World) -> set[ObjectRef]:
    """Return those of them that have another image, and nothing else that is not as shipped."""
    edits = reset_of(snapshot, now.predictors, {}, ()).edits
    return {ref for ref in overridden(snapshot, now) if _is_image(edits.get(ref, ()))}


def _is_image(edits: Sequence[Edit]) -> bool:
    return len(edits) == 1 and edits[0].path.endswith(f"/{terms.IMAGE}")


def _with_other_images(snapshot: Snapshot, now: World) -> set[str]:
    rows = runtime_rows(now.config, snapshot.release, ())
    return {row.entry for row in taken_for_stock(rows, mirror_of(rows)) if not row.is_stock}
