"""A small YAML file written by people: read with bounds, refused where it is ambiguous.

What YAML can mean besides JSON is refused, not interpreted: whoever reads the file beside
kmigrate (an editor with the JSON Schema, another YAML library) must read the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import yaml

from migrate.errors import UsageError
from migrate.objects import Json
from migrate.planning.model.fields import Place

LIMIT = 1 << 20
"""Bytes of a file; the longest that people write has some ten thousand."""
DEPTH = 20
"""Levels of mappings and lists; desired.yaml has seven."""
STDIN = "-"
FORM = "docs/desired.md shows the form"

_Events: TypeAlias = Any
"""A loader of PyYAML: its methods are not typed, and its two kinds have two kinds of marks."""
_Event: TypeAlias = Any
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_REFUSED = {
    "timestamp": "a date to YAML: put it in quotes",
    "merge": "a merge key (<<), which is not read: write the fields out",
    "value": "a default value (=) to YAML: put it in quotes",
}
_SURROGATE = re.compile("[\ud800-\udfff]")
_LITERALS: dict[str, Callable[[_Events, yaml.ScalarNode], Json]] = {
    "null": yaml.SafeLoader.construct_yaml_null,
    "bool": yaml.SafeLoader.construct_yaml_bool,
    "int": yaml.SafeLoader.construct_yaml_int,
    "float": yaml.SafeLoader.construct_yaml_float,
}


@dataclass(frozen=True)
class Document:
    """What a file says, and the line (from 1) on which each part of it begins."""

    name: str
    value: Json
    lines: dict[Place, int] = field(default_factory=dict)


def read(file: str) -> Document:
    """Read a file of one document; ``-`` is standard input. UTF-8, at most 1 MiB.

    Raise UsageError that names file and line where it cannot be read, is not YAML, or says
    what could be read in two ways.
    """
    name = "standard input" if file == STDIN else file
    try:
        # Closing descriptor 0 would give its number to the next file that is opened.
        source: int | Path = 0 if file == STDIN else Path(file)
        with open(source, "rb", closefd=file != STDIN) as stream:
            # No size is asked for: a pipe has none, and a file may grow.
            data = stream.read(LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{name}: {reason}", FORM) from error
    return parse(data, name)


def parse(data: bytes, name: str) -> Document:
    """Return what the bytes say. Raise UsageError as ``read`` does."""
    text = _decoded(data, name)
    try:
        return _document(text, name)
    except yaml.YAMLError as error:
        raise UsageError(f"{name}: {_reason(error, text)}", FORM) from error


def _decoded(data: bytes, name: str) -> str:
    if len(data) > LIMIT:
        raise UsageError(f"{name}: expected at most {LIMIT >> 20} MiB, found more", FORM)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise UsageError(
            f"{name}: line {line}: expected UTF-8, found byte 0x{byte:02x}", FORM
        ) from error


def _reason(error: yaml.YAMLError, text: str) -> str:
    """Return line and fault. The file's text is not quoted: it may hold credentials."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return _unprintable(text) or str(error)
    line = text.split("\n")[mark.line : mark.line + 1]
    if line and line[0][mark.column : mark.column + 1] == "\t":
        return f"line {mark.line + 1}: expected spaces for indentation, found a tab"
    return f"line {mark.line + 1}: {getattr(error, 'problem', None) or error}"


def _unprintable(text: str) -> str:
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if found is None:
        return ""
    line = text.count("\n", 0, found.start()) + 1
    return f"line {line}: expected text, found the control character {found[0]!r}"


def _document(text: str, name: str) -> Document:
    loader = _Loader(text)
    found = Document(name, None, {})
    try:
        loader.get_event()
        if loader.check_event(yaml.StreamEndEvent):
            raise UsageError(f"{name}: expected a document, found nothing", FORM)
        loader.get_event()
        value = _value(loader, (), found.lines)
        loader.get_event()
        if not loader.check_event(yaml.StreamEndEvent):
            _refuse(loader.get_event(), "expected one document, found a second one (---)")
    finally:
        loader.dispose()
    return Document(name, value, found.lines)


def _value(loader: _Events, path: Place, lines: dict[Place, int]) -> Json:
    event = loader.get_event()
    lines.setdefault(path, event.start_mark.line + 1)
    if isinstance(event, yaml.AliasEvent):
        # A few aliases of aliases stand for gigabytes; and the form is short enough without.
        _refuse(event, "expected a value, found an alias (*): write the value out")
    if event.tag is not None:
        _refuse(event, f"expected a value, found a tag ({event.tag}): leave it out")
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(loader, event)
    if len(path) >= DEPTH:
        _refuse(event, f"expected at most {DEPTH} levels, found more")
    if isinstance(event, yaml.SequenceStartEvent):
        return _sequence(loader, path, lines)
    return _mapping(loader, path, lines)


def _scalar(loader: _Events, event: yaml.ScalarEvent) -> Json:
    tag = loader.resolve(yaml.ScalarNode, event.value, event.implicit).removeprefix(_TAG)
    if tag in _REFUSED:
        _refuse(event, f"expected text, found {_REFUSED[tag]}")
    if _SURROGATE.search(event.value):
        _refuse(event, "expected text, found half a character (a surrogate)")
    if tag not in _LITERALS:
        return str(event.value)
    try:
        return _LITERALS[tag](loader, yaml.ScalarNode(_TAG + tag, event.value))
    except (ValueError, OverflowError):
        _refuse(event, "expected text, found what is almost a number to YAML: put it in quotes")


def _sequence(loader: _Events, path: Place, lines: dict[Place, int]) -> Json:
    items: list[Json] = []
    while not loader.check_event(yaml.SequenceEndEvent):
        items.append(_value(loader, (*path, len(items)), lines))
    loader.get_event()
    return items


def _mapping(loader: _Events, path: Place, lines: dict[Place, int]) -> Json:
    entries: dict[str, Json] = {}
    while not loader.check_event(yaml.MappingEndEvent):
        event = loader.peek_event()
        key = _key(loader)
        line = event.start_mark.line + 1
        if key in entries:
            _refuse(event, f"expected each key once, found {key} on line {lines[*path, key]} too")
        lines[*path, key] = line
        entries[key] = _value(loader, (*path, key), lines)
    loader.get_event()
    return entries


def _key(loader: _Events) -> str:
    event = loader.peek_event()
    key = _value(loader, (), {}) if isinstance(event, yaml.ScalarEvent) else None
    if not isinstance(key, str):
        _refuse(event, "expected a key that is text, found another: put it in quotes")
    return key


def _refuse(event: _Event, problem: str) -> NoReturn:
    raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
