"""What becomes of each service: its image at four moments, and why."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from migrate.kserve import terms
from migrate.kserve.config import Config
from migrate.kserve.modes import mode_of
from migrate.kserve.pins import with_pin
from migrate.kserve.predictors import Predictors
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.resolutions import Resolutions
from migrate.kserve.rules import Rules
from migrate.kserve.running import Running
from migrate.kserve.services import (
    FormKind,
    InferenceService,
    form_of,
    framework_of,
    has_gpu,
)
from migrate.kserve.shapes import Services
from migrate.kserve.workloads import workload_named
from migrate.objects import ObjectRef
from migrate.planning.model.plan import MOVING, Forecast, Outlook
from migrate.planning.model.wanted import Key
from migrate.planning.world.differences import Difference
from migrate.planning.world.moves import Moves
from migrate.planning.world.snapshot import Snapshot


@dataclass(frozen=True)
class World:
    """A configuration with the services under it, and what KServe makes of both.

    ``shape`` and ``shared`` are quick: they are the same for all services that are alike, with
    marks for what is each one's own (``migrate.kserve.shapes``).
    """

    config: Config
    services: Services

    @property
    def rules(self) -> Rules:
        """The rules of the release."""
        return self.config.rules

    @property
    def predictors(self) -> Predictors:
        """The predictors of the configuration: no world is made of any that is broken."""
        assert isinstance(self.config.predictors, Predictors)
        return self.config.predictors

    @cached_property
    def resolved(self) -> Resolutions:
        """What each service gets at its next reconcile."""
        return Resolutions(self.services, self.config)

    def shape(self, ref: ObjectRef) -> InferenceService:
        """Return a service but for what is its own."""
        return self.services.shape(ref).service

    def shared(self, ref: ObjectRef) -> Resolution:
        """Return what a service gets, but for what is its own: that is in its pods alone."""
        return self.resolved.shared(ref)

    @cached_property
    def users(self) -> dict[Key, list[ObjectRef]]:
        """The services that get their image from each entry."""
        users: dict[Key, list[ObjectRef]] = {}
        for ref in self.services:
            if key := self.key(ref):
                users.setdefault(key, []).append(ref)
        return users

    def key(self, ref: ObjectRef) -> Key | None:
        """Return the entry that gives a service its image; None where none does."""
        found = self.shared(ref)
        if found.entry is None or found.verdict is not Verdict.RESOLVED:
            return None
        gpu, format_ = self._gpus[self.services.shape(ref).number], found.entry.format
        return (
            None
            if gpu is None
            else (format_, found.entry.key, gpu and format_ in terms.GPU_FORMATS)
        )

    def form(self, ref: ObjectRef) -> str:
        """Return how a service says what it runs, for a person."""
        return self._forms[self.services.shape(ref).number]

    def pin(self, ref: ObjectRef) -> str | None:
        """Return the ``runtimeVersion`` of a service's model or framework field."""
        service = self.shape(ref)
        spec = service.spec.predictor.model or framework_of(service)
        return spec.runtime_version if spec else None

    def workload(self, ref: ObjectRef, known: Container[ObjectRef] = ()) -> ObjectRef:
        """Return the workload that KServe makes for the predictor of a service.

        ``known`` are the workloads that are there: some releases keep an old name.
        """
        called, mode = self._called[self.services.shape(ref).number]
        return workload_named(ref, called, mode, self.rules, known)

    @cached_property
    def _forms(self) -> list[str]:
        return [_form(shape.service) for shape in self.services.shapes]

    @cached_property
    def _gpus(self) -> list[bool | None]:
        """Whether the framework field of each shape has a GPU; None where there is no field."""
        specs = (framework_of(shape.service) for shape in self.services.shapes)
        return [None if spec is None else has_gpu(spec) for spec in specs]

    @cached_property
    def _called(self) -> dict[int, tuple[str, str]]:
        """The name that each shape gives its predictor, and its mode."""
        return {
            shape.number: (
                (shape.service.spec.predictor.name if self.rules.canaries else "") or "",
                mode_of(shape.service, self.config.mode, self.rules),
            )
            for shape in self.services.shapes
        }


def configured(snapshot: Snapshot, rules: Rules) -> World:
    """Return the services of a snapshot under its own configuration. Raise ConfigError."""
    data = snapshot.config.get("data") or {}
    return World(snapshot.config_of(data, rules), snapshot.services)


def forecast(
    now: World, planned: World, back: World, workloads: Mapping[ObjectRef, Running]
) -> tuple[Forecast, ...]:
    """Return the lot of every service, in the order of their names.

    ``workloads`` are those that are there; ``back`` is the world after a rollback.
    """
    moves = Moves(now.resolved, planned.resolved)
    return tuple(
        _row(ref, (now, planned, back), moves, workloads)
        for ref in sorted(now.services, key=lambda ref: ref.place)
    )


def _row(
    ref: ObjectRef,
    worlds: tuple[World, World, World],
    moves: Moves,
    workloads: Mapping[ObjectRef, Running],
) -> Forecast:
    now, planned, back = worlds
    workload = now.workload(ref, workloads)
    found, after, pair = now.shared(ref), planned.shared(ref), moves.pair(ref)
    running = workloads.get(workload)
    outlook, changes = _outlook(running, ref, workload, moves)
    return Forecast(
        service=ref,
        form=now.form(ref),
        outlook=outlook,
        reason=after.reason,
        now=(running.image or None) if running else None,
        after_reconcile=found.image,
        after_plan=after.image,
        after_rollback=back.shared(ref).image,
        workload=workload,
        runtime=pair.runtimes[0],
        runtime_after_plan=pair.runtimes[1],
        changes=changes,
        settings=tuple(one.what for one in moves.differences(ref)),
        rollout=running.rollout if running and outlook in MOVING else None,
    )


def between(now: World, planned: World) -> Callable[[ObjectRef], tuple[Difference, ...]]:
    """Return what tells how a service differs from one world to the other, beside its image."""
    return Moves(now.resolved, planned.resolved).differences


FIXED = {
    Verdict.CANNOT_TELL: Outlook.CANNOT_TELL,
    Verdict.NOT_RECONCILED: Outlook.NOT_AFFECTED,
    Verdict.BROKEN: Outlook.BROKEN,
}


def _outlook(
    running: Running | None, ref: ObjectRef, workload: ObjectRef, moves: Moves
) -> tuple[Outlook, tuple[str, ...]]:
    """Return the outlook, and the fields of what runs that the plan leads away from."""
    after = moves.planned.shared(ref)
    if after.verdict in FIXED:
        return FIXED[after.verdict], ()
    changes = moves.changes(ref, workload, running) if running else ()
    if moves.moves(ref):
        is_seen = running is not None and running.written is not None and moves.pair(ref).shows
        is_there = is_seen and not changes
        return Outlook.RUNS_ALREADY if is_there else Outlook.CHANGES, changes
    if changes:
        return Outlook.CHANGES_ANYWAY, changes
    is_ours = Verdict.RESOLVED in (after.verdict, moves.now.shared(ref).verdict)
    return Outlook.UNCHANGED if is_ours else Outlook.NOT_AFFECTED, ()


def _form(service: InferenceService) -> str:
    form = form_of(service)
    return f"framework {form.format}" if form.kind is FormKind.FRAMEWORK else form.kind.value


def with_pins(world: World, pins: Mapping[ObjectRef, str | None]) -> World:
    """Return the world with other pins (``runtimeVersion``) in some services."""
    moved = (with_pin(world.services[ref], pin) for ref, pin in pins.items())
    return replace(world, services=world.services.changed(moved))
