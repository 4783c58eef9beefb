"""What is a service's own: cut out of it, marks put in its place, and filled in again.

Cut out is only what is named in ``_cut``. All the rest of a service belongs to its shape: a field
that somebody adds makes more shapes, and never a wrong one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar, cast

import msgspec
from msgspec.structs import replace

from migrate.kserve import terms
from migrate.kserve.marks import NAME, NAMESPACE, is_ordinary, mark, with_texts
from migrate.kserve.metadata import Metadata, Owner
from migrate.kserve.services import FRAMEWORKS, Framework, InferenceService, Predictor

T = TypeVar("T")

_QUANTITY = re.compile(r"[0-9][0-9A-Za-z.]*")
_MODELS = ("model", *FRAMEWORKS)
_specs = attrgetter(*_MODELS)
_SET_BY_KSERVE = ("modelClass", "serviceEnvelope")
_SCHEME = re.compile(r"[a-z0-9+]*[a-z0-9]")


class Own(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a service has for its own; ``texts`` are those that marks stand for, by number."""

    texts: list[str]
    uid: str
    resource_version: str
    generation: int
    creation_timestamp: str | None
    owner_references: list[Owner] | None


def filled(value: T, own: Own) -> T:
    """Return the value with what is a service's own in the place of the marks."""
    return cast("T", _filled(value, own))


def _filled(value: Any, own: Own) -> Any:  # noqa: ANN401 -- JSON, and records of it
    if isinstance(value, str):
        return with_texts(value, own.texts)
    if isinstance(value, dict):
        return {key: _filled(item, own) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_filled(item, own) for item in value)
    if isinstance(value, msgspec.Struct):
        found = {name: getattr(value, name) for name in value.__struct_fields__}
        made = {name: _filled(item, own) for name, item in found.items() if item is not None}
        return replace(value, **(made | _identity(own) if isinstance(value, Metadata) else made))
    return value


def _identity(own: Own) -> dict[str, Any]:
    fields = (name for name in own.__struct_fields__ if name != "texts")
    return {name: getattr(own, name) for name in fields} if own.texts else {}


def whole(service: InferenceService) -> tuple[InferenceService, Own]:
    """Return the service as a shape that no other one has."""
    return service, Own([], "", "", 0, None, None)


def parted(service: InferenceService) -> tuple[InferenceService, Own]:
    """Part a service into its shape and what is its own."""
    meta, predictor = service.metadata, service.spec.predictor
    if not (is_ordinary(meta.name) and is_ordinary(meta.namespace)):
        return whole(service)
    texts = [meta.name, meta.namespace]
    cut = {name: _cut(spec, name, texts) for name, spec in _models(predictor)}
    own = Own(
        texts,
        meta.uid,
        meta.resource_version,
        meta.generation,
        meta.creation_timestamp,
        meta.owner_references,
    )
    spec = replace(service.spec, predictor=replace(predictor, **cut)) if cut else service.spec
    return replace(service, metadata=_anonymous(meta, predictor, texts), spec=spec), own


def _anonymous(meta: Metadata, predictor: Predictor, texts: list[str]) -> Metadata:
    """Return the metadata without what is read nowhere but in placeholders.

    The generation is in the variables of a model on many nodes; its labels and annotations go
    to the pods as they are, and KServe reads none but its own and Knative's.
    """
    return replace(
        meta,
        name=NAME,
        namespace=NAMESPACE,
        uid="",
        resource_version="",
        generation=0 if predictor.worker_spec is None else meta.generation,
        creation_timestamp=None,
        owner_references=None,
        labels=_marked(meta.labels, texts),
        annotations=_marked(meta.annotations, texts),
    )


def _marked(values: dict[str, str] | None, texts: list[str]) -> dict[str, str] | None:
    if not values:
        return values
    marked = {}
    for key, value in values.items():
        if _is_read(key):
            marked[key] = value
        else:
            marked[key] = mark(len(texts))
            texts.append(value)
    return marked


@lru_cache(maxsize=1024)
def _is_read(key: str) -> bool:
    return "kserve" in key or "knative" in key or key in _SET_BY_KSERVE


def _mark(text: str, texts: list[str]) -> str:
    texts.append(text)
    return mark(len(texts) - 1)


def _models(predictor: Predictor) -> list[tuple[str, Framework]]:
    found = zip(_MODELS, _specs(predictor), strict=True)
    return [(name, spec) for name, spec in found if spec is not None]


def _cut(spec: Framework, name: str, texts: list[str]) -> Framework:
    """Return the field with marks for where its model is, and how much memory it gets."""
    uri, resources = spec.storage_uri, spec.resources
    # The arguments for onnx have the name of the model's file.
    if uri and name != terms.ONNX:
        uri = _marked_uri(uri, texts)
    if resources:
        resources = {key: _without_memory(each, texts) for key, each in resources.items()}
    return replace(spec, storage_uri=uri, resources=resources)


def _marked_uri(uri: str, texts: list[str]) -> str:
    """Return the scheme and a mark: by no more a URI is judged that is no foreign one."""
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return _mark(uri, texts)
    if not rest or not _SCHEME.fullmatch(scheme) or "blob.core.windows.net" in rest:
        return uri
    return scheme + separator + _mark(rest, texts)


def _without_memory(amounts: Any, texts: list[str]) -> Any:  # noqa: ANN401 -- JSON
    memory = amounts.get("memory") if isinstance(amounts, dict) else None
    # It goes through the template with the container: there other letters may decide.
    if not isinstance(memory, str) or not _QUANTITY.fullmatch(memory):
        return amounts
    return {**amounts, "memory": _mark(memory, texts)}
