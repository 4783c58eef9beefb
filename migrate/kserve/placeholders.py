"""Placeholders such as ``{{.Name}}`` in the container of a runtime.

KServe writes the merged container as JSON, runs that through Go's ``html/template`` with the
metadata of the service, and reads it back: ``ReplacePlaceholders`` in
``controller/v1beta1/inferenceservice/utils/utils.go``, 0.8 to 0.20. So values are escaped
for HTML, and a value can break the JSON. Only plain fields are told here: for anything
cleverer nobody should trust a second implementation of Go's templates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from migrate.kserve.metadata import Metadata


class PlaceholderError(Exception):
    """KServe fails to fill in the container; the message says why."""


class UnknownPlaceholderError(Exception):
    """The template may do anything: what Go makes of it cannot be told here."""


Container = dict[str, Any]

_ACTION = re.compile(r"(?s)(?:\s*\{\{-(?=\s)|\{\{)(.*?)(?:(?<=\s)-\}\}\s*|\}\})")
_FIELD = re.compile(r"\.([A-Za-z_]\w*)(?:\.([A-Za-z_]\w*))?((?:\.[A-Za-z_]\w*)*)", re.ASCII)
_INDEX = re.compile(r"index\s+\.(Labels|Annotations)\s+`([^`\\]*)`")
_COMMENT = re.compile(r"/\*.*\*/", re.DOTALL)
_BAD = re.compile(r'$|\.[A-Za-z_][\w.]*-|.*[\\"]|\d+[A-Za-z]|\.\.|[A-Za-z_]\w*$', re.DOTALL)
_BUILT_IN = frozenset(
    ["true", "false", "nil", "print", "printf", "println", "html", "js", "urlquery", "len", "not"]
)
_ESCAPES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&#34;",
    "'": "&#39;",
    "+": "&#43;",
    "\0": "\N{REPLACEMENT CHARACTER}",
}
_SHOWN = 60
_FIELDS = {
    "Name": "name",
    "Namespace": "namespace",
    "UID": "uid",
    "ResourceVersion": "resource_version",
    "Generation": "generation",
}


def fill_in(container: Container, meta: Metadata) -> Container:
    """Return the container with its placeholders filled in.

    Raise PlaceholderError where KServe fails, and UnknownPlaceholderError where only Go
    can tell.
    """
    if "{{" not in (text := _go_json(container)):
        return container
    filled = _ACTION.sub(lambda found: _replaced(found, meta), text)
    if "{{" in filled and _is_left_open(text):
        raise PlaceholderError("a placeholder is not closed: {{ without }}")
    try:
        found: Container = msgspec.json.decode(filled)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise PlaceholderError(f"the values break the JSON of the container: {error}") from error
    return found


def _go_json(container: Container) -> str:
    text = json.dumps(container, ensure_ascii=False, separators=(",", ":"))
    for letter in "<>&\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _is_left_open(text: str) -> bool:
    return "{{" in _ACTION.sub("", text)


def _replaced(found: re.Match[str], meta: Metadata) -> str:
    return _value(found[1].strip(), meta)


def _value(action: str, meta: Metadata) -> str:
    if _COMMENT.fullmatch(action):
        return ""
    if indexed := _INDEX.fullmatch(action):
        return _escaped(_field(indexed[1], indexed[2], "", meta))
    field = _FIELD.fullmatch(action)
    if field is None:
        if "`" not in action and action not in _BUILT_IN and _BAD.match(action):
            raise PlaceholderError(f"{_shown(action)} is no template")
        raise UnknownPlaceholderError(f"{_shown(action)}: only Go can tell what it gives")
    name, key, rest = field.groups("")
    return _escaped(_field(name, key, rest, meta))


def _shown(action: str) -> str:
    """Show the beginning of a placeholder: one that is not closed goes on to the next secret."""
    begin = re.split(r'["\\\n,]', action)[0][:_SHOWN]
    return f"{{{{{begin}}}}}" if begin == action else f"{{{{{begin}..."


def _field(name: str, key: str, rest: str, meta: Metadata) -> str:
    if name in ("Labels", "Annotations") and key:
        if rest:
            raise PlaceholderError(f"{{{{.{name}.{key}{rest}}}}}: a text has no fields")
        values: Mapping[str, str] = getattr(meta, name.lower()) or {}
        return values.get(key, "")
    if name in _FIELDS and not key:
        return str(getattr(meta, _FIELDS[name]))
    if name in _UNKNOWN_FIELDS:
        raise UnknownPlaceholderError(f"{{{{.{name}}}}}: only Go can tell what it gives")
    raise PlaceholderError(f"{{{{.{name}{'.' * bool(key)}{key}}}}}: metadata has no such field")


_UNKNOWN_FIELDS = frozenset(
    (
        *("Labels", "Annotations", "GenerateName", "SelfLink", "CreationTimestamp", "ClusterName"),
        *("DeletionTimestamp", "DeletionGracePeriodSeconds", "OwnerReferences", "Finalizers"),
        *("ManagedFields", "ZZZ_DeprecatedClusterName"),
    )
)


def _escaped(value: str) -> str:
    return "".join(_ESCAPES.get(letter, letter) for letter in value)
