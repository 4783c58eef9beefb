"""Services in the framework form that a plan has converted to the ``model`` form.

KServe 0.8 and 0.9 give them their image from `predictors`, and convert one at any write to it
(``setPredictorModelDefaults`` in ``inference_service_defaults.go``). From then on a runtime
decides, so a copy of that runtime in their namespace has to have the image that they run now.
From 0.10 on nothing gives them an image before they are converted, so there is none to keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from migrate.errors import UsageError
from migrate.kserve import terms
from migrate.kserve.admission import admitted
from migrate.kserve.building import Pod, base_or_none
from migrate.kserve.resolution import Verdict
from migrate.kserve.rules import Rules
from migrate.kserve.runtimes import Runtime
from migrate.kserve.services import FormKind, form_of
from migrate.objects import ObjectRef, pointer
from migrate.operations.model import Convert, Holds
from migrate.planning.model.desired import Activate, Desired, Options
from migrate.planning.model.exceptions import wanted_for
from migrate.planning.model.plan import Forecast
from migrate.planning.model.selection import meant
from migrate.planning.model.targets import Target, targets_of
from migrate.planning.stock.depending import dependents
from migrate.planning.world.activation import CONTAINER_PATH
from migrate.planning.world.closure import used
from migrate.planning.world.copies import PREPARED_FOR, copy_ref
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot

MODEL = "/spec/predictor/model"
"""What a converted service has."""


@dataclass(frozen=True)
class Conversion:
    """The services that are converted, and the cluster as it is with all of them converted.

    ``before`` is the world with none of them converted. ``targets`` is what the copies of runtimes
    need so that each service keeps its image, by copy. ``unlike`` are services whose entries of
    `predictors` have different images and share one runtime, by what is to be said of that.
    ``foreseen`` are those for which a runtime was made before an upgrade: they get its image. Those
    of ``regained`` have none now, and get what their runtime gives. ``is_late``: `predictors` is
    not read any more, so nobody has an image of now to keep.
    """

    services: frozenset[ObjectRef]
    before: World
    snapshot: Snapshot
    world: World
    targets: Mapping[ObjectRef, Target] = field(default_factory=dict)
    unlike: Mapping[str, Sequence[ObjectRef]] = field(default_factory=dict)
    foreseen: frozenset[ObjectRef] = frozenset()
    regained: frozenset[ObjectRef] = frozenset()

    @cached_property
    def moved(self) -> frozenset[ObjectRef]:
        """Who does not keep its image."""
        return self.foreseen | self.regained

    @property
    def is_late(self) -> bool:
        """Whether services are converted under a release that does not read `predictors`."""
        return bool(self.services) and not self.before.rules.predictors_read

    @property
    def lacking(self) -> frozenset[ObjectRef]:
        """The services that need a copy to keep their images."""
        return frozenset() if self.is_late else self.services

    def activation(self, ref: ObjectRef) -> Convert | None:
        """Return the write that converts a service; None for one that is not converted."""
        return Convert(ref, MODEL) if ref in self.services else None

    def awaited(self, rows: Iterable[Forecast], planned: World) -> Iterator[Holds]:
        """Yield the wait for the ``model`` form of each service that is converted.

        Where its variables stay and change places, that is awaited as well: nothing else tells
        its new pods from the former ones.
        """
        for row in rows:
            ref, model = row.service, self.world.shape(row.service).spec.predictor.model
            if ref not in self.services or model is None:
                continue
            yield Holds(ref, f"{MODEL}/modelFormat/name", model.model_format.name, ref)
            moved = _moved_variable(self.before.shared(ref).pod, planned.shared(ref).pod)
            if moved and row.workload and not row.settings:
                yield Holds(row.workload, CONTAINER_PATH + moved[0], moved[1], ref)
            if self.is_late:
                yield from first_image(row)


def first_image(row: Forecast) -> Iterator[Holds]:
    """Yield the wait for the image of a workload that has none, or is not there."""
    if row.workload and row.after_plan and not row.now:
        yield Holds(row.workload, f"{CONTAINER_PATH}/image", row.after_plan, row.service)


def conversion_of(snapshot: Snapshot, now: World, options: Options) -> Conversion:
    """Return who is converted: the selected services that depend on an image set in `predictors`.

    And those for which a runtime was made before an upgrade; where `predictors` is not read, all
    that are selected. None without `--convert`. Raise UsageError where that does not go with what
    else is asked for.
    """
    if not options.convert:
        return Conversion(frozenset(), now, snapshot, now)
    _refuse(now.rules, options)
    if options.former and now.rules.predictors_read:
        return _brought(snapshot, now, options)
    is_meant = meant(options.selection, now.services.__getitem__)
    every = (*_in_need(snapshot, now), *_foreseen(snapshot, now))
    return conversion_for(snapshot, now, [ref for ref in every if is_meant(ref, None)])


def conversion_for(snapshot: Snapshot, now: World, services: Iterable[ObjectRef]) -> Conversion:
    """Return the conversion of these services in the framework form, whatever they depend on."""
    found = _converted(snapshot, now, services)
    foreseen = found.services.intersection(_foreseen(snapshot, now))
    if not now.rules.predictors_read:
        return replace(found, foreseen=foreseen)
    foreseen -= frozenset(dependents(snapshot, now))
    broken = {ref for ref in found.services if now.shared(ref).verdict is Verdict.BROKEN}
    found = replace(found, foreseen=foreseen, regained=frozenset(broken - foreseen))
    targets, unlike = targets_of_entries(found)
    return replace(found, targets=targets, unlike=unlike)


def _in_need(snapshot: Snapshot, now: World) -> Iterable[ObjectRef]:
    """Return the services that a conversion is for."""
    if now.rules.predictors_read:
        return dependents(snapshot, now)
    return (r for r in now.services if form_of(now.shape(r)).kind is FormKind.FRAMEWORK)


def _brought(snapshot: Snapshot, now: World, options: Options) -> Conversion:
    """Return those that get a former image once they are written: from the runtime that has it."""
    is_meant = meant(options.selection, now.services.__getitem__)
    targets = {one.runtime.name: one for one in targets_of(options.for_runtimes, now.config)}
    near = [r for r in now.services if is_meant(r, None) and _is_given(now, r)]
    world = _converted(snapshot, now, near).world
    places = ((ref, used(world, ref)) for ref in near)
    pairs = [(ref, targets[got.name]) for ref, got in places if got and got.name in targets]
    chosen = [ref for ref, target in pairs if wanted_for([target], now.services, ref)]
    return replace(_converted(snapshot, now, chosen), foreseen=frozenset(chosen))


def _foreseen(snapshot: Snapshot, now: World) -> list[ObjectRef]:
    """Return the services that will be on a runtime that was made for them before an upgrade."""
    every = now.config.runtimes.everywhere
    ready = {r.ref for r in every if r.metadata.annotation(PREPARED_FOR) is not None}
    if not ready:
        return []
    places = {ref.namespace for ref in ready}
    near = [ref for ref in now.services if ref.namespace in places and _is_given(now, ref)]
    world = _converted(snapshot, now, near).world
    return [ref for ref in near if used(world, ref) in ready]


def _is_given(now: World, ref: ObjectRef) -> bool:
    """Tell whether `predictors` gives a service its image, be it one that nobody can pull."""
    is_framework = form_of(now.shape(ref)).kind is FormKind.FRAMEWORK
    return is_framework and now.shared(ref).verdict in (Verdict.RESOLVED, Verdict.BROKEN)


def _refuse(rules: Rules, options: Options) -> None:
    """Raise UsageError where `--convert` does not go with the release, or with other flags."""
    if options.repin or (options.images and not options.former and rules.predictors_read):
        other = "--repin" if options.repin else "other images"
        raise UsageError(
            f"--convert does not go with {other}: a rollback could not bring the former ones back",
            "convert first, with the images as they are; then plan again for the others",
        )
    if options.activate not in (None, Activate.EACH):
        raise UsageError(
            f"--convert does not go with --activate={options.activate}: a conversion is a write "
            "to each service, and has it reconciled",
            "leave --activate out",
        )


def _converted(snapshot: Snapshot, now: World, services: Iterable[ObjectRef]) -> Conversion:
    """Return the cluster as it is once these services were written."""
    chosen = frozenset(services)
    changed = (admitted(now.services[ref], now.config) for ref in now.services if ref in chosen)
    after = replace(snapshot, services=now.services.changed(changed))
    return Conversion(chosen, now, after, World(now.config, after.services))


def _moved_variable(before: Pod | None, after: Pod | None) -> tuple[str, str] | None:
    """Return the first place in the container's variables that has another name, and that name."""
    former, later = _variables(before), _variables(after)
    places = (at for at, (old, new) in enumerate(zip(former, later, strict=False)) if old != new)
    at = next(places, None)
    return None if at is None else (pointer("env", str(at), "name"), later[at])


def _variables(pod: Pod | None) -> list[str]:
    return [one["name"] for one in pod.container.get("env") or ()] if pod is not None else []


def targets_of_entries(
    found: Conversion,
) -> tuple[dict[ObjectRef, Target], dict[str, list[ObjectRef]]]:
    """Return what the copies need to give each service its image, and who cannot share one."""
    groups: dict[ObjectRef, list[ObjectRef]] = {}
    for ref in sorted(found.services - found.moved, key=lambda ref: ref.place):
        runtime, entry = used(found.world, ref), found.before.shared(ref).entry
        if runtime is not None and entry and not keeps_image(found.before, found.world, ref):
            groups.setdefault(copy_ref(runtime.name, ref.namespace), []).append(ref)
    targets: dict[ObjectRef, Target] = {}
    unlike: dict[str, list[ObjectRef]] = {}
    for copy, services in groups.items():
        images = _images(found.before, services)
        if len({image.rpartition(":")[0] for image in images.values()}) > 1:
            told = " and ".join(f"{entry} ({image})" for entry, image in sorted(images.items()))
            unlike.setdefault(f"{told} share the runtime {copy.name}", []).extend(services)
        elif (chosen := found.world.shared(services[0]).runtime) is not None:
            targets[copy] = _target(chosen, min(images.values()), found.world.rules)
    return targets, unlike


def keeps_image(now: World, converted: World, ref: ObjectRef) -> bool:
    """Tell whether a service gets the image of now once it is converted."""
    return now.shared(ref).image == converted.shared(ref).image


def _images(now: World, services: Iterable[ObjectRef]) -> dict[str, str]:
    """Return the image of each entry that gives one of these services its own.

    Its tag is that of the entry: the pin in a service, which 0.7 wrote, stays, and replaces it.
    """
    entries = (entry for ref in services if (entry := now.shared(ref).entry) is not None)
    return {str(one): f"{one.image}:{one.default_image_version or 'latest'}" for one in entries}


def _target(runtime: Runtime, image: str, rules: Rules) -> Target:
    container = base_or_none(runtime, rules)
    source = ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, runtime.name)
    name = container.name if container else None
    return Target(Desired(runtime=runtime.name, image=image), source, name or terms.CONTAINER)
