"""Other forms in which a release is shipped than the manifests that a plan or a check follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.kserve.releases import Release
from migrate.kserve.resolution import Verdict
from migrate.objects import ObjectRef
from migrate.planning.stock.upgraded import shipped_predictors, upgraded
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of

_CALLED = {"chart": "the Helm chart of", "tagged": "the manifest at the tag of"}


def without_images(
    snapshot: Snapshot, after: World, release: Release, services: Sequence[ObjectRef]
) -> Iterator[tuple[str, list[ObjectRef]]]:
    """Yield what ships no images in `predictors`, and who has one after the upgrade but for that.

    ``snapshot`` is the one before the upgrade, ``after`` what the released manifests leave.
    """
    for variant in shipped_predictors(release)[1:]:
        world = world_of(upgraded(snapshot, release, variant.rows), after.rules)
        lost = [ref for ref in services if _is_broken(world, ref) and not _is_broken(after, ref)]
        if lost:
            yield f"{_CALLED[variant.name]} KServe {release} has no images in predictors", lost


def _is_broken(world: World, ref: ObjectRef) -> bool:
    return world.shared(ref).verdict is Verdict.BROKEN
