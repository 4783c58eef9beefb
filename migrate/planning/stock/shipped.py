"""What the installed distribution ships of each ClusterServingRuntime: its containers.

Manifests and charts of one release differ (``migrate.catalog.runtimes``). Which of them is
installed is told by Helm's annotation, else by what of all the runtimes is nearer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msgspec import UNSET

from migrate.catalog.runtimes import CHART, Shipped, StockRuntime, releases, stock
from migrate.kserve import terms
from migrate.objects import Json, Manifest, ObjectRef, pointer, value_at
from migrate.planning.stock.mirrors import ENOUGH

LISTS = ("/spec/containers", "/spec/workerSpec/containers")
Shipment = Mapping[ObjectRef, StockRuntime]
"""What the release ships under the names of the runtimes that are there."""


def shipment_of(originals: Mapping[ObjectRef, Manifest], release: str) -> Shipment:
    """Return what is shipped of each; of a patch release that is not known, what another ships.

    Those of ModelMesh are left out: nobody is told what its services get.
    """
    known = {one.name: one for one in stock(release)}
    specs = {ref: manifest.get("spec") or {} for ref, manifest in originals.items()}
    single = [ref for ref, spec in specs.items() if spec and not spec.get("multiModel")]
    return {ref: known[ref.name] for ref in single if ref.name in known}


def patch_of(originals: Mapping[ObjectRef, Manifest], release: str) -> str:
    """Return the release whose runtimes are installed: mostly the one that runs.

    A controller may be of a later patch release than the runtimes, or of an earlier one; that
    is told by two or more fields in which they are as another known release has them.
    """
    same = [one for one in releases() if one.split(".")[:2] == release.split(".")[:2]]
    if release not in same:
        return release
    far = {one: _distance(originals, shipment_of(originals, one)) for one in same}
    near = min(same, key=lambda one: (far[one], one != release))
    return near if far[release] - far[near] >= ENOUGH else release


def _distance(originals: Mapping[ObjectRef, Manifest], shipment: Shipment) -> int:
    found = ((originals[ref]["spec"], one) for ref, one in shipment.items())
    return sum(min(distance(spec, each.spec) for each in one.origins) for spec, one in found)


def installed(originals: Mapping[ObjectRef, Manifest], shipment: Shipment) -> frozenset[str]:
    """Return which origins may be installed: one, or several where nothing tells them apart."""
    marks = [originals[ref]["metadata"].get("annotations") or {} for ref in shipment]
    if any(terms.HELM_RELEASE in found for found in marks):
        return frozenset({CHART})
    far: Counter[str] = Counter()
    for ref, one in shipment.items():
        far.update({o.origin: distance(originals[ref]["spec"], o.spec) for o in one.origins})
    return frozenset(origin for origin, n in far.items() if n == min(far.values()))


def distance(found: Json, shipped: Json) -> int:
    """Return in how many leaves two values differ."""
    if isinstance(found, dict) and isinstance(shipped, dict):
        keys = found.keys() | shipped.keys()
        return sum(distance(found.get(key, UNSET), shipped.get(key, UNSET)) for key in keys)
    if isinstance(found, list) and isinstance(shipped, list) and len(found) == len(shipped):
        return sum(map(distance, found, shipped))
    # An image behind a mirror is no other one.
    is_same = found == shipped or str(found).endswith(f"/{shipped}")
    return int(not is_same)


def candidates(one: StockRuntime, origins: frozenset[str]) -> Sequence[Shipped]:
    """Return what may be the stock of a runtime; one where its containers are the same in all."""
    found = [each for each in one.origins if each.origin in origins] or list(one.origins)
    first = dict(containers_of({"spec": found[0].spec}))
    is_one = all(dict(containers_of({"spec": each.spec})) == first for each in found)
    return found[:1] if is_one else found


def containers_of(manifest: Manifest) -> Iterator[tuple[str, Manifest]]:
    """Yield the path and the container, for each of a runtime, workers included."""
    for path in LISTS:
        for container in value_at(manifest, path) or ():
            if container.get("name"):
                yield path + pointer(f"name={container['name']}"), container
