"""Marks: what stands in the place of texts that are a service's own, such as its name.

KServe takes a mark as it would take a name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

_STEM = "kmigrate-own-"
_MARK = re.compile(rf"{_STEM}(\d+)-x")
# Html escapes none of these letters, and an image takes them all: a mark is as good as a name.
_ORDINARY = re.compile(r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?")


@cache
def mark(number: int) -> str:
    """Return the mark for the text of that number."""
    return f"{_STEM}{number}-x"


NAME, NAMESPACE = mark(0), mark(1)
"""The marks for the name and the namespace of a service."""


def with_texts(text: str, texts: Sequence[str]) -> str:
    """Return the text with these in the place of its marks, where there are any."""
    return _MARK.sub(lambda found: texts[int(found[1])], text) if texts and _STEM in text else text


def is_ordinary(name: str) -> bool:
    """Tell whether KServe takes a name as it stands, so that a mark can stand for it."""
    # Of a name with this end, KServe cuts it off (``multiNodeProcess``, 0.15 to 0.20).
    return not name.endswith("-predictor") and _ORDINARY.fullmatch(name) is not None


def count_marks(data: bytes) -> int:
    """Count the marks in what is encoded, and texts of people that read like one."""
    return data.count(_STEM.encode())


def has_marks(text: str) -> bool:
    """Tell whether there are marks in a text."""
    return _STEM in text


def can_be_equal(one: Any, other: Any) -> bool:  # noqa: ANN401 -- JSON, and records of it
    """Tell whether two values with marks can be equal once they are filled in."""
    if one == other:
        return True
    if isinstance(one, str) and isinstance(other, str):
        return _can_read(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        same_keys = one.keys() == other.keys()
        return same_keys and all(can_be_equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(can_be_equal, one, other))
    if isinstance(one, msgspec.Struct) and isinstance(other, msgspec.Struct):
        return all(can_be_equal(getattr(one, n), getattr(other, n)) for n in one.__struct_fields__)
    return False


def _can_read(one: str, other: str) -> bool:
    """Tell whether two texts can read the same: what is before and behind all marks must fit."""
    if one == other or not (has_marks(one) or has_marks(other)):
        return one == other
    mine, theirs = _MARK.split(one), _MARK.split(other)
    return _begin_alike(mine[0], theirs[0]) and _begin_alike(mine[-1][::-1], theirs[-1][::-1])


def _begin_alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
