"""Services of one shape: they differ in nothing by which KServe decides.

A cluster has a few hundred shapes for fifty thousand services. What is a service's own (its
name, where its model is) is cut out and kept packed; in the shape stand marks for it. So a
shape is resolved once, and what comes of it is filled in for each service.

Cut out is only what is named in ``_cut``. All the rest of a service belongs to its shape: a field
that somebody adds makes more shapes, and never a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar, cast

import msgspec
from msgspec.structs import replace

from migrate.kserve import terms
from migrate.kserve.marks import NAME, NAMESPACE, count_marks, is_ordinary, mark, with_texts
from migrate.kserve.metadata import Metadata, Owner
from migrate.kserve.services import FRAMEWORKS, Framework, InferenceService, Predictor
from migrate.objects import ObjectRef

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


class Shape(msgspec.Struct, frozen=True):
    """A service with marks in the place of what is its own; ``number`` tells it from others."""

    number: int
    service: InferenceService

    def in_namespace(self, namespace: str) -> InferenceService:
        """Return the shape as it is in a namespace; "" stands for any without own runtimes."""
        if not namespace:
            return self.service
        meta = replace(self.service.metadata, namespace=namespace)
        return replace(self.service, metadata=meta)


class Services(Mapping[ObjectRef, InferenceService]):
    """InferenceServices by their references, kept as shapes and what is each one's own.

    A service is put together when it is asked for. Of two with one reference the later counts.
    """

    def __init__(self, services: Iterable[InferenceService] = ()) -> None:
        self._shapes: dict[bytes, Shape] = {}
        self._found: dict[ObjectRef, tuple[Shape, bytes]] = {}
        for service in services:
            self._take(service)

    def _take(self, service: InferenceService) -> None:
        shape, own = _parted(service)
        key = _encoder.encode(shape)
        if b"{{" in key or count_marks(key) != len(own.texts):
            # Go fills such a service in by itself, and may do so with anything; or somebody
            # wrote what reads like a mark.
            shape, own = _whole(service)
            key = _encoder.encode(shape)
        known = self._shapes.get(key)
        if known is None:
            known = self._shapes[key] = Shape(len(self._shapes), shape)
        self._found[service.ref] = (known, _encoder.encode(own))

    def changed(self, services: Iterable[InferenceService]) -> Services:
        """Return all of them with these in the place of those with the same references."""
        copy = Services()
        copy._shapes, copy._found = dict(self._shapes), dict(self._found)
        for service in services:
            copy._take(service)
        return copy

    def __getitem__(self, ref: ObjectRef) -> InferenceService:
        """Return the service as it was read."""
        shape, own = self._found[ref]
        return filled(shape.service, _decoder.decode(own))

    def __contains__(self, ref: object) -> bool:
        """Tell whether there is such a service; none is put together for that."""
        return ref in self._found

    def __iter__(self) -> Iterator[ObjectRef]:
        """Yield the references, in the order in which they were read."""
        return iter(self._found)

    def __len__(self) -> int:
        """Count the services."""
        return len(self._found)

    @property
    def shapes(self) -> Iterable[Shape]:
        """The shapes, in the order in which they were met."""
        return self._shapes.values()

    def shape(self, ref: ObjectRef) -> Shape:
        """Return the shape of a service. Raise KeyError where there is no such service."""
        return self._found[ref][0]

    def own(self, ref: ObjectRef) -> Own:
        """Return what is a service's own. Raise KeyError where there is no such service."""
        return _decoder.decode(self._found[ref][1])

    def uid(self, ref: ObjectRef) -> str:
        """Return the uid of a service. Raise KeyError where there is no such service.

        Of one that shares its shape with no other nothing is cut out.
        """
        return self.own(ref).uid or self.shape(ref).service.metadata.uid


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Own)


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


def _whole(service: InferenceService) -> tuple[InferenceService, Own]:
    """Return the service as a shape that no other one has."""
    return service, Own([], "", "", 0, None, None)


def _parted(service: InferenceService) -> tuple[InferenceService, Own]:
    """Part a service into its shape and what is its own."""
    meta, predictor = service.metadata, service.spec.predictor
    if not (is_ordinary(meta.name) and is_ordinary(meta.namespace)):
        return _whole(service)
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
