"""Why a service gets the image, arguments and variables that it gets: data, for every output."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from migrate.credentials import hidden_arguments
from migrate.kserve.admission import admitted
from migrate.kserve.config import Config
from migrate.kserve.containers import container_manifest
from migrate.kserve.detection import Detected
from migrate.kserve.legacy import is_unmarked
from migrate.kserve.modelform import wish_of
from migrate.kserve.modes import mode_of
from migrate.kserve.resolution import Resolution
from migrate.kserve.resolver import resolve, resolve_canaries
from migrate.kserve.rules import Rules
from migrate.kserve.selection import Candidate, select, unfit_though_named
from migrate.kserve.services import Form, FormKind, InferenceService, Model, form_of
from migrate.kserve.workloads import Workload, serving_container
from migrate.objects import Manifest, ObjectRef, printable
from migrate.planning.world.origins import Made, Origin, shown_variable
from migrate.planning.world.steps import Step, steps


class Contender(msgspec.Struct, frozen=True, rename="camel"):
    """A runtime that was looked at. ``lost`` says why it was not taken; empty for the one."""

    runtime: ObjectRef
    lost: str = ""


class Container(msgspec.Struct, frozen=True, rename="camel"):
    """A container as it runs, or as it would: credentials are hidden."""

    image: str
    command: tuple[str, ...] = ()
    args: tuple[Origin, ...] = ()
    env: tuple[Origin, ...] = ()


class Running(msgspec.Struct, frozen=True, rename="camel"):
    """What the workload of the predictor says now."""

    workload: ObjectRef
    container: Container


class Outcome(msgspec.Struct, frozen=True, rename="camel"):
    """What the next reconcile gives; ``container`` is None where none is written or told."""

    verdict: str
    reason: str
    runtime: ObjectRef | None = None
    container: Container | None = None
    workers: Container | None = None
    canaries: Mapping[str, Outcome] = {}


class Explanation(msgspec.Struct, frozen=True, rename="camel"):
    """A service, what it runs, what it would run, and the chain of reasons.

    ``changes`` are the differences between the two; each of them is a rollout.
    """

    service: ObjectRef
    release: str
    doubts: tuple[str, ...]
    form: str
    mode: str
    now: Running | None
    next: Outcome
    changes: tuple[str, ...]
    steps: tuple[Step, ...]
    contenders: tuple[Contender, ...] = ()
    after_plan: Outcome | None = None
    after_rollback: Outcome | None = None


def explain(
    service: InferenceService, config: Config, detected: Detected, workload: Workload | None
) -> Explanation:
    """Return the whole chain for one service. ``workload`` is the one of its predictor now."""
    found = resolve(service, config)
    seen = admitted(service, config) if _is_converted(service, config) else service
    form = form_of(seen)
    now = _running(workload)
    told = outcome(service, config, found)
    return Explanation(
        service.ref,
        str(detected.release),
        detected.doubts,
        f"{form.kind.value} {form.format}".strip(),
        mode_of(service, config.mode, config.rules),
        now,
        told,
        changes(now, told),
        tuple(steps(seen, form, config, found)),
        tuple(_judged(one, found) for one in _contenders(seen, form, config)),
    )


def _is_converted(service: InferenceService, config: Config) -> bool:
    return is_unmarked(service) and config.rules.converts_on_write


def _judged(one: Contender, found: Resolution) -> Contender:
    """Take nobody for taken where the controller fails, or nobody can tell."""
    if one.lost or found.pod is not None:
        return one
    return Contender(one.runtime, f"it comes first, but {found.reason}")


def outcome(service: InferenceService, config: Config, found: Resolution | None = None) -> Outcome:
    """Return what the next reconcile gives a service under this configuration."""
    found = found or resolve(service, config)
    canaries = resolve_canaries(service, config)
    return Outcome(
        found.verdict.value,
        found.reason,
        found.runtime.ref if found.runtime and found.pod else None,
        _container(service, found, config.rules),
        _plain(found.workers.container) if found.workers else None,
        {name: _plainly(one) for name, one in canaries.items()},
    )


def _plainly(found: Resolution) -> Outcome:
    container = _plain(found.pod.container) if found.pod else None
    runtime = found.runtime.ref if found.runtime and found.pod else None
    return Outcome(found.verdict.value, found.reason, runtime, container)


def _container(service: InferenceService, found: Resolution, rules: Rules) -> Container | None:
    if found.image is None:
        return None
    if found.pod is None:
        return Container(found.image)
    made = Made(service, found, rules)
    command = tuple(hidden_arguments(found.pod.container.get("command", ())))
    return Container(found.image, command, tuple(made.arguments()), tuple(made.variables()))


def _plain(container: Manifest) -> Container:
    return Container(
        container.get("image", ""),
        tuple(hidden_arguments(container.get("command", ()))),
        tuple(Origin(printable(arg)) for arg in hidden_arguments(container.get("args", ()))),
        tuple(Origin(shown_variable(item)) for item in container.get("env", ())),
    )


def _running(workload: Workload | None) -> Running | None:
    container = serving_container(workload) if workload else None
    if workload is None or container is None:
        return None
    return Running(workload.ref, _plain(container_manifest(container)))


def changes(now: Running | None, told: Outcome) -> tuple[str, ...]:
    """Return in which of image, command, args and env the two differ."""
    if now is None or told.container is None:
        return ()
    ours, theirs = told.container, now.container
    pairs = (
        ("image", ours.image, theirs.image),
        ("command", ours.command, theirs.command),
        ("args", [a.value for a in ours.args], [a.value for a in theirs.args]),
        ("env", [e.value for e in ours.env], [e.value for e in theirs.env]),
    )
    return tuple(name for name, mine, other in pairs if mine != other)


def _contenders(service: InferenceService, form: Form, config: Config) -> list[Contender]:
    model = service.spec.predictor.model
    if form.kind is not FormKind.MODEL or model is None or not config.rules.knows_model:
        return []
    if model.runtime is not None:
        return _named(service, model, config)
    selection = select(wish_of(service, model), config.runtimes, config.rules)
    return [_contender(candidate) for candidate in selection.candidates]


def _contender(candidate: Candidate) -> Contender:
    return Contender(candidate.runtime.ref, candidate.lost)


def _named(service: InferenceService, model: Model, config: Config) -> list[Contender]:
    assert model.runtime is not None
    own = config.runtimes.of(service.metadata.namespace).get(model.runtime)
    cluster = config.runtimes.of("").get(model.runtime)
    found = []
    if own is not None:
        wish = wish_of(service, model)
        found.append(Contender(own.ref, unfit_though_named(own, wish, config.rules)))
    if cluster is not None:
        lost = "the namespace has one of the same name, which comes first" if own else ""
        lost = lost or unfit_though_named(cluster, wish_of(service, model), config.rules)
        found.append(Contender(cluster.ref, lost))
    return found
