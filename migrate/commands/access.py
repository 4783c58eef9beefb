"""Asking beforehand for every permission that a run needs, so that none ends it half-way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

import msgspec

from migrate.cluster.going import is_going
from migrate.cluster.port import Cluster
from migrate.cluster.resources import resource_of
from migrate.errors import ForbiddenError
from migrate.execute.workers import each
from migrate.objects import ObjectRef, value_at
from migrate.operations.model import (
    Activation,
    Convert,
    Create,
    Delete,
    Holds,
    Operation,
    Patch,
    Restart,
    Wake,
    Wave,
)

AUTHORIZATION = "authorization.k8s.io/v1"
MANY = 3
"""In more namespaces than that it is worth a request to ask whether something is allowed in all."""


class Permission(msgspec.Struct, frozen=True, order=True):
    """A verb on a resource in a namespace; ``resource`` has its group behind a dot.

    ``name`` is that of the one object it is for, empty for all of them.
    """

    resource: str
    group: str
    plural: str
    verb: str
    namespace: str
    subresource: str = ""
    name: str = ""

    def __str__(self) -> str:
        below = f"/{self.subresource}" if self.subresource else ""
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{below}{where}"


def refuse_denied(
    cluster: Cluster, namespace: str, waves: Sequence[Wave], workers: int = 1
) -> None:
    """Raise ForbiddenError that names every permission which a run of these waves lacks.

    See ``refuse_lacking``.
    """
    refuse_lacking(cluster, needs(namespace, waves), workers)


def refuse_lacking(cluster: Cluster, wanted: Iterable[Permission], workers: int = 1) -> None:
    """Raise ForbiddenError that names every one of these permissions that is lacking.

    Asks by SelfSubjectAccessReview, which stores nothing. A cluster that has no such thing,
    as a snapshot, allows everything. What is needed in many namespaces is asked for all of them
    at once, and by ``workers`` for each only where that is denied. Nothing is lacked in a namespace
    that is going: a Role in it goes first, and there is nothing left to do.
    """
    found: list[Permission] = []

    def ask(need: Permission) -> None:
        if not _allowed(cluster, need):
            found.append(need)

    asked = list(_not_everywhere(cluster, set(wanted)))
    each(asked, ask, workers, left_over=lambda *_: None)
    going = {name for name in {need.namespace for need in found} if is_going(cluster, name)}
    if denied := sorted(need for need in found if need.namespace not in going):
        lines = "\n".join(f"  {need}" for need in denied)
        raise ForbiddenError(
            f"{cluster.name}: these permissions are missing:\n{lines}",
            _question(denied[0]),
        )


def _not_everywhere(cluster: Cluster, wanted: Iterable[Permission]) -> Iterator[Permission]:
    """Yield those that are not known to be given in all namespaces."""
    places: dict[Permission, list[Permission]] = {}
    for need in sorted(wanted):
        places.setdefault(msgspec.structs.replace(need, namespace=""), []).append(need)
    for everywhere, one_by_one in places.items():
        if len(one_by_one) <= MANY or not _allowed(cluster, everywhere):
            yield from one_by_one


def _question(need: Permission) -> str:
    below = f" --subresource={need.subresource}" if need.subresource else ""
    where = f" -n {need.namespace}" if need.namespace else ""
    return f"kubectl auth can-i {need.verb} {need.resource}{below}{where}"


def needs(namespace: str, waves: Iterable[Wave]) -> Iterator[Permission]:
    """Yield what the Lease, the record and the waves need, with repetitions."""
    yield from _each("coordination.k8s.io/v1", "Lease", namespace, "get", "create", "patch")
    yield from _each("v1", "ConfigMap", namespace, "get", "list", "create", "patch")
    for wave in waves:
        for operation in wave.operations:
            yield from _of(operation)
        for activation in wave.activations:
            yield from _of_activation(activation)
        for condition in wave.conditions:
            yield from on(condition.target, "get")
            if isinstance(condition, Holds):
                yield from on(condition.owner, "get")


def _of_activation(activation: Activation) -> Iterator[Permission]:
    match activation:
        case Restart(target):
            yield from on(target, "get", "patch")
        case Wake(target) | Convert(target):
            # What was converted may have to be woken again.
            yield from on(target, "get", *["patch"] * isinstance(activation, Convert))
            for need in on(target, "patch"):
                yield msgspec.structs.replace(need, subresource="status")
        case _:
            assert_never(activation)


def _of(operation: Operation) -> Iterator[Permission]:
    verbs = {Create: "create", Patch: "patch", Delete: "delete"}
    yield from on(operation.target, "get", verbs[type(operation.change)])


def on(target: ObjectRef, *verbs: str) -> Iterator[Permission]:
    """Yield what is needed to do this with an object: by its name if it is in no namespace."""
    by_name = target.name and not target.namespace
    for need in _each(target.api_version, target.kind, target.namespace, *verbs):
        yield msgspec.structs.replace(need, name=target.name) if by_name else need


def _each(api_version: str, kind: str, namespace: str, *verbs: str) -> Iterator[Permission]:
    found = resource_of(api_version, kind)
    for verb in verbs:
        yield Permission(found.full_name, found.group, found.plural, verb, namespace)


def _allowed(cluster: Cluster, need: Permission) -> bool:
    asked = {
        "verb": need.verb,
        "group": need.group,
        "resource": need.plural,
        "namespace": need.namespace,
        "subresource": need.subresource,
        "name": need.name,
    }
    answer = cluster.create(
        {
            "apiVersion": AUTHORIZATION,
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked},
        }
    )
    return bool(value_at(answer, "/status/allowed"))
