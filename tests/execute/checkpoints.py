"""Checkpoints as documents: made up, written as the verb does it, and read whole."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import msgspec

from migrate.cluster.port import Cluster
from migrate.commands import checkpoints as found
from migrate.commands.checkpointreading import whole
from migrate.commands.files import write_whole
from migrate.execute import checkpoints
from migrate.execute.checkpoints import CheckpointRow
from migrate.execute.packing import Packed, Packer
from migrate.objects import Json, Manifest, ObjectRef
from migrate.planning.model.checkpoint import Checkpoint, Contents, Meaning
from migrate.planning.model.checkpointtext import CheckpointText

SERVING, RUNTIMES = "serving.kserve.io/v1beta1", "serving.kserve.io/v1alpha1"
UID = "6c7e3c1e-0000-4000-8000-000000000001"


class Document(Contents, frozen=True, kw_only=True, rename="camel"):
    """All that a checkpoint's text holds: ``services`` are whole manifests."""

    services: tuple[Json, ...] = ()


def packed(document: Document) -> tuple[CheckpointRow, Packed]:
    """A checkpoint as it is stored, with what its head says."""
    packer = Packer()
    text = CheckpointText(packer.add)
    for manifest in (*document.services, *document.runtimes):
        text.keep(manifest)
    text.end(document, document.meanings)
    content = packer.end()
    return checkpoints.described(found.row_of(document, text), content), content


def text(document: Document) -> bytes:
    """What is packed."""
    return gzip.decompress(b"".join(packed(document)[1].pieces))


def write(cluster: Cluster, document: Document) -> None:
    checkpoints.store(cluster, document.kserve_namespace, *packed(document))


def save(document: Document, path: Path) -> None:
    write_whole(path, packed(document)[1].pieces)


def stored(cluster: Cluster, namespace: str, name: str) -> Document:
    """A checkpoint of a cluster, with its services as they were stored."""
    lines = found.text_of(cluster, namespace, found.find(cluster, namespace, name))()
    return msgspec.json.decode(b"".join(lines), type=Document)


def understood(document: Document) -> Checkpoint:
    """What is read of it."""
    return whole(lambda: iter([msgspec.json.encode(document)]), "checkpoint")


def service(number: int) -> Manifest:
    """A service with noise in it, which packs badly."""
    noise = random.Random(number).randbytes(200).hex()
    meta = {"name": f"iris-{number}", "namespace": "team", "annotations": {"note": noise}}
    spec = {"predictor": {"sklearn": {"storageUri": "gs://models/iris"}}}
    return {"apiVersion": SERVING, "kind": "InferenceService", "metadata": meta, "spec": spec}


def meaning(number: int) -> Meaning:
    ref = ObjectRef(SERVING, "InferenceService", f"iris-{number}", "team")
    return Meaning(ref, "u", "framework sklearn", "r/s:1", "r/s:1" if number % 2 else None)


def checkpoint(name: str = "before", services: int = 3) -> Document:
    return Document(
        name=name,
        created="2026-11-23T22:17:04Z",
        operator="ada@host:1:abc",
        version="0.1.0",
        cluster_uid=UID,
        kserve_namespace="kserve",
        release="0.9.0",
        config={
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "inferenceservice-config", "namespace": "kserve"},
            "data": {"predictors": '{"sklearn": {"v1": {"image": "r/s"}}}\n'},
        },
        runtimes=(
            {"apiVersion": RUNTIMES, "kind": "ServingRuntime",
             "metadata": {"name": "own", "namespace": "team"}, "spec": {"containers": []}},
        ),
        services=tuple(map(service, range(services))),
        meanings=tuple(map(meaning, range(services))),
    )  # fmt: skip
