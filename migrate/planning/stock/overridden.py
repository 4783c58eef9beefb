"""What of the global setting somebody set: the released manifests of an upgrade take it away."""

from __future__ import annotations

import msgspec

from migrate.catalog.runtimes import manifests
from migrate.kserve.predictors import Predictors
from migrate.kserve.releases import Release
from migrate.kserve.runtimes import Runtime
from migrate.objects import ObjectRef
from migrate.planning.model.wanted import Key
from migrate.planning.stock.reset import UNKNOWN_PATCH, reset_of
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot


class Overridden(msgspec.Struct, frozen=True):
    """Entries of `predictors` as `--set` spells them, and ClusterServingRuntimes.

    Images that the distribution takes from a mirror are none: see docs/adr/0020.
    """

    entries: frozenset[str] = frozenset()
    runtimes: frozenset[ObjectRef] = frozenset()

    def has_entry(self, key: Key | None) -> bool:
        """Tell whether somebody set that entry."""
        if key is None:
            return False
        parts = (*key[:2], "gpu" if key[2] else "")
        return "/".join(part for part in parts if part) in self.entries

    def has_runtime(self, runtime: Runtime | None) -> bool:
        """Tell whether somebody edited that runtime."""
        return runtime is not None and runtime.ref in self.runtimes


def overridden(snapshot: Snapshot, now: World) -> Overridden:
    """Return what differs from what the installed distribution ships.

    That is what a reset would write, and what a reset leaves since the stock image is open.
    """
    if not isinstance(now.config.predictors, Predictors):
        return Overridden()
    reset = reset_of(snapshot, now.predictors, {}, ())
    open_ = {one.entry for one in reset.doubts if one.text != UNKNOWN_PATCH}
    named = {ref for ref in snapshot.originals if f"runtime/{ref.name}" in open_}
    return Overridden(
        frozenset({one.entry for one in reset.wanted.values()} | open_),
        frozenset(ref for ref in (*reset.edits, *named) if not ref.namespace),
    )


def taken_over(snapshot: Snapshot, release: Release) -> frozenset[ObjectRef]:
    """Return runtimes of somebody's own under names that only that release ships: they go, too."""
    former, later = (manifests(str(one)) for one in (snapshot.release, release))
    own = snapshot.runtimes.of("").items()
    return frozenset(one.ref for name, one in own if name in later and name not in former)
