"""What a strategy makes of a snapshot: the one thing in which strategies differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from migrate.objects import ObjectRef
from migrate.operations.model import Operation
from migrate.planning.model.exceptions import Carried
from migrate.planning.model.plan import Finding, Forecast, Stage
from migrate.planning.model.targets import Target
from migrate.planning.model.wanted import Key, Wanted
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot

Stages = Mapping[str, tuple[Stage, ...]]
"""The stages of both directions: ``apply`` and ``rollback``."""


@dataclass(frozen=True)
class Course:
    """The operations, the world that they lead to, and how to get there.

    ``after`` is the snapshot as the operations leave it, ``planned`` its world. ``stages`` makes
    the stages once it is told what becomes of every service. ``wanted`` and ``targets`` say what
    is asked for, ``findings`` what the strategy found itself, and ``sealed`` names objects that
    the operations rely on beside those that services follow, ``copies`` the runtimes of namespaces
    that take the place of those of the cluster. ``carried`` is what is wanted of each of these,
    ``stays`` names the services that a rollback leaves as the plan has them, ``back`` is the world
    that it leads to where that is not the one of before, and ``upgraded`` the world after an
    upgrade to come, where the plan is for one.
    """

    operations: tuple[Operation, ...]
    after: Snapshot
    planned: World
    stages: Callable[[Sequence[Forecast]], Stages]
    wanted: Mapping[Key, Wanted]
    targets: Sequence[Target]
    findings: tuple[Finding, ...] = ()
    sealed: tuple[ObjectRef, ...] = ()
    copies: frozenset[ObjectRef] = frozenset()
    carried: Carried = field(default_factory=dict)
    stays: frozenset[ObjectRef] = frozenset()
    back: World | None = None
    upgraded: World | None = None
