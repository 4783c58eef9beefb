"""Reading many objects with few requests: one list in place of hundreds of single reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import TypeAlias

from migrate.cluster.going import is_going
from migrate.cluster.port import Cluster
from migrate.errors import ApiError, ForbiddenError, NotFoundError
from migrate.objects import Manifest, ObjectRef

FEW = 20
"""So many objects of a kind are read one by one, and so many namespaces listed one by one."""

Read: TypeAlias = Callable[[], Manifest | None]
"""Returns the object, None where there is none; raises the ApiError that reading it met."""
Get: TypeAlias = Callable[[Cluster, ObjectRef], Manifest | None]


def read_or_none(cluster: Cluster, ref: ObjectRef) -> Manifest | None:
    """Return the object, or None where there is none.

    Who may not read it any more, as its namespace is going and a Role with it, finds none, either.
    """
    try:
        return cluster.get(ref)
    except NotFoundError:
        return None
    except ForbiddenError:
        if not is_going(cluster, ref.namespace):
            raise
        return None


def each_of(
    cluster: Cluster, refs: Iterable[ObjectRef], get: Get = read_or_none
) -> Iterator[tuple[ObjectRef, Read]]:
    """Yield each object once, with what reads it; they are not kept.

    Few of a kind are read by ``get``, when that is called, in their order. Of many the lists are
    read page by page: of the namespaces that they are in, of all where those are many. Who may
    not list reads them one by one.
    """
    kinds: dict[tuple[str, str], dict[ObjectRef, None]] = {}
    for ref in refs:
        kinds.setdefault((ref.api_version, ref.kind), {})[ref] = None
    for wanted in kinds.values():
        if len(wanted) > FEW:
            yield from _listed(cluster, wanted)
        yield from ((ref, partial(get, cluster, ref)) for ref in wanted)


def _listed(cluster: Cluster, wanted: dict[ObjectRef, None]) -> Iterator[tuple[ObjectRef, Read]]:
    """Yield what the lists tell, and take it out of what is wanted."""
    rest: Read = _nothing
    try:
        for ref, manifest in _every(cluster, wanted):
            if ref in wanted:
                del wanted[ref]
                yield ref, partial(_found, manifest)
    except ForbiddenError:
        return
    except ApiError as error:
        rest = partial(_failed, error)
    while wanted:
        yield wanted.popitem()[0], rest


def _every(cluster: Cluster, wanted: Collection[ObjectRef]) -> Iterator[tuple[ObjectRef, Manifest]]:
    first = next(iter(wanted))
    kind, names = (first.api_version, first.kind), sorted({ref.namespace for ref in wanted})
    for namespace in names if len(names) <= FEW else ("",):
        try:
            for manifest in cluster.list(*kind, dict, namespace=namespace):
                meta = manifest["metadata"]
                yield ObjectRef(*kind, meta["name"], meta.get("namespace", "")), manifest
        except NotFoundError:
            return  # where the kind is not served there is none of it


def _found(manifest: Manifest) -> Manifest | None:
    return manifest


def _nothing() -> Manifest | None:
    return None


def _failed(error: ApiError) -> Manifest | None:
    raise error
