"""Services of one shape: they differ in nothing by which KServe decides.

A cluster has a few hundred shapes for fifty thousand services. What is a service's own (its
name, where its model is) is cut out and kept packed; in the shape stand marks for it. So a
shape is resolved once, and what comes of it is filled in for each service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec.structs import replace

from migrate.kserve.cutting import Own, filled, parted, whole
from migrate.kserve.marks import count_marks
from migrate.kserve.services import InferenceService
from migrate.objects import ObjectRef


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
        shape, own = parted(service)
        key = _encoder.encode(shape)
        if b"{{" in key or count_marks(key) != len(own.texts):
            # Go fills such a service in by itself, and may do so with anything; or somebody
            # wrote what reads like a mark.
            shape, own = whole(service)
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
