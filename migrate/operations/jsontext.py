"""Byte-preserving surgery on a JSON document that is held in a string.

A ConfigMap keeps whole documents in its values, laid out by hand. Decoding and encoding
them again would touch every byte; here only the addressed value changes, so that going
back restores the bytes, and somebody else's edit beside ours survives.

White space is what JSON calls so: blank, tab, carriage return, line feed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from msgspec import UNSET, UnsetType

from migrate.errors import BlockedError
from migrate.objects import Json, parts_of


class JsonTextError(BlockedError):
    """The text cannot be edited as asked; it is left as it is."""


class JsonSyntaxError(JsonTextError):
    """The text is not JSON, or what should become part of it is not."""


class JsonParentError(JsonTextError):
    """The pointer leads to no place where a value could stand."""


class JsonDuplicateError(JsonTextError):
    """A key on the way occurs twice: readers disagree about which one counts."""


class _Span(NamedTuple):
    """Where a value stands in the text: from ``start`` up to, not including, ``end``."""

    start: int
    end: int


class _Member(NamedTuple):
    """A member of an object: its key, where the key starts, and its value."""

    key: str
    key_at: int
    value: _Span


def locate(text: str, pointer: str) -> str | UnsetType:
    """Return the source text of the value at the pointer, UNSET where it leads nowhere.

    Raise JsonSyntaxError where the text is not JSON, JsonDuplicateError where a key on the
    way occurs twice, JsonParentError where ``pointer`` is no JSON Pointer.
    """
    span = _walk(text, _parts(pointer))
    return UNSET if span is None else text[span.start : span.end]


def replace(text: str, pointer: str, new_source: str | UnsetType) -> str:
    """Return the text with the addressed value replaced, added, or (UNSET) removed.

    ``new_source`` is the source text of a JSON value, without white space around it. A
    member that is not there is added directly after the last member of its object; taking
    it away again gives the same bytes, also where others were added meanwhile. Taking away
    what is not there changes nothing. List items can only be replaced.

    Raise JsonSyntaxError where either text is not JSON, JsonParentError where the object
    that should hold the value is not there, JsonDuplicateError as ``locate``.
    """
    if new_source is not UNSET:
        _check_value(new_source)
    parts = _parts(pointer)
    span = _walk(text, parts)
    if span is not None and new_source is not UNSET:
        return text[: span.start] + new_source + text[span.end :]
    parent = _parent(text, pointer, parts)
    if new_source is UNSET:
        return text if span is None else _without(text, parent, parts[-1])
    return _with(text, parent, parts[-1], new_source)


def _with(text: str, parent: _Span, key: str, source: str) -> str:
    members = list(_members(text, parent.start))
    at = members[-1].value.end if members else parent.start + 1
    comma = ", " if members else ""
    name = json.dumps(key, ensure_ascii=False)
    return f"{text[:at]}{comma}{name}: {source}{text[at:]}"


def _without(text: str, parent: _Span, key: str) -> str:
    members = list(_members(text, parent.start))
    index = next(i for i, member in enumerate(members) if member.key == key)
    member, end = members[index], members[index].value.end
    if index:
        # The comma before it goes too: that is how `_with` put it there.
        return text[: members[index - 1].value.end] + text[end:]
    if len(members) > 1:
        end = members[1].key_at
    return text[: member.key_at] + text[end:]


def _parent(text: str, pointer: str, parts: tuple[str, ...]) -> _Span:
    span = _walk(text, parts[:-1]) if parts else None
    if span is None or text[span.start] != "{":
        raise JsonParentError(f"{pointer or 'the document'}: expected an object to hold it")
    return span


def _walk(text: str, parts: tuple[str, ...]) -> _Span | None:
    span: _Span | None = _document(text)
    for part in parts:
        if span is None:
            break
        span = _child(text, span, part)
    return span


def _child(text: str, span: _Span, part: str) -> _Span | None:
    if text[span.start] == "{":
        return _only([m.value for m in _members(text, span.start) if m.key == part], part)
    if text[span.start] == "[" and re.fullmatch("0|[1-9][0-9]*", part):
        items = list(_items(text, span.start))
        return items[int(part)] if int(part) < len(items) else None
    return None


def _only(found: list[_Span], key: str) -> _Span | None:
    if len(found) > 1:
        raise JsonDuplicateError(f"key {json.dumps(key)}: expected it once, found it twice")
    return found[0] if found else None


def _members(text: str, start: int) -> Iterator[_Member]:
    """Yield the members of the object whose brace is at ``start``; the text is valid."""
    at = _skip(text, start + 1)
    while text[at] != "}":
        key_at = _skip(text, at + 1) if text[at] == "," else at
        key, end = _decode(text, key_at)
        colon = _skip(text, end)
        value = _value(text, _skip(text, colon + 1))
        yield _Member(key, key_at, value)
        at = _skip(text, value.end)


def _items(text: str, start: int) -> Iterator[_Span]:
    at = _skip(text, start + 1)
    while text[at] != "]":
        value = _value(text, _skip(text, at + 1) if text[at] == "," else at)
        yield value
        at = _skip(text, value.end)


def _document(text: str) -> _Span:
    span = _value(text, _skip(text, 0))
    rest = _skip(text, span.end)
    if rest != len(text):
        raise _syntax(text, rest, "found more text after the document")
    return span


def _check_value(source: str) -> None:
    if _document(source) != _Span(0, len(source)):
        raise JsonSyntaxError(f"{source!r}: expected a JSON value without white space around it")


def _value(text: str, start: int) -> _Span:
    return _Span(start, _decode(text, start)[1])


def _refuse(constant: str) -> NoReturn:
    raise JsonSyntaxError(f"{constant} is not JSON")


# Numbers stay text: their size is nobody's business here.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)


def _decode(text: str, start: int) -> tuple[Json, int]:
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise _syntax(text, error.pos, error.msg) from error
    except RecursionError as error:
        raise _syntax(text, start, "nested too deep") from error


def _syntax(text: str, at: int, what: str) -> JsonSyntaxError:
    error = json.JSONDecodeError(what, text, at)
    return JsonSyntaxError(f"not JSON at line {error.lineno}, column {error.colno}: {what}")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _parts(pointer: str) -> tuple[str, ...]:
    if pointer and not pointer.startswith("/"):
        raise JsonParentError(f"{pointer}: expected a JSON Pointer, which starts with a slash")
    return parts_of(pointer)
