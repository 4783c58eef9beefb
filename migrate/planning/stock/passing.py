"""The releases that an upgrade passes, and what the released manifests of each leave.

The way is one minor release after the other (``stops_of``). Services stay as they are stored all
the way: KServe converts at a write alone (``inference_service_defaults.go``, 0.8 to 0.20).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from migrate.kserve.admission import admitted
from migrate.kserve.releases import Release
from migrate.kserve.resolution import Resolution
from migrate.kserve.resolver import resolve
from migrate.kserve.services import FormKind
from migrate.objects import ObjectRef
from migrate.planning.stock.upgraded import upgraded
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of


@dataclass(frozen=True)
class Stop:
    """A release on the way: ``snapshot`` is the cluster before it.

    ``after`` is the world that its manifests leave, with every service as it is stored.
    """

    release: Release
    snapshot: Snapshot
    after: World

    known: dict[int, Resolution] = field(default_factory=dict, compare=False)
    """What those get that are alike once they are written, as far as it was asked for."""

    def is_converted(self, ref: ObjectRef) -> bool:
        """Tell whether any write to a service converts it."""
        return self.after.rules.converts_on_write and is_framework(self.after, ref)

    def once_written(self, ref: ObjectRef) -> Resolution:
        """Return what a service gets once it is written; in its pods there may be another name."""
        if not self.is_converted(ref):
            return self.after.shared(ref)
        alike = kin(self.after, ref)
        if alike not in self.known:
            config = self.after.config
            self.known[alike] = resolve(admitted(self.after.services[ref], config), config)
        return self.known[alike]


def kin(world: World, ref: ObjectRef) -> int:
    """Return what services have in common that fare alike, as long as the world is there.

    Those of one shape share a resolution, in a namespace where that has runtimes of its own; who
    is resolved alone shares none (``Resolutions.shared``).
    """
    return id(world.shared(ref))


def is_framework(world: World, ref: ObjectRef) -> bool:
    """Tell whether a service is in the framework form."""
    return world.form(ref).startswith(FormKind.FRAMEWORK)


def passing(snapshot: Snapshot, way: Iterable[Release]) -> Iterator[Stop]:
    """Yield the cluster at each release: what one leaves is what the next one meets."""
    for release in way:
        later = upgraded(snapshot, release)
        assert later.rules is not None
        yield Stop(release, snapshot, world_of(later, later.rules))
        snapshot = later
