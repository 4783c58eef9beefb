"""Bodies of answers into what was asked for: what is no answer of an API server is told so."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from migrate.cluster.answers import Place, Request, plain_text, unreadable
from migrate.cluster.decoding import record_of
from migrate.cluster.pages import Page
from migrate.errors import UnreachableError
from migrate.objects import Manifest

T = TypeVar("T")

_SHOWN = 200
"""So many characters of a body are shown at most."""
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_object(body: bytes, request: Request, place: Place) -> Manifest:
    """Return the object in a body. Raise UnreachableError where there is none."""
    try:
        manifest: Manifest = _decoder(dict).decode(body)
    except _BROKEN as error:
        raise _strange(body, "an object", error, request, place) from error
    return manifest


def read_page(body: bytes, into: type[T], request: Request, place: Place) -> Page[T]:
    """Return the page of a list in a body; manifests say what they are.

    Raise BlockedError that names the first object with a field that does not fit,
    UnreachableError where the body is no page at all.
    """
    try:
        page = _page(body, into)
    except _BROKEN as error:
        _refuse_unfit(body, into, error, request)
        raise _strange(body, "a list", error, request, place) from error
    if into is dict:
        _complete(page, request)
    return page


def _page(body: bytes, into: type[T]) -> Page[T]:
    page: Page[T] = _decoder(Page[into]).decode(body)  # type: ignore[valid-type]
    return page


def _refuse_unfit(body: bytes, into: type[T], error: Exception, request: Request) -> None:
    if not isinstance(error, msgspec.ValidationError):
        return
    # One object does not fit: it is worth a second look to name it.
    with suppress(*_BROKEN):
        for item in _page(body, cast("type[Any]", Any)).items or ():
            record_of(item, request.resource.kind, into)


def _complete(page: Page[Any], request: Request) -> None:
    # In a list of a core kind the items do not say what they are.
    named = {"apiVersion": request.resource.api_version, "kind": request.resource.kind}
    page.items = [named | item for item in page.items or ()]


def _strange(
    body: bytes, expected: str, error: Exception, request: Request, place: Place
) -> UnreachableError:
    is_json = body.lstrip()[:1] in (b"{", b"")
    if isinstance(error, msgspec.ValidationError):
        found = f"JSON of another form ({error})"
    elif isinstance(error, RecursionError):
        found = "JSON that is nested too deeply"
    elif is_json:
        found = f"JSON that is cut short or broken ({error})"
    else:
        found = _cut(plain_text(body))
    # What stands before the API server answers the next request in the same way.
    is_passing = is_json and not isinstance(error, msgspec.ValidationError | RecursionError)
    what = f"expected {expected} in JSON, found {found}"
    return unreadable(what, request, place, is_passing=is_passing)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


@cache
def _decoder(into: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(into)
