"""A plan: everything that will be done, in both directions, and what is known about it.

Equal inputs give byte-equal plans: there is no clock and no machine in here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from migrate.kserve import terms
from migrate.kserve.rollouts import Rollout
from migrate.objects import ObjectRef, canonical, sha256
from migrate.operations.invert import invert
from migrate.operations.model import Activation, Condition, Direction, Operation, Wave
from migrate.planning.model.desired import Options
from migrate.planning.model.strategy import Strategy

API_VERSION: Final = "kmigrate.dev/v1alpha1"


class Severity(StrEnum):
    """An error blocks the plan unless it is accepted; the others are to be read."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What a check found. ``code`` is stable (docs/findings.md); ``objects`` may be many."""

    code: str
    severity: Severity
    text: str
    fix: str = ""
    objects: tuple[ObjectRef, ...] = ()
    accepted: bool = False

    @property
    def blocks(self) -> bool:
        """Whether the plan may not be applied because of this."""
        return self.severity is Severity.ERROR and not self.accepted


class Reach(StrEnum):
    """What becomes of an image that is set globally."""

    EFFECTIVE = "effective"
    PARTLY = "partly effective"
    UNTAGGED = "effective but for its tag"
    """Its repository acts; pins in all of the services keep tags of their own."""
    INEFFECTIVE = "without effect"
    """Pins, images of their own or the form of the services keep it from all of them."""
    HIDDEN = "hidden by a namespaced runtime"
    UNREAD = "not read by this release"
    UNUSED = "unused"
    WRONG_SHAPE = "wrong shape"


class ImageRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An image that the global configuration sets, and what is wanted of it.

    ``entry`` is spelled as in `--set`: ``sklearn/v1``, ``tensorflow/gpu``,
    ``runtime/NAME``. ``stock`` is what the release ships, where that is known. Of an override,
    ``services`` get it, and ``missed`` are those of its format or runtime that do not.
    """

    entry: str
    image: str
    stock: str
    is_stock: bool
    wanted: str = ""
    verdict: Reach | None = None
    services: tuple[ObjectRef, ...] = ()
    missed: tuple[ObjectRef, ...] = ()


class Outlook(StrEnum):
    """What becomes of a service by the plan."""

    CHANGES = "changes"
    CHANGES_ANYWAY = "changes anyway"
    RUNS_ALREADY = "runs it already"
    """The plan makes of its next reconcile what it runs now: it does not restart."""
    UNCHANGED = "unchanged"
    NOT_AFFECTED = "not affected"
    CANNOT_TELL = "cannot tell"
    BROKEN = "broken"


MOVING = (Outlook.CHANGES, Outlook.CHANGES_ANYWAY)
"""Who gets new pods when it is reconciled: a new ReplicaSet or Revision."""


class Forecast(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The image of one InferenceService at four moments; None where it cannot be told.

    ``now`` is read from ``workload``, ``after_reconcile`` is what the next reconcile gives
    without the plan, ``after_plan`` and ``after_rollback`` are what it gives then. ``runtime``
    decides at the next reconcile without the plan, ``runtime_after_plan`` with it. ``changes``
    are the fields in which the container of now is not the one after the plan
    (kserve.likeness.FIELDS), and ``rollout`` is what it takes to replace its pods. ``settings``
    are the variables and flags that the plan changes: ``env PREDICT_PROBA``, ``args --workers``.
    ``outside`` marks who is not among the services that were selected. ``restarts`` marks who
    gets new pods by carrying the plan out; who "changes anyway" may do so later, without it.

    In a plan for another release (``Options.target``) ``after_reconcile`` is after the upgrade,
    until the service is written; ``after_plan`` is once it was written, with the runtimes of the
    plan, and ``after_rollback`` is the same without them: there ``runtime`` decides.

    In a plan that holds images across an upgrade (``Strategy.HOLD``) ``after_upgrade`` is the image
    after both, the service as the plan leaves it; other plans do not say it.
    ``former`` is the image that it ran before an upgrade and is to get back, and in a rollback to a
    checkpoint the one that it had then; UNSET where that is not known, and in other plans.
    """

    service: ObjectRef
    form: str
    outlook: Outlook
    reason: str
    now: str | None = None
    after_reconcile: str | None = None
    after_plan: str | None = None
    after_rollback: str | None = None
    workload: ObjectRef | None = None
    runtime: ObjectRef | None = None
    runtime_after_plan: ObjectRef | None = None
    changes: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    rollout: Rollout | None = None
    outside: bool = False
    restarts: bool = False
    after_upgrade: str | UnsetType | None = UNSET
    former: str | UnsetType = UNSET


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A wave of the plan: indices of its operations, and what follows them.

    ``pause`` is in seconds, before the wave begins.
    """

    operations: tuple[int, ...] = ()
    activations: tuple[Activation, ...] = ()
    conditions: tuple[Condition, ...] = ()
    pause: float = 0.0


class Seal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The digest of a whole field before and after, to prove byte equality without a copy.

    ``leaves`` are the JSON texts of what is in it before, by JSON Pointer; of what may be a
    credential a digest alone.
    """

    target: ObjectRef
    path: str
    before: str
    after: str
    leaves: dict[str, str] = {}


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename="camel"):
    """Operations (at most one per object), their order in each direction, what is known.

    Raises ValueError where the laws of a plan are broken.
    """

    api_version: str = API_VERSION
    kind: str = "Plan"
    cluster_uid: str
    kserve_namespace: str
    release: str
    strategy: str = "in-place"
    options: Options
    operations: tuple[Operation, ...] = ()
    apply: tuple[Stage, ...] = ()
    rollback: tuple[Stage, ...] = ()
    seals: tuple[Seal, ...] = ()
    images: tuple[ImageRow, ...] = ()
    findings: tuple[Finding, ...] = ()
    forecast: tuple[Forecast, ...] = ()

    def __post_init__(self) -> None:
        targets = [operation.target for operation in self.operations]
        if len(set(targets)) != len(targets):
            message = "a plan touches each object at most once"
            raise ValueError(message)
        for stages in (self.apply, self.rollback):
            if sorted(i for s in stages for i in s.operations) != list(range(len(targets))):
                message = "each direction of a plan must name each operation once"
                raise ValueError(message)

    def waves(self, direction: Direction) -> tuple[Wave, ...]:
        """Return what the engine does in that direction."""
        if direction is Direction.APPLY:
            return tuple(self._wave(stage, self.operations) for stage in self.apply)
        inverses = tuple(invert(operation) for operation in self.operations)
        return tuple(self._wave(stage, inverses) for stage in self.rollback)

    @staticmethod
    def _wave(stage: Stage, operations: tuple[Operation, ...]) -> Wave:
        chosen = tuple(operations[index] for index in stage.operations)
        return Wave(chosen, stage.activations, stage.conditions, stage.pause)

    @property
    def activations(self) -> tuple[Activation, ...]:
        """What an apply has KServe act on, in order."""
        return tuple(act for stage in self.apply for act in stage.activations)

    @property
    def has_work(self) -> bool:
        """Whether applying it does anything at all."""
        return any(stage.operations or stage.activations for stage in self.apply)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that forbid to apply it."""
        return tuple(finding for finding in self.findings if finding.blocks)

    @property
    def target(self) -> str:
        """The release that it is for where it is not the one that runs; else empty."""
        return self.options.target or "" if self.options.prepares else ""

    @property
    def held_for(self) -> str:
        """The release of the upgrade across which it holds what runs now; else empty."""
        return self.options.target or "" if self.options.strategy is Strategy.HOLD else ""

    @property
    def makes_runtimes(self) -> bool:
        """Whether it moves services into runtimes of their namespaces, wave by wave."""
        if self.options.strategy is Strategy.HOLD:
            kinds = {operation.target.kind for operation in self.operations}
            return terms.INFERENCE_SERVICE not in kinds
        return self.options.strategy is Strategy.TO_RUNTIMES

    @property
    def digest(self) -> str:
        """The digest of the whole plan, findings and forecast included."""
        return sha256(canonical(self))
