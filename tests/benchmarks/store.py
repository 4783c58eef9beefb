"""The objects of the stand-in, as the bytes that an API server would send.

How a list looks, where its ``metadata`` stands, and what is packed follows Kubernetes 1.34:
``unstructured`` lists of custom resources are encoded with sorted keys, lists of its own kinds
by the order of their fields; answers above 128 KiB are packed at level 1
(``apiserver/pkg/endpoints/handlers/responsewriters/writers.go``).
"""

from __future__ import annotations

import gzip
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from random import Random
from typing import NamedTuple

import msgspec

from migrate.cluster.resources import RESOURCES, Resource
from migrate.objects import Manifest
from tests.benchmarks import installation, services, tables, workloads

_PACKED_FROM = 128 * 1024
_VERSION = "900000000"
SEED = 20


Key = tuple[str, str, str, str]
"""API version, kind, namespace and name."""


class Item(NamedTuple):
    """An object and its row in a Table, both encoded."""

    namespace: str
    name: str
    labels: dict[str, str]
    whole: bytes
    row: bytes


class Question(NamedTuple):
    """What is asked of a collection; ``limit`` 0 means all of it."""

    resource: Resource
    namespace: str = ""
    selector: str = ""
    start: int = 0
    limit: int = 0
    is_table: bool = False


class Answer(NamedTuple):
    """A body, whether it is packed, and how many objects are in it."""

    body: bytes
    is_packed: bool = False
    size: int = 0


class Store:
    """Objects by kind, in the order of their keys in etcd. Bodies are kept once they are made."""

    def __init__(self, manifests: Iterable[Manifest]) -> None:
        self._items: dict[tuple[str, str], list[Item]] = {}
        self._index: dict[Key, Item] = {}
        self._bodies: dict[tuple[str, str], dict[tuple[Question, bool], Answer]] = {}
        self._former: list[tuple[Key, Item | None]] = []
        for manifest in manifests:
            self._add(manifest)
        for items in self._items.values():
            items.sort(key=lambda item: item[:2])

    def _add(self, manifest: Manifest) -> None:
        kind = manifest["apiVersion"], manifest["kind"]
        item = _item(manifest)
        self._items.setdefault(kind, []).append(item)
        self._index[*kind, item.namespace, item.name] = item

    def one(self, resource: Resource, namespace: str, name: str) -> bytes | None:
        """Return an object; None where there is none."""
        found = self._index.get((resource.api_version, resource.kind, namespace, name))
        return _alone(found.whole, resource) if found else None

    def many(self, asked: Question, *, packs: bool) -> Answer:
        """Return a page of a list, or of a Table; packed where asked and worth it."""
        key, kind = (asked, packs), (asked.resource.api_version, asked.resource.kind)
        bodies = self._bodies.setdefault(kind, {})
        if key not in bodies:
            body, count = self._page(asked)
            is_packed = packs and len(body) > _PACKED_FROM
            sent = gzip.compress(body, 1) if is_packed else body
            bodies[key] = Answer(sent, is_packed, count)
        return bodies[key]

    def put(self, manifest: Manifest) -> None:
        """Keep an object, a new one or in place of the one of that name, until ``forget``."""
        item = _item(manifest)
        key = (manifest["apiVersion"], manifest["kind"], item.namespace, item.name)
        self._former.append((key, self._index.get(key)))
        self._set(key, item)

    def forget(self) -> None:
        """Let everything be as it was generated."""
        while self._former:
            self._set(*self._former.pop())

    def _set(self, key: Key, item: Item | None) -> None:
        items = self._items.setdefault(key[:2], [])
        at = bisect_left(items, key[2:], key=lambda one: one[:2])
        items[at : at + (key in self._index)] = [item] if item else []
        self._index.pop(key, None)
        if item:
            self._index[key] = item
        self._bodies.pop(key[:2], None)

    def _page(self, asked: Question) -> tuple[bytes, int]:
        resource = asked.resource
        chosen = list(_chosen(self._items.get((resource.api_version, resource.kind), []), asked))
        end = asked.start + asked.limit if asked.limit else len(chosen)
        page, left = chosen[asked.start : end], len(chosen) - end
        meta = {"continue": str(end), "remainingItemCount": left} if left > 0 else {"continue": ""}
        said = msgspec.json.encode({**meta, "resourceVersion": _VERSION})
        if asked.is_table:
            return _table(resource.kind, said, page), len(page)
        return _list(resource, said, b",".join(item.whole for item in page)), len(page)


def _item(manifest: Manifest) -> Item:
    meta = manifest["metadata"]
    # In a list of a kind of Kubernetes' own, the items do not say what they are.
    is_custom = "k8s.io" not in manifest["apiVersion"] and "." in manifest["apiVersion"]
    named = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind")}
    return Item(
        meta.get("namespace", ""),
        meta["name"],
        meta.get("labels", {}),
        msgspec.json.encode(manifest if is_custom else named, order="sorted"),
        msgspec.json.encode(tables.row(manifest), order="sorted"),
    )


def _alone(whole: bytes, resource: Resource) -> bytes:
    if whole.startswith(b'{"apiVersion"'):
        return whole
    said = resource.kind.encode(), resource.api_version.encode()
    return b'{"kind":"%s","apiVersion":"%s",' % said + whole[1:]


def _chosen(items: list[Item], asked: Question) -> Iterator[Item]:
    wanted = [pair.partition("=")[::2] for pair in asked.selector.split(",") if pair]
    for item in items:
        is_there = asked.namespace in ("", item.namespace)
        if is_there and all(item.labels.get(key) == value for key, value in wanted):
            yield item


def _list(resource: Resource, meta: bytes, items: bytes) -> bytes:
    version, kind = resource.api_version.encode(), f"{resource.kind}List".encode()
    if "." in resource.group and not resource.group.endswith("k8s.io"):
        head = b'{"apiVersion":"%s","items":[%s],"kind":"%s","metadata":%s}'
        return head % (version, items, kind, meta)
    head = b'{"kind":"%s","apiVersion":"%s","metadata":%s,"items":[%s]}'
    return head % (kind, version, meta, items)


def _table(kind: str, meta: bytes, page: list[Item]) -> bytes:
    head = b'{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":%s,'
    told = msgspec.json.encode(tables.columns(kind))
    rows = b",".join(item.row for item in page)
    return head % meta + b'"columnDefinitions":%s,"rows":[%s]}' % (told, rows)


def generated(count: int, namespaces: int = 0) -> Store:
    """Return a cluster with KServe 0.9.0 and so many services, the same for the same count.

    It has at least so many ``namespaces``.
    """
    return Store(_cluster(count, namespaces, Random(SEED)))


def _cluster(count: int, namespaces: int, dice: Random) -> Iterator[Manifest]:
    most = max(namespaces, -(-count // services.PER_NAMESPACE))
    teams = [f"team-{number:04d}" for number in range(most)]
    installed = list(installation.objects(teams, dice))
    yield from installed
    config = installation.config_of(installed)
    for number in range(count):
        one = services.service(number, dice)
        manifest = services.manifest(one, dice)
        yield manifest
        yield workloads.workload(one, workloads.container_of(one, manifest, config), dice)


SERVED = {(r.group, r.api_version.rpartition("/")[2], r.plural): r for r in RESOURCES}
"""The kinds that are served: all that kmigrate knows, by group, version and plural."""
