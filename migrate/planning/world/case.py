"""What the checks of a plan look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from migrate.kserve.rules import Rules
from migrate.kserve.services import format_of
from migrate.objects import ObjectRef
from migrate.operations.model import Activation
from migrate.planning.model.exceptions import Carried
from migrate.planning.model.plan import Forecast, ImageRow, Outlook, Stage
from migrate.planning.model.targets import Target
from migrate.planning.model.wanted import Key, Wanted
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot


@dataclass(frozen=True)
class Case:
    """Everything that a check may look at; ``rows`` is the forecast.

    ``images`` are those that are set globally, a mirror's taken for stock. ``written`` are the
    objects that the plan writes, ``stages`` how it is applied,
    ``copies`` the runtimes of namespaces that take the place of those of the cluster, ``carried``
    what is wanted of each of these.
    """

    snapshot: Snapshot
    now: World
    planned: World
    wanted: Mapping[Key, Wanted]
    targets: Sequence[Target]
    rows: Sequence[Forecast]
    images: Sequence[ImageRow]
    written: Sequence[ObjectRef]
    stages: Sequence[Stage]
    copies: Collection[ObjectRef] = ()
    carried: Carried = field(default_factory=dict)

    @property
    def activations(self) -> Sequence[Activation]:
        """What makes the writes act."""
        return [activation for stage in self.stages for activation in stage.activations]

    @property
    def rules(self) -> Rules:
        """The rules of the release."""
        return self.now.rules

    def is_on(self, row: Forecast, runtime: ObjectRef) -> bool:
        """Tell whether a ClusterServingRuntime, or its copy, decides about it after the plan."""
        found = row.runtime_after_plan
        is_copy = found in self.copies and found is not None and found.name == runtime.name
        return found == runtime or is_copy

    def reaching(self, row: Forecast) -> Sequence[Target]:
        """Return what is wanted of the runtime that decides about a service after the plan."""
        found = row.runtime_after_plan
        if found in self.carried and found is not None:
            return self.carried[found]
        if self.copies:
            return ()  # those of the cluster stay as they are
        return [target for target in self.targets if self.is_on(row, target.runtime)]

    def users(self, key: Key) -> Sequence[ObjectRef]:
        """Return the services that get their image from an entry, after the plan."""
        return self.planned.users.get(key, ())

    def format_of(self, ref: ObjectRef) -> str:
        """Return the format of a service's model; empty for containers of its own."""
        return format_of(self.planned.shape(ref))

    def having(self, outlook: Outlook) -> list[Forecast]:
        """Return the services with that outlook."""
        return [row for row in self.rows if row.outlook is outlook]
