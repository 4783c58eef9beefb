"""A checkpoint as JSON, written and read service by service: none is kept.

Each service has a line of its own, and all the rest is the line behind them. JSON has no line end
within a text, so a service is read without a look at its neighbours. Who has laid the text out
anew, and kmigrate before this, wrote no such lines: then it is read as one document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, dropwhile, takewhile
from typing import Any

import msgspec

from migrate.kserve import terms
from migrate.objects import Json, Manifest, canonical
from migrate.planning.model.checkpoint import Contents, Meaning

_STREAMED = ("services", "runtimes", "meanings")
_FIRST = b'{"services":[\n'


def kept(manifest: Manifest) -> Manifest:
    """Return a manifest as a checkpoint keeps it: all of it but for managedFields."""
    meta = {key: value for key, value in manifest["metadata"].items() if key != "managedFields"}
    return {**manifest, "metadata": meta}


class CheckpointText:
    """Hands the text of a checkpoint to ``add``, and counts what is in it.

    Services are written as they come; runtimes, which are few, with the rest.
    """

    def __init__(self, add: Callable[[bytes], None]) -> None:
        self.services = self.unresolved = 0
        self._add = add
        self._runtimes: list[bytes] = []
        add(_FIRST.rstrip())

    @property
    def runtimes(self) -> int:
        """Count the runtimes so far."""
        return len(self._runtimes)

    def keep(self, manifest: Json) -> None:
        """Take a service or a runtime."""
        raw = canonical(kept(manifest))
        if manifest["kind"] != terms.INFERENCE_SERVICE:
            self._runtimes.append(raw)
            return
        self._add((b",\n" if self.services else b"\n") + raw)
        self.services += 1

    def end(self, rest: Contents, meanings: Iterable[Meaning]) -> None:
        """Write the meanings, and of ``rest`` what was not written yet."""
        self._add(b'\n],\n"runtimes":[' + b",".join(self._runtimes) + b'],"meanings":[')
        for number, one in enumerate(meanings):
            raw = canonical(one)
            self._add(b"," + raw if number else raw)
            self.unresolved += one.resolved is None
        fields = [each for each in msgspec.structs.fields(rest) if each.name not in _STREAMED]
        others = {each.encode_name: getattr(rest, each.name) for each in fields}
        self._add(b"]," + canonical(others)[1:])


def rest_in(lines: Iterator[bytes]) -> bytes:
    """Return a checkpoint without its services, as JSON; with them where they have no lines."""
    first = next(lines, b"")
    rest = dropwhile(_is_service, lines) if first == _FIRST else lines
    return b"".join(chain((first,), rest))


def contents_in(rest: bytes) -> Contents:
    """Return what ``rest_in`` gave as a record. Raise msgspec.MsgspecError."""
    found = msgspec.json.decode(rest, type=_Contents)
    once: dict[Any, Any] = {}
    decode = msgspec.json.Decoder(Meaning).decode
    meanings = tuple(_lean(decode(raw), once) for raw in found.meanings)
    return Contents(**{**msgspec.structs.asdict(found), "meanings": meanings})


def _lean(value: Any, once: dict[Any, Any]) -> Any:  # noqa: ANN401 -- records and what is in them
    """Return a record that shares what is equal with others: that is most of it."""
    if not isinstance(value, msgspec.Struct):
        return once.setdefault(value, value)
    return type(value)(*(_lean(each, once) for each in msgspec.structs.astuple(value)))


class _Contents(Contents, frozen=True, kw_only=True, rename="camel"):
    meanings: tuple[msgspec.Raw, ...] = ()  # type: ignore[assignment]


def services_in(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the services of a checkpoint, each as JSON. Raise msgspec.MsgspecError."""
    first = next(lines, b"")
    if first == _FIRST:
        yield from (line.rstrip(b",\n") for line in takewhile(_is_service, lines))
    else:
        whole = b"".join(chain((first,), lines))
        yield from map(bytes, msgspec.json.decode(whole, type=_Services).services)


def _is_service(line: bytes) -> bool:
    return not line.startswith(b"]")


class _Services(msgspec.Struct):
    services: tuple[msgspec.Raw, ...] = ()
