"""All objects of all kinds, as they are compared: nothing that a run leaves behind can hide."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from tests.testbed.api import Api, ApiError, Manifest
from tests.testbed.manifests import NAMESPACE

_SERVER_OWNED = (
    *("resourceVersion", "uid", "generation", "managedFields"),
    *("creationTimestamp", "deletionTimestamp", "selfLink"),
)
_RESTLESS = {"Event", "Lease", "EndpointSlice", "Endpoints"}
"""What live controllers rewrite by themselves."""
_PODS = {"Pod", "ReplicaSet", "Revision"}
"""Of these the uid counts, too: another pod of the same form is another pod."""
_RESTARTED = "kubectl.kubernetes.io/restartedAt"
_TESTBED = "kmigrate-testbed"
_RECORD = "kmigrate-run-"
Key = tuple[str, str, str]
"""Kind, namespace, name."""


def everything(api: Api) -> dict[Key, Manifest]:
    """Return every object but the records of runs, without what the server owns, nor status.

    The pods of KServe's controller are left out: restarting it makes others.
    """
    return {
        _key(found): _lean(found)
        for version, plural, kind in _kinds(api)
        for found in _listed(api, version, plural, kind)
        if not (_is_record(found) or _is_of_controller(found))
    }


def _is_record(found: Manifest) -> bool:
    return bool(found["metadata"]["name"].startswith(_RECORD))


def _is_of_controller(found: Manifest) -> bool:
    return found["kind"] in _PODS and found["metadata"].get("namespace") == NAMESPACE


def traces(found: dict[Key, Manifest]) -> list[Key]:
    """Return the objects that tell of kmigrate anywhere in what is compared."""
    texts = {key: json.dumps(manifest) for key, manifest in found.items()}
    return [key for key, text in texts.items() if "kmigrate" in text.replace(_TESTBED, "")]


def differences(before: dict[Key, Manifest], after: dict[Key, Manifest]) -> list[str]:
    """Return what came, went, or is not as it was."""
    keys = sorted(before.keys() | after.keys())
    return [_told(key, before, after) for key in keys if before.get(key) != after.get(key)]


def _told(key: Key, before: dict[Key, Manifest], after: dict[Key, Manifest]) -> str:
    name = " ".join(key)
    if key not in before or key not in after:
        return f"{name}: {'gone' if key in before else 'new'}"
    return f"{name}: {json.dumps(before[key])} -> {json.dumps(after[key])}"


def _kinds(api: Api) -> Iterator[tuple[str, str, str]]:
    """Yield version, plural and kind of all that can be listed, each kind of a group once."""
    groups = api.request("GET", "/apis")["groups"]
    versions = [v["groupVersion"] for group in groups for v in group["versions"]]
    seen = set()
    for version in ("v1", *versions):
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        for resource in api.request("GET", root)["resources"]:
            known = (version.rpartition("/")[0], resource["kind"])
            is_whole = "/" not in resource["name"] and "list" in resource["verbs"]
            if is_whole and known not in seen and resource["kind"] not in _RESTLESS:
                seen.add(known)
                yield version, resource["name"], resource["kind"]


def _listed(api: Api, version: str, plural: str, kind: str) -> list[Manifest]:
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    try:
        items: list[Manifest] = api.request("GET", f"{root}/{plural}")["items"] or []
    except ApiError as error:
        if error.status not in (404, 405):
            raise
        return []
    return [{**item, "apiVersion": version, "kind": kind} for item in items]


def _key(manifest: Manifest) -> Key:
    meta = manifest["metadata"]
    return (manifest["kind"], meta.get("namespace", ""), meta["name"])


def _lean(manifest: Manifest) -> Manifest:
    found: dict[str, Any] = copy.deepcopy(manifest)
    found.pop("status", None)
    kept = () if found["kind"] not in _PODS else ("uid",)
    for name in _SERVER_OWNED:
        if name not in kept:
            found["metadata"].pop(name, None)
    for meta in (found["metadata"], _template(found)):
        notes = meta.get("annotations") or {}
        notes.pop(_RESTARTED, None)
        notes.pop("deployment.kubernetes.io/revision", None)
    return found


def _template(manifest: Manifest) -> dict[str, Any]:
    spec = manifest.get("spec")
    template = spec.get("template") if isinstance(spec, dict) else None
    meta = template.get("metadata") if isinstance(template, dict) else None
    return meta or {}
