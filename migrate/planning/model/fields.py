"""A document held against the Structs that it is to become: every fault, each with its place.

msgspec stops at the first fault and calls things by their names in Python. Values are never
quoted here: one of them may be a credential.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec
from msgspec import inspect

from migrate.objects import Json

Place: TypeAlias = tuple[str | int, ...]
"""The keys and indices that lead from the root of a document to a value."""

MOST = 10
"""Faults that are told at once."""
LONGEST = 500
"""Characters that are told of a fault: keys may be as long as a file."""


class Fault(msgspec.Struct, frozen=True):
    """What is wrong at a place: one clause."""

    place: Place
    text: str


def faults(value: Json, kind: inspect.Type, place: Place = ()) -> Iterator[Fault]:
    """Yield what keeps a JSON value from being of that kind, in the order of the document.

    Knows Structs, tuples of one type, text, booleans and Literals of text. A Meta may say in
    ``extra={"expected": ...}`` what a person is to write; else the kind's own name is told.
    """
    match kind:
        case inspect.Metadata():
            expected = str((kind.extra or {}).get("expected", ""))
            yield from _plain(value, kind.type, place, expected)
        case inspect.StructType():
            yield from _struct(value, kind, place)
        case inspect.VarTupleType():
            yield from _list(value, kind, place)
        case _:
            yield from _plain(value, kind, place, "")


def spelled(place: Place) -> str:
    """Return a place as people write it: ``images[0].env[1].name``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".")


def told(name: str, found: Iterable[Fault], lines: Mapping[Place, int]) -> str:
    """Return the first faults for people, a line for each; empty where there are none.

    ``lines`` maps places to the lines of the file ``name``; a place that is missing there
    is told by the line of what it would be in. No more faults are looked for than are told.
    """
    shown = [_told(name, fault, lines) for fault in itertools.islice(found, MOST + 1)]
    return "\n".join(shown[:MOST] + ["and more"] * (len(shown) > MOST))


def _told(name: str, fault: Fault, lines: Mapping[Place, int]) -> str:
    parts = (name, _line(fault.place, lines), spelled(fault.place), fault.text)
    text = ": ".join(part for part in parts if part)
    return text if len(text) <= LONGEST else text[:LONGEST] + " ..."


def _line(place: Place, lines: Mapping[Place, int]) -> str:
    around = (place[:length] for length in range(len(place), -1, -1))
    line = next((lines[part] for part in around if part in lines), 0)
    return f"line {line}" if line else ""


def _struct(value: Json, kind: inspect.StructType, place: Place) -> Iterator[Fault]:
    if not isinstance(value, dict):
        names = ", ".join(field.encode_name for field in kind.fields)
        yield Fault(place, f"expected fields ({names}), found {_what(value)}")
        return
    fields = {field.encode_name: field for field in kind.fields}
    for key, item in value.items():
        if key in fields:
            yield from faults(item, fields[key].type, (*place, key))
        else:
            yield Fault((*place, key), f"unknown{_nearest(key, fields)}")
    for name, field in fields.items():
        if field.required and name not in value:
            yield Fault((*place, name), f"missing{_only(field.type)}")


def _nearest(key: str, names: Iterable[str]) -> str:
    names = list(names)
    near = nearest(key, names)
    return f"; did you mean {near}?" if near else f"; the fields are {', '.join(names)}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most like this one; empty where none is like it."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the question in brackets, behind a blank; empty where no known name is like it."""
    near = nearest(name, known)
    return f" (did you mean {near}?)" if near else ""


def _only(kind: inspect.Type) -> str:
    return f"; expected {_words(kind)}" if isinstance(kind, inspect.LiteralType) else ""


def _words(kind: inspect.LiteralType) -> str:
    return " or ".join(str(value) for value in kind.values)


def _list(value: Json, kind: inspect.VarTupleType, place: Place) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault(place, f"expected a list, found {_what(value)}")
        return
    if len(value) < (kind.min_length or 0):
        yield Fault(place, "expected a list with something in it, found an empty one: leave it out")
    for index, item in enumerate(value):
        yield from faults(item, kind.item_type, (*place, index))


def _plain(value: Json, kind: inspect.Type, place: Place, expected: str) -> Iterator[Fault]:
    match kind:
        case inspect.BoolType():
            fits, wanted = isinstance(value, bool), "true or false without quotes"
        case inspect.LiteralType():
            fits, wanted = isinstance(value, str) and value in kind.values, _words(kind)
        case inspect.StrType():
            fits, wanted = isinstance(value, str) and _matches(value, kind), expected or "text"
        case _:
            raise TypeError(kind)
    if not fits:
        yield Fault(place, f"expected {wanted}, found {_other(value, kind)}{_cure(value, kind)}")


def _matches(value: str, kind: inspect.StrType) -> bool:
    fits = re.search(kind.pattern or "", value) is not None
    return fits and (kind.min_length or 0) <= len(value) <= (kind.max_length or len(value))


def _other(value: Json, kind: inspect.Type) -> str:
    if not isinstance(value, str) or not value or isinstance(kind, inspect.BoolType):
        return _what(value)
    # What stands for a Literal tells one kind of file from another, and is no secret.
    return value if isinstance(kind, inspect.LiteralType) else "other text"


def _cure(value: Json, kind: inspect.Type) -> str:
    is_text = not isinstance(kind, inspect.BoolType)
    if value is None:
        return '; an empty text is ""' if is_text else ""
    return ": put it in quotes" if is_text and isinstance(value, (bool, int, float)) else ""


def _what(value: Json) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "a boolean (to YAML so are yes, no, on and off)"
        case int() | float():
            return "a number"
        case str():
            return "text" if value else "an empty text"
        case list():
            return "a list"
        case _:
            return "fields"
