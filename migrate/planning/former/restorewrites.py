"""What brings back what a checkpoint holds: the ConfigMap, and the runtimes that may be written.

These are the ClusterServingRuntimes, and the ServingRuntimes that kmigrate made. Of a runtime it is
the spec, and the annotation that KServe decides by; of the ConfigMap the data, to the byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import UNSET

from migrate.kserve import terms
from migrate.objects import Json, Manifest, ObjectRef, parts_of, pointer, ref_of
from migrate.operations.model import Create, Delete, Edit, Operation, Patch
from migrate.planning.model.checkpoint import Checkpoint
from migrate.planning.world.copies import DECIDING, OURS
from migrate.planning.world.snapshot import Snapshot

WHY = "as at the checkpoint"
SINCE = "came since the checkpoint"
DATA = ("data", "binaryData")
_KEPT = ("name", "namespace", "labels", "annotations")
"""What of the metadata belongs to an object wherever it is made; owners are known by their uid."""


def is_own(manifest: Manifest) -> bool:
    """Tell whether kmigrate made it, by its label."""
    return (manifest["metadata"].get("labels") or {}).get(terms.MANAGED_BY) == OURS


def former_runtimes(checkpoint: Checkpoint) -> dict[ObjectRef, Manifest]:
    """Return the runtimes of a checkpoint by their references."""
    return {ref_of(each): each for each in checkpoint.runtimes}


def writes_of(snapshot: Snapshot, checkpoint: Checkpoint) -> tuple[Operation, ...]:
    """Return what is edited and made; nothing is deleted by these."""
    edits = config_edits(snapshot.config, checkpoint.config)
    config = [Operation(snapshot.config_ref, Patch(edits), WHY)] if edits else []
    return (*config, *_runtime_writes(snapshot, checkpoint))


def config_edits(live: Manifest, former: Manifest) -> tuple[Edit, ...]:
    """Return the edits that give the ConfigMap its former data, key by key, and no other key."""
    goal = {key: value for key, value in live.items() if key not in DATA}
    goal |= {key: former[key] for key in DATA if former.get(key) is not None}
    return tuple(edits_between(live, goal))


def _runtime_writes(snapshot: Snapshot, checkpoint: Checkpoint) -> Iterator[Operation]:
    known = {one.ref for one in snapshot.runtimes.everywhere}
    found = former_runtimes(checkpoint)
    for ref in sorted(found, key=lambda ref: ref.place):
        former, live = found[ref], snapshot.originals.get(ref)
        if live is not None and (not ref.namespace or is_own(former)):
            edits = tuple(edits_between(live, _goal(live, former)))
            if edits:
                yield Operation(ref, Patch(edits), WHY)
        elif ref not in known and is_made_again(former, snapshot):
            yield Operation(ref, Create(made_again(former)), WHY)


def is_made_again(former: Manifest, snapshot: Snapshot) -> bool:
    """Tell whether a runtime that has gone is made again.

    One of a namespace is if kmigrate had made it, and a service is left there to use it.
    """
    namespace = former["metadata"].get("namespace", "")
    lives = any(ref.namespace == namespace for ref in snapshot.services)
    return not namespace or (is_own(former) and lives)


def made_again(former: Manifest) -> Manifest:
    """Return the manifest of a runtime that has gone, without what the API server gave it."""
    meta = {key: former["metadata"][key] for key in _KEPT if former["metadata"].get(key)}
    return {**{key: former[key] for key in ("apiVersion", "kind", "spec")}, "metadata": meta}


def _goal(live: Manifest, former: Manifest) -> Manifest:
    """Return the live object with what decides as it was; all else in it stays."""
    told = [parts_of(path)[-1] for path in DECIDING if path.startswith("/metadata/annotations/")]
    now, then = (each["metadata"].get("annotations") or {} for each in (live, former))
    annotations = {key: value for key, value in now.items() if key not in told}
    annotations |= {key: then[key] for key in told if key in then}
    meta = dict(live["metadata"])
    if annotations != now:
        meta["annotations"] = annotations
    return {**live, "metadata": meta, "spec": former["spec"]}


def edits_between(before: Json, after: Json, path: str = "") -> Iterator[Edit]:
    """Yield the edits that make one value of the other, as deep as both are alike."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            one, other = (each.get(key, UNSET) for each in (before, after))
            yield from edits_between(one, other, path + pointer(key))
    elif (names := _names(before)) and names == _names(after):
        for name, one, other in zip(names, before, after, strict=True):
            yield from edits_between(one, other, path + pointer(f"name={name}"))
    else:
        yield Edit(path, before, after)


def _names(value: Json) -> list[str]:
    """Return the names of the items of a list; none where they are not told apart by them."""
    items = value if isinstance(value, list) else []
    names = [str(item["name"]) for item in items if isinstance(item, dict) and item.get("name")]
    return names if len(set(names)) == len(items) else []


def deletes_of(
    originals: Mapping[ObjectRef, Manifest], refs: frozenset[ObjectRef]
) -> list[Operation]:
    """Return what takes these runtimes away."""
    ordered = sorted(refs, key=lambda ref: ref.place)
    return [Operation(ref, Delete(made_again(originals[ref])), SINCE) for ref in ordered]
