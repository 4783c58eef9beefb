"""YAML as kubectl writes and reads it, which is not quite as PyYAML does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from migrate.objects import Json

# What a plain scalar may mean besides text: nothing else, no timestamps above all, and no
# sexagesimal numbers (12:30:45); but exponents without a dot (1e+06), as kubectl writes them.
# A bare y or n is text: kubectl would read it otherwise, but it never writes it, and others do.
_BOOL = "yes|no|true|false|on|off"
_MEANINGS = (
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("bool", f"{_BOOL}|{_BOOL.title()}|{_BOOL.upper()}", "yYnNtTfFoO"),
    ("int", r"[-+]?(0b[01_]+|0o?[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?",
        "-+.0123456789",
    ),
    ("merge", "<<", "<"),
)
_WHOLE_UP_TO = 1e21


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Json]:
        found: dict[Json, Json] = super().construct_mapping(node, deep=deep)
        return {key if isinstance(key, str) else _text(key): found[key] for key in found}


def documents(data: bytes) -> Iterator[Json]:
    """Yield the documents of a YAML stream. Raise yaml.YAMLError where it is none."""
    yield from yaml.load_all(data, _Loader)


def fault(error: Exception) -> str:
    """Return the line and the reason of an error of ``documents``, for people."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    where = f"line {mark.line + 1}: " if mark else ""
    return where + str(getattr(error, "problem", None) or error)


def _text(key: Json) -> str:
    # In JSON every key is text.
    return str(key).lower() if isinstance(key, bool) else str(key)


def _float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    value = float(loader.construct_scalar(node).replace("_", ""))
    # In JSON, and so to kubectl, 1.0 and 1 are one number.
    return int(value) if value.is_integer() and abs(value) < _WHOLE_UP_TO else value


def _bool(_: yaml.SafeLoader, node: yaml.ScalarNode) -> bool:
    return node.value.lower() in {"yes", "true", "on"}


def _set_up(loader: type[yaml.SafeLoader]) -> None:
    for name, pattern, first in _MEANINGS:
        meaning = re.compile(rf"(?:{pattern})$")
        loader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", meaning, first)
    loader.add_constructor("tag:yaml.org,2002:float", _float)
    loader.add_constructor("tag:yaml.org,2002:bool", _bool)


_set_up(_Loader)
