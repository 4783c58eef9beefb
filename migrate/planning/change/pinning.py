"""Chosen services pinned to runtimes that nobody else gets: who, to which, and what comes of it.

A copy under another name loses what KServe keys on the name. So each service is resolved on what
it uses now, with what is wanted of that, and on the copy: only where its pods are equal it is
pinned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
from msgspec import UNSET

from migrate.kserve.admission import admitted
from migrate.kserve.ownname import unnamed
from migrate.kserve.pins import with_pin
from migrate.kserve.refusals import specs_of
from migrate.kserve.resolutions import is_plain
from migrate.kserve.resolver import resolve_anyway
from migrate.kserve.runtimes import Runtime
from migrate.kserve.services import InferenceService
from migrate.kserve.storage import is_foreign
from migrate.objects import Manifest, ObjectRef
from migrate.operations.classify import contains
from migrate.operations.model import Create, Edit, Operation
from migrate.planning.change.expand import Copy, operations_of, source_ref
from migrate.planning.change.pinfit import Fit, among, fitting, wished
from migrate.planning.change.pins import MODEL_PIN
from migrate.planning.change.pinwrites import lasting, pinned, refusal
from migrate.planning.model.desired import Options
from migrate.planning.model.exceptions import Carried, of_copy, wanted_for
from migrate.planning.model.selection import meant
from migrate.planning.model.targets import Target
from migrate.planning.stock.editedruntimes import overridden
from migrate.planning.world.changed import carried_out
from migrate.planning.world.closure import Taken, taken, used
from migrate.planning.world.copies import copy_ref
from migrate.planning.world.forecast import World
from migrate.planning.world.namedcopies import is_named_copy, named_copy, source_name
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of

RUNTIME = "/spec/predictor/model/runtime"
Groups = Mapping[str, Sequence[ObjectRef]]
"""Services by what is to be said of them."""


class Pin(msgspec.Struct, frozen=True):
    """A service and the copy that it is to name; no edits where it does so already."""

    service: ObjectRef
    copy: ObjectRef
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Pinning:
    """The copies and the pins, and where both lead.

    ``refused`` are services that cannot be pinned, ``differing`` those that would get other pods by
    another name, ``lasting`` those to which the webhook adds what a rollback leaves there: each by
    the reason. ``foreign`` are runtimes that have the name of a copy and are none of ours.
    ``kept`` are services whose runtimeVersion keeps them from the image that stands with them, and
    ``sources`` what the copies are made of. ``carried`` is what is wanted of each copy.
    """

    copies: Mapping[ObjectRef, Copy]
    pins: Mapping[ObjectRef, Pin]
    after: Snapshot
    planned: World
    refused: Groups
    differing: Groups
    lasting: Groups
    foreign: Mapping[ObjectRef, Sequence[ObjectRef]]
    kept: Mapping[ObjectRef, str]
    sources: tuple[ObjectRef, ...]
    taken: Sequence[Taken]
    carried: Carried

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What makes the copies, in the order of their places."""
        return operations_of(self.copies.values())


def pinning(snapshot: Snapshot, now: World, options: Options, targets: Sequence[Target]) -> Pinning:
    """Return the copies for the selected services that use a target's runtime, and their pins.

    Without desired images these are the users of all ClusterServingRuntimes that are overridden;
    who uses a runtime of the namespace depends on nothing global, and is passed over then.
    Raise BlockedError where what is wanted of a runtime cannot be expressed.
    """
    work = _Work(snapshot, now, options, targets)
    for ref, runtime in work.users():
        work.take(ref, runtime)
    return work.done()


class _Work:
    """What is found service by service; one copy serves all that are alike."""

    def __init__(
        self, snapshot: Snapshot, now: World, options: Options, targets: Sequence[Target]
    ) -> None:
        self.snapshot, self.now, self.options, self.targets = snapshot, now, options, targets
        self.copies: dict[ObjectRef, Copy] = {}
        self.pins: dict[ObjectRef, Pin] = {}
        self.stored: list[InferenceService] = []
        self.refused: dict[str, list[ObjectRef]] = {}
        self.differing: dict[str, list[ObjectRef]] = {}
        self.lasting: dict[str, list[ObjectRef]] = {}
        self.foreign: dict[ObjectRef, list[ObjectRef]] = {}
        self.kept: dict[ObjectRef, str] = {}
        self.carried: dict[ObjectRef, tuple[Target, ...]] = {}
        self.fits: dict[tuple[object, ...], Fit] = {}

    def users(self) -> Iterator[tuple[ObjectRef, Runtime]]:
        """Yield the selected services that use a source, or a copy of it."""
        wanted = {target.runtime for target in self.targets}
        sources = wanted if self.options.images else set(overridden(self.snapshot, self.now))
        names = {ref.name for ref in sources}
        is_meant = meant(self.options.selection, self.now.services.__getitem__)
        for ref in sorted(self.now.services, key=lambda ref: ref.place):
            found = used(self.now, ref)
            if found is None or (found.namespace and not self.options.images):
                continue
            runtime = self.snapshot.runtimes.of(found.namespace)[found.name]
            name = source_name(runtime)
            is_asked = not self.targets or self._asked(name, ref)
            if name in names and is_asked and is_meant(ref, found):
                yield ref, runtime

    def _asked(self, name: str, ref: ObjectRef) -> tuple[Target, ...]:
        """Return what is wanted for a service of the ClusterServingRuntime of that name."""
        mine = (target for target in self.targets if target.runtime.name == name)
        return wanted_for(mine, self.now.services, ref)

    def take(self, ref: ObjectRef, runtime: Runtime) -> None:
        """Pin a service, or say why not."""
        if runtime.ref not in self.snapshot.originals:
            self.foreign.setdefault(runtime.ref, []).append(ref)
            return
        subject = self._subject(ref, runtime)
        alike = "" if subject.metadata.name != ref.name else ref.name
        asked = self._asked(source_name(runtime), ref)
        where = (runtime.ref, self._own_place(ref), alike)
        key = (self.now.services.shape(ref).number, *where, asked)
        fit = self.fits.get(key)
        if fit is None:
            fit = self.fits[key] = self._fit(subject, runtime, ref.namespace, asked)
        if fit.is_there:
            self.copies[runtime.ref] = Copy(runtime.ref, source_ref(source_name(runtime)), None)
            self.pins[ref] = Pin(ref, runtime.ref, ())
        elif fit.copy is None:
            groups = self.refused if fit.is_refused else self.differing
            groups.setdefault(fit.reason, []).append(ref)
        else:
            self._pin(ref, fit, fit.copy, source_name(runtime))
        if ref in self.pins:
            copy = self.pins[ref].copy
            self.carried[copy] = of_copy(copy, (*self.carried.get(copy, ()), *asked))

    def _fit(
        self, subject: InferenceService, runtime: Runtime, namespace: str, asked: Sequence[Target]
    ) -> Fit:
        if reason := refusal(subject, self.now.config):
            return Fit(reason=reason, is_refused=True)
        current = None
        content, name = self.snapshot.originals[runtime.ref], source_name(runtime)
        if is_named_copy(runtime):
            current = resolve_anyway(subject, self.now.config)
            content = unnamed(content, name, subject, self.now.rules)
            subject = pinned(subject, name)
        source = wished(name, content, asked)
        config = among(self.now.config, msgspec.convert(source.manifest, Runtime), namespace)
        return fitting(subject, source, config, current, repin=self.options.repin)

    def _subject(self, ref: ObjectRef, runtime: Runtime) -> InferenceService:
        """Return the service, with marks for what is its own where that decides nothing."""
        shape = self.now.services.shape(ref)
        specs = specs_of(shape.service.spec.predictor)
        is_foreign_one = any(is_foreign(one, self.now.rules) for one in specs)
        if is_plain(runtime) and not is_foreign_one:
            return shape.in_namespace(self._own_place(ref))
        return self.now.services[ref]

    def _own_place(self, ref: ObjectRef) -> str:
        """Return the namespace where that has runtimes of its own, and so decides."""
        return ref.namespace if self.snapshot.runtimes.of(ref.namespace) else ""

    def _pin(self, ref: ObjectRef, fit: Fit, manifest: Manifest, name: str) -> None:
        service, origin = self.now.services[ref], self.snapshot.originals[source_ref(name)]
        made = named_copy(manifest, origin, ref.namespace, self.snapshot.release)
        target = copy_ref(made["metadata"]["name"], ref.namespace)
        if target not in self.copies and not self._place(target, made, name):
            self.foreign.setdefault(target, []).append(ref)
            return
        model = service.spec.predictor.model
        assert model is not None
        edits = []
        if model.runtime != target.name:
            edits.append(Edit(RUNTIME, _text(model.runtime), target.name))
        if fit.moved is not None:
            edits.append(Edit(MODEL_PIN, _text(model.runtime_version), fit.moved or UNSET))
            service = with_pin(service, fit.moved or None)
        self.pins[ref] = Pin(ref, target, tuple(edits))
        if fit.kept:
            self.kept[ref] = fit.kept
        if edits:
            stored = admitted(pinned(service, target.name), self.now.config)
            self.stored.append(stored)
            if left := lasting(self.now.services[ref], stored):
                self.lasting.setdefault(left, []).append(ref)

    def _place(self, target: ObjectRef, made: Manifest, name: str) -> bool:
        """Put the copy where it is to be; tell whether it can be there."""
        known = self.snapshot.runtimes.of(target.namespace).get(target.name)
        live = self.snapshot.originals.get(target)
        if known is not None and (live is None or not contains(live["spec"], made["spec"])):
            return False
        change = None if known is not None else Create(made)
        self.copies[target] = Copy(target, source_ref(name), change)
        return True

    def done(self) -> Pinning:
        """Return all of it, with what becomes of everybody else."""
        after = carried_out(self.snapshot, operations_of(self.copies.values()))
        planned = world_of(after, self.now.rules) if self.pins else self.now
        if self.stored:
            planned = replace(planned, services=planned.services.changed(self.stored))
        places = {ref.namespace for ref in self.copies}
        others = (r for r in self.now.services if r.namespace in places and r not in self.pins)
        found = tuple(taken(self.now, planned, others, ()))
        told = (self.refused, self.differing, self.lasting, self.foreign, self.kept)
        sources = {_used(self.now, ref) for ref, pin in self.pins.items() if pin.edits}
        ordered = tuple(sorted(sources, key=lambda ref: ref.place))
        told_of = (*told, ordered, found, self.carried)
        return Pinning(self.copies, self.pins, after, planned, *told_of)


def _used(now: World, ref: ObjectRef) -> ObjectRef:
    found = used(now, ref)
    assert found is not None
    return found


def _text(value: str | None) -> str | msgspec.UnsetType:
    return UNSET if value is None else value
