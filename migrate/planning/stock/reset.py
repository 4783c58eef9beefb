"""The global setting as the installed distribution ships it, or as it is given: the edits.

Of a ClusterServingRuntime that the release ships it is the containers, whole: an override may
have edited variables, flags or resources as well. What else a runtime says stays: formats,
protocols, `disabled`, and for the pods node selectors, tolerations, volumes, pull secrets,
labels and annotations. They choose services and nodes, not servers, and distributions set
them on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec import UNSET

from migrate.catalog.runtimes import Shipped, StockRuntime
from migrate.kserve.image import parse_image
from migrate.kserve.predictors import Predictors
from migrate.objects import Manifest, ObjectRef, pointer, value_at
from migrate.operations.model import Edit
from migrate.operations.patching import apply_edits
from migrate.planning.model.targets import Target, edits_of
from migrate.planning.model.wanted import Key, Wanted
from migrate.planning.stock.predictorstock import entries_of
from migrate.planning.stock.shipped import (
    candidates,
    containers_of,
    installed,
    patch_of,
    shipment_of,
)
from migrate.planning.stock.ways import Found, Ways, doubt, goal_of, is_shipped, ways_of
from migrate.planning.world.snapshot import Snapshot

Originals = Mapping[ObjectRef, Manifest]


class Doubt(msgspec.Struct, frozen=True):
    """What cannot be set back: the entry as `--set` spells it, and why."""

    entry: str
    text: str


class Reset(msgspec.Struct, frozen=True):
    """What a reset writes: images of `predictors`, edits of runtimes; and what it cannot."""

    wanted: dict[Key, Wanted] = {}
    edits: Mapping[ObjectRef, tuple[Edit, ...]] = {}
    doubts: tuple[Doubt, ...] = ()


def reset_of(
    snapshot: Snapshot,
    predictors: Predictors,
    given: Mapping[Key, Wanted],
    targets: Sequence[Target],
) -> Reset:
    """Return what sets everything back, with what is given in the place of stock.

    Raise UsageError or BlockedError where what is given cannot be set.
    """
    release = str(snapshot.release)
    # Copies of ours in namespaces are whole manifests, too, and none of the global setting.
    originals = {ref: each for ref, each in snapshot.originals.items() if not ref.namespace}
    entries = entries_of(predictors, release)
    # What one of the two says of a mirror means nothing for the other: charts set runtimes alone.
    wanted, doubts = _wanted(entries, given, ways_of(entries.values()))
    images = {target.runtime: target.desired.image for target in targets}
    after, unknown = _stocked(originals, release, images)
    for ref, edits in edits_of(targets, after).items():
        after[ref] = apply_edits(edits, after[ref])
    return Reset(wanted, _between(originals, after), (*doubts, *unknown))


def _stocked(
    originals: Originals, release: str, images: Mapping[ObjectRef, str]
) -> tuple[dict[ObjectRef, Manifest], list[Doubt]]:
    """Return the runtimes with their stock containers, and what is left since it is not told."""
    patch = patch_of(originals, release)
    shipment = shipment_of(originals, patch)
    origins, ways = installed(originals, shipment), ways_of(_images(originals, shipment))
    after = dict(originals)
    doubts: list[Doubt] = []
    for ref, one in shipment.items():
        stock = _Stock(one.origins, candidates(one, origins), ways, images.get(ref, ""))
        is_known = one.release == patch
        edits, unknown = _edits_of(originals[ref], stock) if is_known else ([], [UNKNOWN_PATCH])
        after[ref] = apply_edits(edits, originals[ref])
        if is_known or not stock.image:
            doubts.extend(Doubt(f"runtime/{ref.name}", text) for text in unknown)
    return after, doubts


UNKNOWN_PATCH = "what this patch release of KServe ships is not known"


def _images(originals: Originals, shipment: Mapping[ObjectRef, StockRuntime]) -> Iterator[Found]:
    for ref, one in shipment.items():
        for path, container in containers_of(originals[ref]):
            stock = (_at(each, path).get("image", "") for each in one.origins)
            found = tuple(dict.fromkeys(filter(None, stock)))
            yield Found(f"runtime/{ref.name}", container.get("image", ""), found)


def _at(shipped: Shipped, path: str) -> Manifest:
    return value_at({"spec": shipped.spec}, path) or {}


def _wanted(
    entries: Mapping[Key, Found], given: Mapping[Key, Wanted], ways: Ways
) -> tuple[dict[Key, Wanted], list[Doubt]]:
    """Return the images that `predictors` shall have.

    One that is given decides for its twin, with or without a GPU: both have one repository.
    """
    wanted, doubts = dict(given), []
    for key, found in entries.items():
        if key in given or (*key[:2], not key[2]) in given:
            continue
        goal = goal_of(found, ways)
        if goal is None and found.image:
            doubts.append(Doubt(found.entry, doubt(found, ways)))
        elif goal is not None and goal != found.image:
            wanted[key] = Wanted(key, parse_image(goal))
    return wanted, doubts


class _Stock(msgspec.Struct, frozen=True):
    """What may be shipped of a runtime, what of it is likely, and the image that is given."""

    origins: Sequence[Shipped]
    likely: Sequence[Shipped]
    ways: Ways
    image: str


def _edits_of(live: Manifest, stock: _Stock) -> tuple[list[Edit], list[str]]:
    """Return the edits that give a runtime its stock containers, and why some cannot be told."""
    edits: list[Edit] = []
    doubts: dict[str, None] = {}
    for path, shipped in containers_of({"spec": stock.likely[0].spec}):
        goal = _goal(live, path, shipped, stock)
        if isinstance(goal, str):
            doubts.setdefault(goal)
        else:
            edits.extend(_changes(path, value_at(live, path), goal))
    return edits, list(doubts)


def _goal(live: Manifest, path: str, shipped: Manifest, stock: _Stock) -> Manifest | str:
    """Return the container that shall be at that path, or why that cannot be told."""
    found = value_at(live, path)
    if found is UNSET:
        return f"it has no container at {path}"
    if not stock.image and any(_is_stock(found, _at(o, path), stock.ways) for o in stock.origins):
        return dict(found)
    options = [_at(each, path) for each in stock.likely]
    images = tuple(dict.fromkeys(option.get("image", "") for option in options))
    known = Found("", found.get("image", ""), images)
    is_given = stock.image and shipped.get("image") == _base_image(stock.likely[0])
    image = stock.image if is_given else goal_of(known, stock.ways)
    if image is None:
        return doubt(known, stock.ways)
    goals = [{**option, "image": image} for option in options]
    if any(goal != goals[0] for goal in goals):
        return {**found, "image": image} if stock.image else "its manifests and charts differ"
    return _lacking(live, goals[0]) or goals[0]


def _base_image(shipped: Shipped) -> str:
    return str(shipped.spec["containers"][0]["image"])


def _is_stock(found: Manifest, shipped: Manifest, ways: Ways) -> bool:
    is_same = {**found, "image": ""} == {**shipped, "image": ""}
    return is_same and is_shipped(found.get("image", ""), shipped.get("image", ""), ways)


def _lacking(live: Manifest, goal: Manifest) -> str:
    """Say which volumes of the container the runtime does not have; empty for none."""
    parts = (live["spec"], live["spec"].get("workerSpec") or {})
    known = {volume["name"] for part in parts for volume in part.get("volumes") or ()}
    asked = {mount["name"] for mount in goal.get("volumeMounts") or ()}
    missing = ", ".join(sorted(asked - known))
    return f"the shipped container mounts {missing}, which the runtime has not" if missing else ""


def _changes(path: str, found: Manifest, goal: Manifest) -> Iterator[Edit]:
    for key in sorted(found.keys() | goal.keys()):
        before, after = found.get(key, UNSET), goal.get(key, UNSET)
        if before != after:
            yield Edit(path + pointer(key), before, after)


def _between(before: Originals, after: Originals) -> dict[ObjectRef, tuple[Edit, ...]]:
    found = {ref: tuple(_differing(before[ref], after[ref])) for ref in before}
    return {ref: edits for ref, edits in found.items() if edits}


def _differing(before: Manifest, after: Manifest) -> Iterable[Edit]:
    for path, container in containers_of(before):
        yield from _changes(path, container, value_at(after, path))
