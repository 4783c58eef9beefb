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
from migrate.kserve.resolver import resolve
from migrate.kserve.rules import Rules
from migrate.kserve.running import Running, differing
from migrate.kserve.services import (
    FormKind,
    Framework,
    InferenceService,
    form_of,
    framework_of,
    has_gpu,
)
from migrate.kserve.workloads import workload_of
from migrate.objects import ObjectRef
from migrate.planning.differences import Difference, differences
from migrate.planning.plan import MOVING, Forecast, Outlook
from migrate.planning.snapshot import Snapshot
from migrate.planning.wanted import Key

Services = Mapping[ObjectRef, InferenceService]


@dataclass(frozen=True)
class World:
    """A configuration with the services under it, and what KServe makes of both."""

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
    def resolved(self) -> dict[ObjectRef, Resolution]:
        """What each service gets at its next reconcile."""
        return {ref: resolve(service, self.config) for ref, service in self.services.items()}

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
        found, spec = self.resolved[ref], framework_of(self.services[ref])
        if found.verdict is not Verdict.RESOLVED or found.entry is None or spec is None:
            return None
        return (found.entry.format, found.entry.key, _uses_gpu_tag(found.entry.format, spec))

    def pin(self, ref: ObjectRef) -> str | None:
        """Return the ``runtimeVersion`` of a service's framework field."""
        spec = framework_of(self.services[ref])
        return spec.runtime_version if spec else None

    def workload(self, ref: ObjectRef, known: Container[ObjectRef] = ()) -> ObjectRef:
        """Return the workload that KServe makes for the predictor of a service.

        ``known`` are the workloads that are there: some releases keep an old name.
        """
        service = self.services[ref]
        return workload_of(
            service, mode_of(service, self.config.mode, self.rules), self.rules, known
        )


def configured(snapshot: Snapshot, rules: Rules) -> World:
    """Return the services of a snapshot under its own configuration. Raise ConfigError."""
    data = snapshot.config.get("data") or {}
    services = {service.ref: service for service in snapshot.services}
    return World(snapshot.config_of(data, rules), services)


def _uses_gpu_tag(format_: str, spec: Framework) -> bool:
    return format_ in terms.GPU_FORMATS and has_gpu(spec)


def forecast(
    now: World, planned: World, back: World, workloads: Mapping[ObjectRef, Running]
) -> tuple[Forecast, ...]:
    """Return the lot of every service, in the order of their names.

    ``workloads`` are those that are there; ``back`` is the world after a rollback.
    """
    return tuple(
        _row(ref, now, planned, back, workloads)
        for ref in sorted(now.services, key=lambda ref: ref.place)
    )


def _row(
    ref: ObjectRef, now: World, planned: World, back: World, workloads: Mapping[ObjectRef, Running]
) -> Forecast:
    workload = now.workload(ref, workloads)
    found, after = now.resolved[ref], planned.resolved[ref]
    running = workloads.get(workload)
    outlook, changes = _outlook(running, found, after)
    return Forecast(
        service=ref,
        form=_form(now.services[ref]),
        outlook=outlook,
        reason=after.reason,
        now=running.image if running else None,
        after_reconcile=found.image,
        after_plan=after.image,
        after_rollback=back.resolved[ref].image,
        workload=workload,
        runtime=_runtime(found),
        runtime_after_plan=_runtime(after),
        changes=changes,
        settings=tuple(one.what for one in differences(found.pod, after.pod)),
        rollout=running.rollout if running and outlook in MOVING else None,
    )


def between(now: World, planned: World) -> Callable[[ObjectRef], tuple[Difference, ...]]:
    """Return what tells how a service differs from one world to the other, beside its image."""
    return lambda ref: differences(now.resolved[ref].pod, planned.resolved[ref].pod)


def _runtime(found: Resolution) -> ObjectRef | None:
    return found.runtime.ref if found.runtime is not None and found.pod is not None else None


FIXED = {
    Verdict.CANNOT_TELL: Outlook.CANNOT_TELL,
    Verdict.NOT_RECONCILED: Outlook.NOT_AFFECTED,
    Verdict.BROKEN: Outlook.BROKEN,
}


def _outlook(
    running: Running | None, found: Resolution, after: Resolution
) -> tuple[Outlook, tuple[str, ...]]:
    """Return the outlook, and the fields of what runs that the plan leads away from."""
    if after.verdict in FIXED:
        return FIXED[after.verdict], ()
    changes = _changes(running, after) if running else ()
    if (after.image, after.pod) != (found.image, found.pod):
        is_there = running is not None and running.prints and not changes
        return Outlook.RUNS_ALREADY if is_there else Outlook.CHANGES, changes
    if changes:
        return Outlook.CHANGES_ANYWAY, changes
    is_ours = after.verdict is Verdict.RESOLVED
    return Outlook.UNCHANGED if is_ours else Outlook.NOT_AFFECTED, ()


def _changes(running: Running, after: Resolution) -> tuple[str, ...]:
    if after.pod is None:
        return ("image",) if after.image != running.image else ()
    return differing(running, after.pod.container)


def _form(service: InferenceService) -> str:
    form = form_of(service)
    return f"framework {form.format}" if form.kind is FormKind.FRAMEWORK else form.kind.value


def with_pins(world: World, pins: Mapping[ObjectRef, str | None]) -> World:
    """Return the world with other pins (``runtimeVersion``) in some services."""
    moved = {ref: with_pin(world.services[ref], pin) for ref, pin in pins.items()}
    return replace(world, services={**world.services, **moved})
