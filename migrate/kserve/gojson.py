"""JSON as Go's ``encoding/json`` reads it into a struct, and where it goes wrong.

KServe decodes the values of its ConfigMap with ``json.Unmarshal`` (``getComponentConfig`` in
``pkg/apis/serving/v1beta1/configmap.go``, 0.7 to 0.9): keys match without regard to case,
null leaves the zero value, unknown keys are ignored, a value of the wrong type is an error.
``tests/kserve/godecoder`` holds what the real decoder says to the same texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple, NoReturn, TypeAlias

import msgspec

from migrate.objects import pointer as pointer_of


class Fault(msgspec.Struct, frozen=True):
    """What is wrong in a text. ``line`` and ``column`` count from 1; 0 where not known.

    ``go_fails`` is False for what Go lets pass and only kmigrate refuses.
    """

    pointer: str
    expected: str
    found: str
    line: int = 0
    column: int = 0
    go_fails: bool = True

    def __str__(self) -> str:
        where = f"line {self.line}, column {self.column}" if self.line else self.pointer
        return f"{where or 'the document'}: expected {self.expected}, found {self.found}"


class GoJsonError(Exception):
    """The text is not what the struct wants; ``fault`` says what and where."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class Number(NamedTuple):
    """A number as it stands in the text; nobody asks for its value."""

    source: str


class Object(NamedTuple):
    """An object's members in their order, doubled keys and all."""

    pairs: list[tuple[str, Any]]


Node: TypeAlias = Object | list[Any] | str | Number | bool | None


class Member(NamedTuple):
    """A value, and the pointer that leads to it by the keys found in the text."""

    pointer: str
    value: Node


ABSENT = Member("", None)
"""What Go sees where a key is missing: the same as null."""


def parse(text: str) -> Member:
    """Read a whole document. Raise GoJsonError with line and column where it is none."""
    try:
        return Member("", _DECODER.decode(text))
    except json.JSONDecodeError as error:
        raise _syntax(error) from error
    except ValueError as error:
        raise _syntax(json.JSONDecodeError(str(error), text, _constant_in(text))) from error
    except RecursionError as error:
        raise GoJsonError(Fault("", "JSON", "a document that is nested too deep")) from error


def members(at: Member, known: Iterable[str]) -> dict[str, Member]:
    """Return the members of an object or null, under their known names or as they are called.

    Raise GoJsonError for anything else, and for a key that is there twice, also when the
    two differ by case only: Go takes the last one, which no one should have to know.
    """
    if at.value is None:
        return {}
    if not isinstance(at.value, Object):
        raise wrong(at, "an object")
    names = {fold(name): name for name in known}
    found: dict[str, Member] = {}
    for key, value in at.value.pairs:
        member = Member(at.pointer + pointer_of(key), value)
        former = found.setdefault(fold(key), member)
        if former is not member:
            raise GoJsonError(_doubled(member, former))
    return {names.get(folded, member_key(member)): member for folded, member in found.items()}


def member_key(member: Member) -> str:
    """Return the key of a member as it stands in the text."""
    return member.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def fold(key: str) -> str:
    """Fold case as Go does when it looks for a field: by simple folding of Unicode.

    Two letters beyond ASCII fold into it: the long s, and the Kelvin sign, which
    ``str.lower`` knows.
    """
    return key.lower().replace("\N{LATIN SMALL LETTER LONG S}", "s")


def text_of(at: Member) -> str:
    """Return a string; null is empty."""
    if at.value is None:
        return ""
    if not isinstance(at.value, str):
        raise wrong(at, "a string")
    # A half of a surrogate pair is no character: Go puts this one in its place.
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", at.value)


def texts_of(at: Member) -> tuple[str, ...]:
    """Return a list of strings; null is empty."""
    if at.value is None:
        return ()
    if not isinstance(at.value, list):
        raise wrong(at, "a list of strings")
    items = (Member(f"{at.pointer}/{i}", item) for i, item in enumerate(at.value))
    return tuple(text_of(item) for item in items)


def flag_of(at: Member) -> bool:
    """Return a boolean; null is false."""
    if not isinstance(at.value, bool | None):
        raise wrong(at, "true or false")
    return bool(at.value)


def quoted_integer_of(at: Member) -> int:
    """Return the integer that a string holds, as the tag ``int64,string`` asks for."""
    if at.value is None or at.value == "null":
        return 0
    # No more digits than an int64 can have, beside leading zeros.
    digits = re.fullmatch("(-?)0*([0-9]{1,19})", at.value) if isinstance(at.value, str) else None
    number = int(digits[1] + digits[2]) if digits else None
    if number is None or not -(2**63) <= number < 2**63:
        raise wrong(at, 'an integer in quotes, such as "60"')
    return number


def wrong(at: Member, expected: str) -> GoJsonError:
    """Return the error for a value of the wrong type."""
    return GoJsonError(Fault(at.pointer, expected, described(at.value)))


def described(value: Node) -> str:
    """Say what a value is, in a few words."""
    match value:
        case Object():
            return "an object"
        case list():
            return "a list"
        case Number(source):
            return source
        case _:
            return json.dumps(value, ensure_ascii=False)


def _doubled(member: Member, former: Member) -> Fault:
    keys = f"{member_key(former)!r} and {member_key(member)!r}"
    return Fault(member.pointer, "a key only once", keys, go_fails=False)


def _syntax(error: json.JSONDecodeError) -> GoJsonError:
    return GoJsonError(Fault("", "JSON", error.msg, error.lineno, error.colno))


def _pairs(pairs: list[tuple[str, Any]]) -> Object:
    return Object(pairs)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=Number, parse_float=Number, parse_constant=_refuse
)

# A string is taken whole, so that only a constant outside of strings is captured.
_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|(NaN|-?Infinity)', re.DOTALL)


def _constant_in(text: str) -> int:
    return next(found.start() for found in _CONSTANT.finditer(text) if found.group(1))
