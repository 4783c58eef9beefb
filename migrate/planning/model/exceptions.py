"""Exceptions of desired.yaml: who falls under one, and what is wanted for each service then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from migrate.kserve.shapes import Services
from migrate.objects import ObjectRef
from migrate.planning.model.desired import Desired, Exempt, labels_of
from migrate.planning.model.targets import Target

Carried = Mapping[ObjectRef, tuple[Target, ...]]
"""What is wanted of each copy of a runtime; nothing of one that only keeps a place."""


def is_named(services: Services, ref: ObjectRef, exception: Exempt) -> bool:
    """Tell whether a service falls under an exception."""
    if exception.namespaces and ref.namespace not in exception.namespaces:
        return False
    asked = labels_of(exception.selector)
    labels = (services[ref].metadata.labels or {}) if asked else {}
    return all(labels.get(key) == value for key, value in asked)


def exception_of(desired: Desired, services: Services, ref: ObjectRef) -> Exempt | None:
    """Return the exception that decides about a service: the first that it falls under."""
    return next((one for one in desired.exceptions if is_named(services, ref, one)), None)


def instead(desired: Desired, exception: Exempt) -> Desired:
    """Return the item with what an exception says in the place of its own settings."""
    env, args = exception.env, exception.args
    return msgspec.structs.replace(
        desired, image=exception.image, env=env, args=args, exceptions=()
    )


def wishes(desired: Desired) -> Iterator[Desired]:
    """Yield all that an item can want of somebody: what it says, and what its exceptions say."""
    yield desired
    yield from (instead(desired, exception) for exception in desired.exceptions)


def is_empty(wanted: Desired | Exempt) -> bool:
    """Tell whether nothing is to be set: who it is for keeps what they have."""
    return not (wanted.image or wanted.env or wanted.args)


def wanted_for(targets: Iterable[Target], services: Services, ref: ObjectRef) -> tuple[Target, ...]:
    """Return what is wanted for one service; none where exceptions let it stay."""
    found = (_wanted_for(target, services, ref) for target in targets)
    return tuple(target for target in found if not is_empty(target.desired))


def _wanted_for(target: Target, services: Services, ref: ObjectRef) -> Target:
    exception = exception_of(target.desired, services, ref)
    if exception is None:
        return target
    return msgspec.structs.replace(target, desired=instead(target.desired, exception))


def shared(
    targets: Sequence[Target], services: Services, users: Iterable[ObjectRef]
) -> tuple[Target, ...]:
    """Return what is wanted of a runtime that these services share.

    Where exceptions divide them it cannot be had for each: then it is what the items say.
    """
    if not any(target.desired.exceptions for target in targets):
        return tuple(targets)
    found = {wanted_for(targets, services, ref) for ref in users}
    return found.pop() if len(found) == 1 else tuple(targets)


def of_copy(copy: ObjectRef, targets: Iterable[Target]) -> tuple[Target, ...]:
    """Return what is wanted of a copy, each wish once."""
    return tuple(dict.fromkeys(Target(one.desired, copy, one.container) for one in targets))


def images_of(carried: Carried) -> dict[ObjectRef, str]:
    """Return the image that is wanted of each copy; nothing of one that keeps its own."""
    wanted = ((ref, target.desired.image) for ref, found in carried.items() for target in found)
    return {ref: image for ref, image in wanted if image}
