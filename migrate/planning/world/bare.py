"""Manifests as people keep them in Git: without what the API server and owners write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import UNSET

from migrate.kserve import terms
from migrate.objects import Json, Manifest, ObjectRef, parts_of, value_at
from migrate.planning.world.copies import PREPARED_FOR

_KUSTOMIZE = terms.FLUX_KUSTOMIZATION.removesuffix("name")
_FLUX_HELM = terms.FLUX_RELEASE.removesuffix("name")
_TRACKING = frozenset({
    terms.LAST_APPLIED,
    terms.ARGOCD_TRACKING_ID,
    terms.ARGOCD_INSTANCE,
    "argocd.argoproj.io/installation-id",
    f"{_KUSTOMIZE}name",
    f"{_KUSTOMIZE}namespace",
    f"{_FLUX_HELM}name",
    f"{_FLUX_HELM}namespace",
    terms.HELM_RELEASE,
    "meta.helm.sh/release-namespace",
})  # fmt: skip
"""Labels and annotations that a tool writes on what it deploys, and on nothing else."""
_PREFIXES = ("platform.opendatahub.io/", "kmigrate.dev/")


def bare(manifest: Manifest) -> Manifest:
    """Return the manifest with its whole spec, its own labels and annotations, and no status.

    What owners are told by (docs/owners.md) is left out too: whoever deploys the manifest
    writes marks of his own.
    """
    kept = {key: value for key, value in manifest.items() if key not in ("metadata", "status")}
    return {**kept, "metadata": _metadata(manifest["metadata"])}


def _metadata(meta: Manifest) -> Manifest:
    named = {key: meta[key] for key in ("name", "namespace") if meta.get(key)}
    is_helms = terms.HELM_RELEASE in (meta.get("annotations") or {})
    marks = {key: _own(meta.get(key) or {}, is_helms=is_helms) for key in ("annotations", "labels")}
    return named | {key: pairs for key, pairs in marks.items() if pairs}


def _own(pairs: Mapping[str, Json], *, is_helms: bool) -> Manifest:
    # The label is no mark of Helm's where the annotation is missing: `helm template` leaves it.
    dropped = _TRACKING | {terms.MANAGED_BY} if is_helms else _TRACKING
    return {
        key: value
        for key, value in pairs.items()
        if key not in dropped and (key == PREPARED_FOR or not key.startswith(_PREFIXES))
    }


def part(ref: ObjectRef, source: Manifest, paths: Iterable[str]) -> Manifest:
    """Return a manifest of these fields alone, with the values that ``source`` has there.

    Fields that it has not are left out. The paths lead through objects, not through lists.
    """
    meta = {"name": ref.name} | ({"namespace": ref.namespace} if ref.namespace else {})
    found: Manifest = {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": meta}
    for path in paths:
        value = value_at(source, path)
        if value is not UNSET:
            put(found, path, value)
    return found


def put(manifest: Manifest, path: str, value: Json) -> None:
    """Set the field, and make the objects that lead to it where they are missing."""
    *parents, last = parts_of(path)
    for name in parents:
        manifest = manifest.setdefault(name, {})
    manifest[last] = value
