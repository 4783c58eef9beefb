"""Edits as patches of a kustomize component, which other kustomizations take in.

A component needs no resources of its own, so a team names it in ``components`` beside the
manifests that it keeps (kustomize 3.7, kubectl 1.21 and later). Custom resources have no merge
keys for kustomize: a merge patch would replace all containers, so these get a JSON Patch. Such
a patch is passed over without a word where its target is missing, which an empty merge patch
of the same object is not (kustomize 5.5 and 5.7, as kubectl 1.32 and 1.34 have it).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import UNSET

from migrate.objects import Json, Manifest, ObjectRef, value_at
from migrate.operations.patching import PatchOp, counted


def component(patches: Mapping[str, tuple[ObjectRef, Json]]) -> Manifest:
    """Return the kustomization.yaml for patches by file name, each with its target.

    A JSON Patch is a list; a merge patch is a manifest that names its target itself.
    """
    found = (each for file, (ref, patch) in patches.items() for each in _entries(file, ref, patch))
    return {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "patches": list(found),
    }


def _entries(file: str, ref: ObjectRef, patch: Json) -> Iterator[Manifest]:
    if isinstance(patch, list):
        group, _, version = ref.api_version.rpartition("/")
        target = {"group": group, "version": version, "kind": ref.kind, "name": ref.name}
        yield {"path": file, "target": {key: value for key, value in target.items() if value}}
        yield {"patch": _identity(ref)}
    else:
        yield {"path": file}


def _identity(ref: ObjectRef) -> str:
    return f"apiVersion: {ref.api_version}\nkind: {ref.kind}\nmetadata:\n  name: {ref.name}\n"


def json_patch(paths: Iterable[str], base: Manifest, goal: Manifest) -> list[PatchOp]:
    """Return the JSON Patch that gives ``base`` the values that ``goal`` has at these paths.

    The items of a list are counted as in ``base``; a test of each name on the way makes the
    patch fail where the containers stand in another order. What the fields hold is not tested:
    the manifests in Git are seldom what somebody edited in the cluster.
    """
    ops = [op for path in dict.fromkeys(paths) for op in _ops(path, base, goal)]
    # Taking an item out moves those behind it.
    last = [op for op in ops if op["op"] == "remove"]
    return _once([*(op for op in ops if op["op"] != "remove"), *last[::-1]])


def _ops(path: str, base: Manifest, goal: Manifest) -> Iterator[PatchOp]:
    at, names = counted(path, base)
    found, value = value_at(base, path), value_at(goal, path)
    if found is UNSET and value is UNSET:
        return
    yield from ({"op": "test", "path": name, "value": text} for name, text in names)
    if value is UNSET:
        yield {"op": "remove", "path": at}
    else:
        yield {"op": "add" if found is UNSET else "replace", "path": at, "value": value}


def _once(ops: Iterable[PatchOp]) -> list[PatchOp]:
    found: list[PatchOp] = []
    for op in ops:
        if op["op"] != "test" or op not in found:
            found.append(op)
    return found
