"""A list of many pages: each object once, whatever becomes of the pages.

Kubernetes keeps the state in which a list began for some minutes. Then it answers 410, as a
rule with a token that goes on from the same place in a newer state; where it has none, the
list begins again (KEP 365; ``handleCompactedErrorForPaging`` of Kubernetes 1.34).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec

from migrate.cluster.answers import ListMeta
from migrate.errors import ExpiredError, NotFoundError, UnreachableError
from migrate.objects import Manifest

T = TypeVar("T")

EXPIRIES = 3
"""So many times a list goes on or begins again after a 410."""


class Page(msgspec.Struct, Generic[T]):
    """A page of a list. ``items`` is null where Go had an empty list."""

    items: list[T] | None
    metadata: ListMeta = ListMeta()


Read = Callable[[str], Page[T]]
"""Reads the page of a token; that of the empty one is the first."""


def every_item(read: Read[T], what: str) -> Iterator[T]:
    """Yield the objects of all pages, each name once: as it was when it was first seen.

    ``what`` is the request, for people. Raise UnreachableError where the list has no end or
    stops being served, ExpiredError where it was forgotten too often, and what ``read`` raises.
    """
    seen: set[Hashable] = set()
    for page in _pages(read, what):
        items = page.items or []
        fresh = dict(zip(map(_key_of(items), items), items, strict=True))
        for known in seen.intersection(fresh):
            del fresh[known]
        if page.metadata.token:
            # A list of one page, and the last page of another, need no memory.
            seen.update(fresh)
        yield from fresh.values()


def _pages(read: Read[T], what: str) -> Iterator[Page[T]]:
    token, tokens, expired = "", {""}, 0
    while True:
        try:
            page = read(token)
        except ExpiredError as error:
            expired += 1
            if expired > EXPIRIES:
                raise
            token = error.token if error.token != token else ""
            tokens = {"", token}
            continue
        except NotFoundError as error:
            if not token and not expired:
                raise
            # Not served any more is not the same as not served: the rest would be missing.
            raise _broken(f"{what}: expected a further page, found none: {error}") from error
        yield page
        token = page.metadata.token
        if not token:
            return
        if token in tokens:
            raise _broken(f"{what}: expected a token of the next page, found a former one")
        tokens.add(token)


def _broken(message: str) -> UnreachableError:
    return UnreachableError(message, "kubectl get --raw /readyz")


def _key_of(items: list[Any]) -> Callable[[Any], Hashable]:
    if not items or isinstance(items[0], dict):
        return _name_of
    has_namespace = hasattr(items[0].metadata, "namespace")
    # At C speed: there may be fifty thousand.
    return attrgetter("metadata.name", *["metadata.namespace"] * has_namespace)


def _name_of(manifest: Manifest) -> Hashable:
    meta = manifest.get("metadata")
    return (meta.get("namespace"), meta.get("name")) if isinstance(meta, dict) else id(manifest)
