"""Copies of runtimes under names of their own: how they are called, and how ours are known."""

from __future__ import annotations

from migrate.kserve.releases import Release
from migrate.kserve.runtimes import Runtime
from migrate.objects import Manifest
from migrate.planning.world.copies import SOURCE_DIGEST, copy_of, digest_of_source

SOURCE = "kmigrate.dev/source"
"""The annotation with the name of the ClusterServingRuntime that it was copied from."""
_LONGEST = 253
_DIGITS = 8


def source_name(runtime: Runtime) -> str:
    """Return the name of the runtime that it is a copy of; its own where it is none."""
    return runtime.metadata.annotation(SOURCE) or runtime.name


def named_copy(
    content: Manifest, source: Manifest, namespace: str, release: Release | None
) -> Manifest:
    """Return the manifest of a copy with that content; ``source`` is the ClusterServingRuntime.

    Its own name ends in a digest of what is in it: equal copies have one name, others do not
    meet. It is a DNS-1123 subdomain of at most 253 characters, as every name of a runtime.
    """
    made = copy_of(content, namespace, release)
    meta, name = made["metadata"], source["metadata"]["name"]
    told = {SOURCE: name, SOURCE_DIGEST: digest_of_source(source)}
    notes = {**meta["annotations"], **told}
    return {**made, "metadata": {**meta, "name": called(name, content), "annotations": notes}}


def called(name: str, content: Manifest) -> str:
    """Return the name of a copy of the ClusterServingRuntime of that name with that content."""
    suffix = digest_of_source(content).removeprefix("sha256:")[:_DIGITS]
    return f"{name[: _LONGEST - _DIGITS - 1].rstrip('-.')}-{suffix}"


def is_named_copy(runtime: Runtime) -> bool:
    """Tell whether a runtime is such a copy."""
    return runtime.metadata.annotation(SOURCE) is not None
