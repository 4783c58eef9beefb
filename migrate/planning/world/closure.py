"""Runtimes of a namespace that take services from others, and the copies that keep these in place.

A runtime of a namespace comes before every one of the cluster (``GetSupportingRuntimes`` in
``predictor_model.go``, KServe 0.8 to 0.20): a copy that is made for one service may take another
one, which used a runtime of the cluster that has no copy. It stays where it is if that one has a
copy, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from migrate.kserve import terms
from migrate.kserve.modelform import wish_of
from migrate.kserve.modes import mode_of
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.resolver import resolve_anyway
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.kserve.selection import select, unfit
from migrate.objects import ObjectRef
from migrate.planning.world.copies import copy_ref
from migrate.planning.world.forecast import World

Layers = tuple[frozenset[ObjectRef], ...]
"""Copies by when they may be made: each after those of the layers before it."""


class Taken(msgspec.Struct, frozen=True):
    """A service that a copy takes from its runtime, though it is meant to stay there.

    ``before`` and ``after`` are what it uses without the copies and with them; None where KServe
    can reconcile it with none.
    """

    service: ObjectRef
    before: ObjectRef | None
    after: ObjectRef | None


def used(world: World, ref: ObjectRef) -> ObjectRef | None:
    """Return the runtime that a service uses, or will once it is reconciled; None for none."""
    found = settled(world, ref)
    is_told = found.verdict is not Verdict.BROKEN and "no-order" not in found.rules
    return found.runtime.ref if found.runtime is not None and is_told else None


def settled(world: World, ref: ObjectRef) -> Resolution:
    """Return what a service gets: one that is left alone for now, what it gets later."""
    found = world.shared(ref)
    if found.verdict is not Verdict.NOT_RECONCILED:
        return found
    service = world.services[ref]
    model = service.spec.predictor.model
    if service.metadata.deletion_timestamp or model is None or is_mesh(world, ref):
        return found
    return resolve_anyway(service, world.config)


def is_mesh(world: World, ref: ObjectRef) -> bool:
    """Tell whether ModelMesh serves it: runtimes of single models do not matter to it."""
    mode = mode_of(world.shape(ref), world.config.mode, world.rules)
    return mode == terms.MODEL_MESH


def taken(
    now: World, planned: World, services: Iterable[ObjectRef], copies: Iterable[ObjectRef]
) -> Iterator[Taken]:
    """Yield who of the services uses another runtime with the copies.

    To move to the copy of one's own runtime is meant.
    """
    made = set(copies)
    for ref in services:
        before, after = used(now, ref), used(planned, ref)
        is_own = before and after in made and before.name == after.name if after else False
        if before != after and not is_own:
            yield Taken(ref, before, after)


def layers(
    world: World, services: Iterable[ObjectRef], copies: Mapping[ObjectRef, Runtime]
) -> tuple[Layers, frozenset[ObjectRef]]:
    """Return when each copy of one namespace may be made, and those that have no such order.

    Until the runtime of a service has its copy, no other copy may be there that would take it: a
    service can be reconciled at any moment. ``world`` is the one without the copies.
    """
    before = _requirements(world, services, copies)
    left, found = set(copies), list[frozenset[ObjectRef]]()
    while left:
        ready = {ref for ref in left if not before[ref] & left}
        if not ready:
            return (*found, frozenset(left)), frozenset(left)
        found.append(frozenset(ready))
        left -= ready
    return tuple(found), frozenset()


def _requirements(
    world: World, services: Iterable[ObjectRef], copies: Mapping[ObjectRef, Runtime]
) -> dict[ObjectRef, set[ObjectRef]]:
    found: dict[ObjectRef, set[ObjectRef]] = {ref: set() for ref in copies}
    if len(copies) < 2:  # noqa: PLR2004 -- alone it waits for none
        return found
    seen = set()
    for ref in services:
        own, shape = used(world, ref), world.services.shape(ref)
        if own is None or shape.number in seen:
            continue
        seen.add(shape.number)
        mine = copy_ref(own.name, ref.namespace)
        for other in _takers(world, ref, copies):
            if other != mine and mine in copies:
                found[other].add(mine)
    return found


def _takers(
    world: World, ref: ObjectRef, copies: Mapping[ObjectRef, Runtime]
) -> Iterator[ObjectRef]:
    """Yield the copies that KServe may choose for a service that names no runtime."""
    service = world.shape(ref)
    model = service.spec.predictor.model
    if model is None or model.runtime is not None:
        return
    wish = wish_of(service, model)
    yield from (each for each, runtime in copies.items() if not unfit(runtime, wish, world.rules))


def unsettled(
    planned: World, services: Iterable[ObjectRef], copies: Sequence[ObjectRef]
) -> Iterator[ObjectRef]:
    """Yield whose runtime depends on the second in which copies of one namespace are made.

    Among equals the newest comes first, and by name those of the same second: ``sortServingRuntime
    List`` in ``predictor_model.go``, 0.9 to 0.20.
    """
    if len(copies) < 2 or not planned.rules.orders_by_age:  # noqa: PLR2004
        return
    ordered = sorted(copies, key=lambda ref: ref.name)
    ages = [_aged(planned, each) for each in (ordered, ordered[::-1])]
    known: dict[int, bool] = {}
    for ref in services:
        number = planned.services.shape(ref).number
        if number not in known:
            known[number] = _depends(planned, ref, ages)
        if known[number]:
            yield ref


def _depends(planned: World, ref: ObjectRef, ages: Sequence[Runtimes]) -> bool:
    service, own = planned.shape(ref), used(planned, ref)
    model = service.spec.predictor.model
    if own is None or model is None or model.runtime is not None:
        return False
    wish = msgspec.structs.replace(wish_of(service, model), namespace=ref.namespace)
    chosen = {_name(select(wish, runtimes, planned.rules).runtime) for runtimes in ages}
    return chosen != {own}


def _name(runtime: Runtime | None) -> ObjectRef | None:
    return runtime.ref if runtime is not None else None


def _aged(planned: World, ordered: Sequence[ObjectRef]) -> Runtimes:
    """Return the namespace's runtimes and the cluster's, each copy made a second after another."""
    seconds = {ref: f"9999-12-31T23:59:{at % 60:02}Z" for at, ref in enumerate(ordered)}
    namespace = ordered[0].namespace
    every = planned.config.runtimes
    near = [*every.of(namespace).values(), *every.of("").values()]
    return Runtimes(_created(one, seconds.get(one.ref)) for one in near)


def _created(runtime: Runtime, when: str | None) -> Runtime:
    if when is None:
        return runtime
    meta = msgspec.structs.replace(runtime.metadata, creation_timestamp=when)
    return msgspec.structs.replace(runtime, metadata=meta)
