"""Lines of text for people: how wide, in which tone, and how much is told at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeVar, cast

from migrate.credentials import hidden_urls
from migrate.objects import ObjectRef, count, printable

T = TypeVar("T")
WIDTH = 80
"""Columns that a table needs."""
NAMES_SHOWN = 10
"""How many objects are named where a list is cut."""
ITEMS_SHOWN = 10
"""How many writes, and how many groups of services, are shown where a list is cut."""


class Tone(StrEnum):
    """What a line means; the values are SGR parameters (ECMA-48)."""

    PLAIN = ""
    REMOVED = "31"
    ADDED = "32"
    ERROR = "1;31"
    WARNING = "33"
    HEADING = "1"


class Toned(str):
    """A line that has a tone, for terminals; anywhere else it is the text alone."""

    __slots__ = ("tone",)
    tone: Tone

    def __new__(cls, text: str, tone: Tone) -> Self:
        """Return the text with its tone."""
        line = super().__new__(cls, text)
        line.tone = tone
        return line


@dataclass(frozen=True)
class Screen:
    """Where lines go to.

    ``width`` is in columns. ``is_brief`` is for a person at a terminal: long lists are cut, and
    ``rest`` says where they are whole.
    """

    width: int = WIDTH
    is_brief: bool = False
    has_colour: bool = False
    rest: str = "-o wide shows all, as a pipe does"


PIPE = Screen()
"""Not a terminal: everything, plain."""


def drawn(line: str, screen: Screen) -> str:
    """Return a line as it is written: nothing a terminal obeys but our own colours."""
    text = hidden_urls(printable(line))
    tone = line.tone if isinstance(line, Toned) else Tone.PLAIN
    return f"\x1b[{tone}m{text}\x1b[0m" if screen.has_colour and tone else text


def toned(lines: Iterable[str], tone: Tone) -> Iterator[str]:
    """Yield the lines in one tone."""
    return (Toned(line, tone) for line in lines)


def wrapped(line: str, width: int = WIDTH) -> list[str]:
    """Return the line in pieces of that width, but for words that are longer themselves."""
    if len(line) <= width:
        return [line]
    start = line[: len(line) - len(line.lstrip())]
    pieces: list[str] = []
    piece = start
    for word in line.split():
        if len(piece) + 1 + len(word) > width and piece.strip():
            pieces.append(piece)
            piece = start + "  "
        piece += word if not piece.strip() else f" {word}"
    return [*pieces, piece]


def fitted(line: str, screen: Screen) -> Iterator[str]:
    """Yield the line as wide as a terminal, in its tone; whole anywhere else."""
    if not screen.is_brief:
        yield line
        return
    tone = line.tone if isinstance(line, Toned) else Tone.PLAIN
    yield from toned(wrapped(line, screen.width), tone)


def names(objects: Iterable[ObjectRef], most: int | None = NAMES_SHOWN) -> str:
    """Return ``ns/a, ns/b and 3 more``; all of them where there is no ``most``.

    Where objects of several kinds have the same name, each with its kind.
    """
    called = {ref: f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name for ref in objects}
    times = Counter(called.values())
    told = [str(ref) if times[name] > 1 else name for ref, name in called.items()]
    return few(told, most)


def few(texts: Sequence[str], most: int | None) -> str:
    """Return ``a, b and 3 more``; all of the texts where there is no ``most``."""
    shown = texts if most is None else texts[:most]
    more = f" and {len(texts) - len(shown):,} more" if len(shown) < len(texts) else ""
    return ", ".join(shown) + more


def named(objects: Iterable[ObjectRef], screen: Screen) -> str:
    """Return the names as far as the screen is to show them."""
    return names(objects, NAMES_SHOWN if screen.is_brief else None)


def listed(texts: Sequence[str], screen: Screen) -> str:
    """Return the texts as far as the screen is to show them."""
    return few(texts, NAMES_SHOWN if screen.is_brief else None)


def cut(items: Sequence[T], screen: Screen, noun: str) -> tuple[Sequence[T], list[str]]:
    """Return what is shown of the items, and the lines about those that are not.

    Items that are lists are groups of InferenceServices: the largest are shown, and it is told
    how many are in the others.
    """
    if not screen.is_brief or len(items) <= ITEMS_SHOWN:
        return items, []
    if isinstance(items[0], list):
        items = sorted(items, key=lambda group: -len(cast("Sized", group)))
    left = items[ITEMS_SHOWN:]
    services = sum(len(item) for item in left if isinstance(item, list))
    told = f" ({count(services, 'InferenceService')})" if services else ""
    return items[:ITEMS_SHOWN], wrapped(f"  ... and {len(left):,} {noun}{told}: {screen.rest}")
