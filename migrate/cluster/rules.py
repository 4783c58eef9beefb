"""What the API server does to an object's metadata when the object is written.

Pure. Measured against a real API server; tests/cluster holds both to the same suite.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from migrate.cluster import jsonpatch
from migrate.cluster.port import JsonPatch
from migrate.cluster.resources import Resource
from migrate.errors import ApiError, ConflictError, InvalidError, NotFoundError
from migrate.objects import Json, Manifest, canonical

_BAD_REQUEST = 400
_SERVER_ERROR = 500

_TERM = re.compile(r"[-\w./]+(=[-\w.]*)?")

# Empty, these are not stored: who adds to them next has to make them again.
_DROPPED_EMPTY = ("annotations", "finalizers", "labels", "ownerReferences")
_SET_BY_SERVER = ("creationTimestamp", "generation", "resourceVersion", "uid")


class _Meta(msgspec.Struct):
    labels: dict[str, str] | None = None


class _Labelled(msgspec.Struct):
    metadata: _Meta


def key_of(resource: Resource, manifest: Manifest) -> str:
    """Return the key by which the API server sorts the objects of a kind."""
    meta = manifest["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if resource.namespaced else str(meta["name"])


def created(resource: Resource, manifest: Manifest) -> Manifest:
    """Return the object as it is stored first, but for uid, resourceVersion and time."""
    check_new(manifest)
    meta = {**manifest["metadata"]}
    for field in ("deletionGracePeriodSeconds", "deletionTimestamp"):
        meta.pop(field, None)
    if resource.generation:
        meta["generation"] = 1
    if not resource.namespaced:
        meta.pop("namespace", None)
    new = _pruned({**manifest, "metadata": meta})
    if resource.status:
        new.pop("status", None)
    return new


def check_new(manifest: Manifest) -> None:
    """Raise ApiError (500, as the server does) where the object claims to exist already."""
    if manifest["metadata"].get("resourceVersion"):
        raise _refusal(_SERVER_ERROR, "resourceVersion must not be set on what is created")


def patched(
    resource: Resource, old: Manifest, patch: JsonPatch | Manifest, subresource: str
) -> Manifest:
    """Return the object after a patch, still with its old resourceVersion.

    Raise NotFoundError where the kind has no such subresource, ConflictError where the
    patch carries another resourceVersion, InvalidError where it does not apply.
    """
    if subresource and not (subresource == "status" and resource.status):
        raise NotFoundError(f"{resource.full_name} have no subresource {subresource!r}")
    new = jsonpatch.apply(old, patch) if isinstance(patch, list) else jsonpatch.merge(old, patch)
    _check(old, new)
    new = _with_status_of(new, old) if subresource else _with_rest_of(resource, old, new)
    return _pruned(new)


def check_preconditions(old: Manifest, uid: str, resource_version: str) -> None:
    """Raise ConflictError where the object is not the one, or not the version, to delete."""
    meta = old["metadata"]
    if (meta["uid"], meta["resourceVersion"]) != (uid, resource_version):
        raise ConflictError(f"{old['kind']} {meta['name']}: another or a newer one than expected")


def terminating(old: Manifest, now: str) -> Manifest:
    """Return the object as a delete leaves it while finalizers hold it."""
    meta = {"deletionGracePeriodSeconds": 0, "deletionTimestamp": now, **old["metadata"]}
    if "generation" in meta and "deletionTimestamp" not in old["metadata"]:
        meta["generation"] += 1
    return {**old, "metadata": meta}


def selects(selector: str) -> Callable[[bytes], bool]:
    """Return the test whether an object, as JSON, has all labels of ``a=b,c``."""
    terms = selector.split(",") if selector else []
    if not all(_TERM.fullmatch(term) for term in terms):
        raise ValueError(f"not a label selector of equalities and keys: {selector!r}")
    wanted = {tuple(term.split("=")) for term in terms if "=" in term}
    keys = {term for term in terms if "=" not in term}
    return lambda raw: not terms or _has(_labels(raw), wanted, keys)


def _has(labels: dict[str, str], wanted: set[tuple[str, ...]], keys: set[str]) -> bool:
    return wanted <= labels.items() and keys <= labels.keys()


def _labels(raw: bytes) -> dict[str, str]:
    return msgspec.json.decode(raw, type=_Labelled).metadata.labels or {}


def _check(old: Manifest, new: Json) -> None:
    meta = new.get("metadata") if isinstance(new, dict) else None
    if not isinstance(meta, dict):
        raise InvalidError("nothing of the object would be left")
    if any(meta.get(field) != old["metadata"].get(field) for field in ("name", "namespace")):
        raise _refusal(_BAD_REQUEST, "name and namespace of an object cannot change")
    if any(new.get(field) != old[field] for field in ("apiVersion", "kind")):
        raise InvalidError("apiVersion and kind of an object cannot change")
    for field in ("uid", "deletionTimestamp"):
        if meta.get(field) and meta[field] != old["metadata"].get(field):
            raise InvalidError(f"metadata.{field}: field is immutable")
    if meta.get("resourceVersion") not in (None, "", old["metadata"]["resourceVersion"]):
        raise ConflictError(f"{old['kind']} {meta['name']}: the object has been modified")


def _with_status_of(new: Manifest, old: Manifest) -> Manifest:
    rest = {key: value for key, value in old.items() if key != "status"}
    return rest | ({"status": new["status"]} if new.get("status") is not None else {})


def _with_rest_of(resource: Resource, old: Manifest, new: Manifest) -> Manifest:
    if resource.status:
        new = {key: value for key, value in new.items() if key != "status"}
        new |= {"status": old["status"]} if "status" in old else {}
    kept = {key: old["metadata"][key] for key in _SET_BY_SERVER if key in old["metadata"]}
    meta = {key: value for key, value in new["metadata"].items() if key not in _SET_BY_SERVER}
    new = {**new, "metadata": meta | kept}
    if resource.generation and _counted(resource, new) != _counted(resource, old):
        new["metadata"]["generation"] = kept.get("generation", 0) + 1
    return new


def _counted(resource: Resource, manifest: Manifest) -> bytes:
    left_out = {"metadata"} | ({"status"} if resource.status else set())
    counted = {key: value for key, value in manifest.items() if key not in left_out}
    if resource.kind == "Deployment":
        # Of all kinds only this one counts its annotations.
        counted["annotations"] = manifest["metadata"].get("annotations") or {}
    return canonical(counted)


def _pruned(manifest: Manifest) -> Manifest:
    meta = manifest["metadata"]
    empty = [key for key in _DROPPED_EMPTY if key in meta and not meta[key]]
    kept = {key: value for key, value in meta.items() if key not in empty}
    if manifest["kind"] != "ConfigMap":
        return {**manifest, "metadata": kept}
    gone = [key for key in ("binaryData", "data") if key in manifest and not manifest[key]]
    return {k: v for k, v in manifest.items() if k not in gone} | {"metadata": kept}


def _refusal(status: int, message: str) -> ApiError:
    error = ApiError(message)
    error.status = status
    return error
