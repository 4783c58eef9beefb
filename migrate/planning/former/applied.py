"""What was applied with kubectl, by the annotation that it leaves."""

from __future__ import annotations

import msgspec

from migrate.kserve import terms
from migrate.objects import Manifest, value_at

_FIELDS = ("/data/predictors", "/spec/containers")
_SETTINGS = ("name", "image", "command", "args", "env")
_MANAGERS = {("kubectl-client-side-apply", "Update"), ("kubectl", "Apply")}


def differing_applied(live: Manifest) -> Manifest | None:
    """Return what was applied last, where it says other images than what is there.

    Edits leave the annotation as it is, and so does who else applies server-side: then it is older
    than what is there. `kubectl apply --server-side` writes it anew (``lastappliedupdater.go`` of
    k8s.io/apimachinery 0.34). None where there is none, or one that cannot be read.
    """
    text = (live["metadata"].get("annotations") or {}).get(terms.LAST_APPLIED, "")
    try:
        found: Manifest = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
    is_same = not isinstance(found, dict) or all(_told(found, f) == _told(live, f) for f in _FIELDS)
    if is_same:
        return None
    meta = {key: live["metadata"][key] for key in ("name", "namespace") if key in live["metadata"]}
    return {**found, "apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": meta}


def _told(manifest: Manifest, path: str) -> object:
    """Return what counts: of containers no field to which the API server gives defaults."""
    found = value_at(manifest, path)
    if not isinstance(found, list):
        return found
    return [[one.get(key) for key in _SETTINGS] for one in found if isinstance(one, dict)]


def written_at(live: Manifest) -> str:
    """Return when kubectl wrote the annotation, RFC 3339; else when the object was made."""
    meta = live["metadata"]
    fields = meta.get("managedFields") or ()
    times = [str(one.get("time") or "") for one in fields if _writes(one)]
    return max(times, default=meta.get("creationTimestamp") or "")


def _writes(entry: Manifest) -> bool:
    return (entry.get("manager"), entry.get("operation", "Update")) in _MANAGERS
