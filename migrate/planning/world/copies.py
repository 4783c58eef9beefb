"""Copies of ClusterServingRuntimes in namespaces: how they are made, and how ours are known."""

from __future__ import annotations

import msgspec

from migrate.kserve import terms
from migrate.kserve.releases import Release
from migrate.kserve.runtimes import Runtime
from migrate.objects import Manifest, ObjectRef, canonical, pointer, sha256
from migrate.operations.model import Create, Operation
from migrate.planning.model.plan import Plan

OURS = "kmigrate"
"""The value of the label ``app.kubernetes.io/managed-by`` on what kmigrate made."""
RUN = "kmigrate.dev/run"
"""The label that names the run that made it."""
SOURCE_RELEASE = "kmigrate.dev/source-release"
"""The annotation with the release of KServe under which it was copied."""
SOURCE_DIGEST = "kmigrate.dev/source-digest"
"""The annotation with the digest of what it was copied from: see ``digest_of_source``."""
PREPARED_FOR = "kmigrate.dev/prepared-for"
"""The annotation with the release for which it was made before the upgrade: services are meant to
get its image once they are converted. It stays in what is written for Git."""
_DECIDING = (terms.SERVER_TYPE,)
"""The annotations of a runtime that decide something (``SetRuntimeDefaults`` from 0.17.0 on)."""
DECIDING = ("/spec", *(pointer("metadata", "annotations", key) for key in _DECIDING))
"""The fields of a runtime that decide, by JSON Pointer."""
NEWEST = "9999-12-31T23:59:59Z"
"""When a copy that is yet to be made will have been created: after all that is there."""


def copy_ref(name: str, namespace: str) -> ObjectRef:
    """Return the reference of a runtime of a namespace."""
    return ObjectRef(terms.RUNTIME_VERSION, terms.SERVING_RUNTIME, name, namespace)


def is_ours(runtime: Runtime) -> bool:
    """Tell whether kmigrate made it, by its label."""
    return (runtime.metadata.labels or {}).get(terms.MANAGED_BY) == OURS


def copy_of(source: Manifest, namespace: str, release: Release | None) -> Manifest:
    """Return the manifest of the same-name runtime of a namespace, with the same spec.

    Of the metadata it has what decides something. What tools write of themselves stays behind:
    whoever owns the ClusterServingRuntime does not own the copy.
    """
    kept = _deciding(source)
    told = {SOURCE_RELEASE: str(release or ""), SOURCE_DIGEST: digest_of_source(source)}
    name = source["metadata"]["name"]
    return {
        "apiVersion": terms.RUNTIME_VERSION,
        "kind": terms.SERVING_RUNTIME,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {terms.MANAGED_BY: OURS},
            "annotations": {**kept, **told},
        },
        "spec": source["spec"],
    }


def prepared_for(operation: Operation, release: Release) -> Operation:
    """Return what makes a copy as one that is made for services of before an upgrade."""
    assert isinstance(operation.change, Create)
    manifest = operation.change.manifest
    told = {**manifest["metadata"]["annotations"], PREPARED_FOR: str(release)}
    meta = {**manifest["metadata"], "annotations": told}
    reason = f"{operation.reason}, as KServe {release} ships it"
    change = Create({**manifest, "metadata": meta})
    return msgspec.structs.replace(operation, change=change, reason=reason)


def digest_of_source(source: Manifest) -> str:
    """Return the digest of what a copy takes over: the spec, and annotations that decide."""
    return sha256(canonical({"spec": source["spec"], "annotations": _deciding(source)}))


def _deciding(source: Manifest) -> dict[str, str]:
    found = source["metadata"].get("annotations") or {}
    return {key: found[key] for key in _DECIDING if key in found}


def runtime_of(manifest: Manifest) -> Runtime:
    """Return a copy that is yet to be made as the runtime that it will be."""
    runtime = msgspec.convert(manifest, Runtime)
    meta = msgspec.structs.replace(runtime.metadata, creation_timestamp=NEWEST)
    return msgspec.structs.replace(runtime, metadata=meta)


def stamped(plan: Plan, run: str) -> Plan:
    """Return the plan whose copies bear the name of the run that makes them."""
    operations = tuple(_stamped(operation, run) for operation in plan.operations)
    return msgspec.structs.replace(plan, operations=operations)


def _stamped(operation: Operation, run: str) -> Operation:
    if not isinstance(operation.change, Create):
        return operation
    manifest = operation.change.manifest
    meta = manifest["metadata"]
    labels = meta.get("labels") or {}
    if labels.get(terms.MANAGED_BY) != OURS:
        return operation  # what others had made is made again as it was
    meta = {**meta, "labels": {**labels, RUN: run}}
    return msgspec.structs.replace(operation, change=Create({**manifest, "metadata": meta}))
