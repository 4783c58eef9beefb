"""A cluster from files: what ``kubectl get ... -o yaml`` or ``-o json`` wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import yaml

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.resources import HELM_RECORD, is_known, resource_of
from migrate.cluster.yamltext import documents, fault
from migrate.errors import UsageError
from migrate.objects import Json, Manifest, ObjectRef, canonical, ref_of

_SUFFIXES = {".json", ".yaml", ".yml"}
_TEXTS = {"name", "namespace", "resourceVersion", "uid"}
_NEXT = (
    "write its files with kubectl get -o yaml: -n kserve configmaps,statefulsets; -A deployments; "
    "-A inferenceservices,services.serving.knative.dev; -A servingruntimes,clusterservingruntimes "
    "(from 0.8 on); -A poddisruptionbudgets; namespace kube-system"
)


def load(path: Path) -> MemoryCluster:
    """Return the objects of a file, or of all *.yaml, *.yml and *.json below a folder.

    Single objects, lists, and several documents in one file. Of kinds that are none of
    kmigrate's nothing is kept, nor of Secrets but Helm's records, and what is no Kubernetes
    object is passed over; an object without a namespace is in ``default`` where its kind has
    namespaces. Raise UsageError
    where a file cannot be read or parsed, where there is no object at all, or where the same
    object comes twice and differs.
    """
    found: dict[ObjectRef, tuple[bytes, Path]] = {}
    count = 0
    for file in _files(path):
        for manifest in _manifests(file):
            count += 1
            if _is_wanted(manifest):
                _keep(manifest, file, found)
    if not count:
        raise UsageError(f"{path} holds no Kubernetes object", _NEXT)
    kept = (msgspec.json.decode(raw) for raw, _ in found.values())
    return MemoryCluster(kept, name=f"snapshot {path}")


def _is_wanted(manifest: Manifest) -> bool:
    """Tell whether an object is kept; of Secrets those alone in which Helm records releases."""
    is_closed = manifest["kind"] == "Secret" and manifest.get("type") != HELM_RECORD
    return is_known(manifest["apiVersion"], manifest["kind"]) and not is_closed


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise UsageError(f"no such snapshot: {path}", _NEXT)
    if not path.is_dir():
        return [path]
    return sorted(f for f in path.rglob("*") if f.suffix in _SUFFIXES and f.is_file())


def _manifests(file: Path) -> Iterator[Manifest]:
    for document in _parsed(file):
        yield from _objects(document)


def _objects(document: Json) -> Iterator[Manifest]:
    if not isinstance(document, dict):
        return
    kind, items = document.get("kind"), document.get("items")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list):
        # The items of a typed list (ConfigMapList) do not say what they are.
        own = {"apiVersion": document.get("apiVersion"), "kind": kind.removesuffix("List")}
        for item in items:
            yield from _objects({**own, **item} if isinstance(item, dict) else item)
    elif _is_object(document):
        yield document


def _is_object(document: Manifest) -> bool:
    meta = document.get("metadata")
    said = all(isinstance(document.get(part), str) for part in ("apiVersion", "kind"))
    return said and isinstance(meta, dict) and "name" in meta


def _keep(manifest: Manifest, file: Path, found: dict[ObjectRef, tuple[bytes, Path]]) -> None:
    ref = _placed(manifest, file)
    try:
        raw = canonical(manifest)
    except (TypeError, OverflowError, RecursionError) as error:
        raise UsageError(f"{file}: {ref} cannot be written as JSON: {error}") from error
    known, other = found.setdefault(ref, (raw, file))
    if known != raw:
        raise UsageError(f"{ref} is in {other} and in {file}, and differs")


def _placed(manifest: Manifest, file: Path) -> ObjectRef:
    """Give the object a namespace where it needs one, and return where it is."""
    meta = manifest["metadata"]
    for part in _TEXTS & meta.keys():
        if not isinstance(meta[part], str):
            raise UsageError(f"{file}: metadata.{part} of a {manifest['kind']} is no text")
    resource = resource_of(manifest["apiVersion"], manifest["kind"])
    if resource.namespaced:
        meta["namespace"] = meta.get("namespace") or "default"
    ref = ref_of(manifest)
    try:
        resource.check(ref)
    except UsageError as error:
        raise UsageError(f"{file}: {error.message}", _NEXT) from error
    return ref


def _parsed(file: Path) -> list[Json]:
    try:
        data = file.read_bytes()
        looks_like_json = data.lstrip()[:1] == b"{"
        if file.suffix == ".json" or looks_like_json:
            return [_json(data)]
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
    except RecursionError as error:
        raise UsageError(f"{file}: nested too deeply") from error
    except ValueError as error:
        if file.suffix == ".json":
            raise UsageError(f"{file}: {_json_fault(error)}") from error
    return _yaml(data, file)


def _json(data: bytes) -> Json:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        # Slower, but it counts lines, and reads the UTF-16 that some shells write.
        return json.loads(data)


def _json_fault(error: ValueError) -> str:
    return (
        f"line {error.lineno}: {error.msg}"
        if isinstance(error, json.JSONDecodeError)
        else str(error)
    )


def _yaml(data: bytes, file: Path) -> list[Json]:
    try:
        return list(documents(data))
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"{file}: {fault(error)}") from error
