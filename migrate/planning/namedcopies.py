"""Copies of runtimes under names of their own: how they are called, and how ours are known."""

from __future__ import annotations

from migrate.kserve.releases import Release
from migrate.kserve.runtimes import Runtime
from migrate.objects import Manifest, canonical, sha256
from migrate.planning.copies import copy_of

SOURCE = "kmigrate.dev/source"
"""The annotation with the name of the ClusterServingRuntime that it was copied from."""
_LONGEST = 253
_DIGITS = 8


def source_name(runtime: Runtime) -> str:
    """Return the name of the runtime that it is a copy of; its own where it is none."""
    return runtime.metadata.annotation(SOURCE) or runtime.name


def named_copy(source: Manifest, name: str, namespace: str, release: Release | None) -> Manifest:
    """Return the manifest of a copy of a runtime; ``name`` is that of the ClusterServingRuntime.

    Its own name ends in a digest of what is in it: equal copies have one name, others do not
    meet. It is a DNS-1123 subdomain of at most 253 characters, as every name of a runtime.
    """
    made = copy_of(source, namespace, release)
    meta = made["metadata"]
    notes = {**meta["annotations"], SOURCE: name}
    return {**made, "metadata": {**meta, "name": _called(name, source), "annotations": notes}}


def _called(name: str, source: Manifest) -> str:
    annotations = copy_of(source, "", None)["metadata"]["annotations"]
    deciding = {key: text for key, text in annotations.items() if not key.startswith("kmigrate.")}
    digest = sha256(canonical({"spec": source["spec"], "annotations": deciding}))
    suffix = digest.removeprefix("sha256:")[:_DIGITS]
    return f"{name[: _LONGEST - _DIGITS - 1].rstrip('-.')}-{suffix}"


def is_named_copy(runtime: Runtime) -> bool:
    """Tell whether a runtime is such a copy."""
    return runtime.metadata.annotation(SOURCE) is not None
