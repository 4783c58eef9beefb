"""How the installed distribution names what KServe ships: as it is, or below a prefix of its own.

It is told by the other images of the cluster, registry by registry: who mirrors Docker Hub may
take the images of another registry from there all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from migrate.planning.stock.mirrors import ENOUGH

DOCKER_HUB = "docker.io"


class Found(msgspec.Struct, frozen=True):
    """An image that is set globally. ``entry`` is spelled as in `--set`.

    ``stock`` are the images that the release ships there: none where that is not known,
    several where its manifests and charts differ.
    """

    entry: str
    image: str
    stock: tuple[str, ...]


class Way(msgspec.Struct, frozen=True):
    """``prefix`` comes before a shipped image, which keeps the registry in its name or not."""

    prefix: str = ""
    keeps_registry: bool = True


Ways = Mapping[str, frozenset[Way]]
"""The ways that are seen, by the registry in the shipped name; "" for names without one."""


def ways_of(found: Iterable[Found]) -> Ways:
    """Return the ways in which a cluster takes the release's images.

    A prefix counts where two or more servers have it: a single one is an override.
    """
    seen = set(_seen(found))
    servers = {(stock.rpartition(":")[0], way.prefix) for stock, way in seen}
    times = Counter(prefix for _, prefix in servers)
    ways: dict[str, frozenset[Way]] = {}
    for stock, way in seen:
        if not way.prefix or times[way.prefix] >= ENOUGH:
            registry = registry_of(stock)
            ways[registry] = ways.get(registry, frozenset()) | {way}
    return ways


def _seen(found: Iterable[Found]) -> Iterator[tuple[str, Way]]:
    for one in found:
        ways = ((stock, way_of(stock, one.image)) for stock in one.stock)
        yield from ((stock, way) for stock, way in ways if way is not None)


def way_of(stock: str, image: str) -> Way | None:
    """Return the way that leads from a shipped image to this one; None where none does."""
    if image == stock:
        return Way()
    registry = registry_of(stock)
    rest = stock.removeprefix(f"{registry}/")
    if image == rest and registry == DOCKER_HUB:
        return Way(keeps_registry=False)
    for tail in dict.fromkeys((stock, rest)):
        if image.endswith(f"/{tail}"):
            return Way(image.removesuffix(tail), tail == stock)
    return None


def registry_of(image: str) -> str:
    """Return the registry in the name of an image; empty where there is none."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first) else ""


def derived(stock: str, ways: Ways) -> str | None:
    """Return what the distribution calls a shipped image; None where nothing tells it."""
    registry = registry_of(stock)
    own = ways.get(registry, frozenset())
    if len(own) == 1:
        [way] = own
        return way.prefix + (stock if way.keeps_registry else stock.removeprefix(f"{registry}/"))
    has_prefix = any(way.prefix for every in ways.values() for way in every)
    return stock if ways and not has_prefix else None


def is_shipped(image: str, stock: str, ways: Ways) -> bool:
    """Tell whether an image is what the release ships, or the distribution's name of it."""
    return image in (stock, derived(stock, ways))


def goal_of(found: Found, ways: Ways) -> str | None:
    """Return the stock image of the installed distribution; None where it cannot be told."""
    if any(is_shipped(found.image, stock, ways) for stock in found.stock):
        return found.image
    goals = {derived(stock, ways) for stock in found.stock}
    return goals.pop() if len(goals) == 1 else None


def doubt(found: Found, ways: Ways) -> str:
    """Say why the stock image cannot be told."""
    if not found.stock:
        return "what the release ships there is not known"
    if len(found.stock) > 1:
        return f"its manifests and charts differ, {' or '.join(found.stock)}"
    prefixes = sorted({way.prefix for every in ways.values() for way in every})
    where = " and ".join(prefix or "no prefix" for prefix in prefixes)
    seen = f"others are taken with {where}" if prefixes else "no other image is KServe's own"
    return f"KServe ships {found.stock[0]}, and from where this cluster takes it is open: {seen}"
