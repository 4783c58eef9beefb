"""What is too large for one ConfigMap, in several: gzipped, in pieces, known by a label.

The ConfigMap that describes the others is their head, and is written last: without it they are
what somebody who was stopped has left.
"""

from __future__ import annotations

import base64
import gzip
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress

import msgspec

from migrate.cluster.port import Cluster
from migrate.errors import BlockedError, ConflictError, ForbiddenError, NotFoundError
from migrate.objects import Manifest, ObjectRef, sha256

PART_LABEL = "kmigrate.dev/part"
OWNER_LABEL = "app.kubernetes.io/managed-by"
CHUNK_BYTES = 256 * 1024
"""Raw bytes a chunk holds: base64 adds a third, and the API server's limit is 1 MiB."""


class ChunkMeta(msgspec.Struct, frozen=True, rename="camel"):
    """What is read of a chunk's metadata to find those that nobody needs."""

    name: str
    uid: str
    resource_version: str
    labels: dict[str, str]
    creation_timestamp: str = ""


class Chunk(msgspec.Struct, frozen=True):
    """A ConfigMap of several, without its content."""

    metadata: ChunkMeta


def ref_of(namespace: str, name: str) -> ObjectRef:
    """Return the reference of a ConfigMap."""
    return ObjectRef("v1", "ConfigMap", name, namespace)


def selector(*more: str) -> str:
    """Return the label selector of ConfigMaps of kmigrate that have these labels, too."""
    return ",".join((f"{OWNER_LABEL}=kmigrate", *more))


def split(payload: bytes) -> list[bytes]:
    """Return the gzipped payload in pieces; equal payloads give equal pieces."""
    return pieces(gzip.compress(payload, mtime=0))


def pieces(packed: bytes) -> list[bytes]:
    """Return the bytes in pieces that each fit a ConfigMap."""
    return [packed[i : i + CHUNK_BYTES] for i in range(0, len(packed), CHUNK_BYTES)]


def binary(key: str, piece: bytes) -> Manifest:
    """Return the part of a ConfigMap that holds a piece."""
    return {"binaryData": {key: base64.b64encode(piece).decode()}}


def config_map(namespace: str, name: str, labels: Mapping[str, str], body: Manifest) -> Manifest:
    """Return a ConfigMap of kmigrate with these labels."""
    every = {OWNER_LABEL: "kmigrate", **labels}
    meta = {"name": name, "namespace": namespace, "labels": every}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, **body}


def create(cluster: Cluster, manifest: Manifest) -> None:
    """Create a ConfigMap whose name is its content's alone: one that is there is the same."""
    with suppress(ConflictError):
        cluster.create(manifest)


def piece_in(cluster: Cluster, ref: ObjectRef, what: str) -> bytes:
    """Return the piece that a ConfigMap holds; raise BlockedError where it is lost."""
    try:
        [packed] = cluster.get(ref)["binaryData"].values()
        return base64.b64decode(packed)
    except (NotFoundError, KeyError, ValueError) as error:
        raise BlockedError(f"{what}: {ref} is missing or not readable") from error


def unpacked(packed: Iterable[bytes], digest: str, what: str) -> bytes:
    """Return what the pieces hold together. Raise BlockedError where the digest is another."""
    try:
        payload = gzip.decompress(b"".join(packed))
    except (OSError, EOFError, zlib.error) as error:
        raise BlockedError(f"{what}: it cannot be unpacked ({error})") from error
    if sha256(payload) != digest:
        raise BlockedError(f"{what}: its digest is {sha256(payload)}, expected {digest}")
    return payload


def headless(cluster: Cluster, namespace: str, label: str, head: str) -> list[ChunkMeta]:
    """Return chunks with that label and no head of the same value.

    ``head`` is the value of ``PART_LABEL`` by which a head is known.
    """
    listed = cluster.list("v1", "ConfigMap", Chunk, namespace=namespace, selector=selector(label))
    chunks = [chunk.metadata for chunk in listed]
    headed = {c.labels[label] for c in chunks if c.labels.get(PART_LABEL) == head}
    return [chunk for chunk in chunks if chunk.labels[label] not in headed]


def delete(cluster: Cluster, namespace: str, chunks: Iterable[ChunkMeta]) -> None:
    """Delete these chunks, so far as that is allowed: they are in nobody's way."""
    for meta in chunks:
        ref = ref_of(namespace, meta.name)
        with suppress(ForbiddenError):
            cluster.delete(ref, uid=meta.uid, resource_version=meta.resource_version)
