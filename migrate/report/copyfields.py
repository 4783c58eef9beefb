"""Copies of runtimes, as short as they can be told: what of each is not as in its source.

A copy has dozens of fields, and all but one or two are those of the ClusterServingRuntime. What
that had is sealed in the plan, so the two are compared and nothing is assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from migrate.kserve import terms
from migrate.objects import Manifest, count, pointer, value_at
from migrate.operations.model import Create, Delete, Operation
from migrate.operations.stale import leaves_of
from migrate.planning.model.plan import Plan
from migrate.planning.world.copies import OURS
from migrate.planning.world.namedcopies import SOURCE
from migrate.report.fielddiff import removed, replaced, shown_leaves
from migrate.report.lines import WIDTH, Tone, Toned, wrapped

Sources: TypeAlias = Mapping[str, Mapping[str, str]]
"""By the name of a ClusterServingRuntime, the leaves of its spec: see ``planning.plan.Seal``."""
SPEC = pointer("spec")
ROOM = WIDTH - len("      ")
"""Columns beside the indent."""


def sources_of(plan: Plan) -> Sources:
    """Return what the plan knows of the runtimes that its copies are made of."""
    return {
        seal.target.name: seal.leaves
        for seal in plan.seals
        if seal.target.kind == terms.CLUSTER_RUNTIME and seal.path == SPEC
    }


def is_copy(operation: Operation, sources: Sources) -> bool:
    """Tell whether it can be told shortly: a copy of a known source, or one of ours that goes."""
    match operation.change:
        case Create(manifest):
            return _is_ours(manifest) and _source(manifest) in sources
        case Delete(manifest):
            return _is_ours(manifest)
        case _:
            return False


def _is_ours(manifest: Manifest) -> bool:
    labels = manifest["metadata"].get("labels") or {}
    is_runtime = manifest["kind"] == terms.SERVING_RUNTIME
    return is_runtime and labels.get(terms.MANAGED_BY) == OURS


def _source(manifest: Manifest) -> str:
    meta = manifest["metadata"]
    name: str = (meta.get("annotations") or {}).get(SOURCE) or meta["name"]
    return name


def copied_lines(operation: Operation, sources: Sources) -> Iterator[str]:
    """Yield what differs from the source, and how many fields are as there."""
    match operation.change:
        case Create(manifest):
            yield from _made(manifest, sources[_source(manifest)])
        case Delete(manifest):
            leaves = shown_leaves(manifest)
            for path in (images := _images(leaves)):
                yield from removed(path, leaves[path])
            yield Toned(f"- {count(len(leaves) - len(images), 'more field')}", Tone.REMOVED)


def _made(manifest: Manifest, source: Mapping[str, str]) -> Iterator[str]:
    found = leaves_of(value_at(manifest, SPEC))
    shown = dict(zip(found, shown_leaves(manifest).items(), strict=True))
    others = [at for at in found if found[at] != source.get(at)]
    for at in others:
        path, value = shown[at]
        yield from replaced(path, _told(source.get(at)), value)
    yield from (f"- {SPEC}{at}" for at in source if at not in found)
    number = count(len(found) - len(others), "more field" if others else "field")
    same = [shown[at][1] for at in _images(found) if at not in others]
    images = f", image {', '.join(same)}" if same else ""
    where = f"{terms.CLUSTER_RUNTIME} {_source(manifest)}"
    yield from wrapped(f"{'' if others else 'all '}{number} as in {where}{images}", ROOM)


def _told(leaf: str | None) -> str | None:
    """Return a value of the source as text; of variables and arguments there is a digest alone."""
    if leaf is None:
        return "(none)"
    return None if leaf.startswith("sha256:") else leaf


def _images(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if "/containers/" in path and path.endswith("/image")]
