"""The commands and flags that texts name, read from the source of kmigrate."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from migrate.cli import VERBS, command

SOURCE = Path(__file__).parents[1] / "migrate"
VALUE = "X"
"""What stands for a value that is put into a text."""
_COMMAND = re.compile(rf"kmigrate ({'|'.join(VERBS)})\b([^;:,()`\n]*)")
_PLACE = re.compile(r"'?[A-Z][A-Z./_=-]*'?|runtime/NAME=IMAGE|[a-z]+/[a-z]+|\d[\d.]*|<[a-z]+>")
_FLAG = re.compile(
    rf"(?<![\w-])(--[a-z][a-z-]*|-n)(?:=([^\s,;:)]+)| ({_PLACE.pattern}|service|namespace))?"
)


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield each text that is no docstring with its line; values in it are ``VALUE``."""
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if id(node) in documented or id(node) in parts:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(map(_part, node.values))


def _part(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else VALUE


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the verb and the arguments of each command in a text; prose after them is left out."""
    for verb, rest in _COMMAND.findall(re.sub("`[^`]*`", "", text)):
        yield verb, list(_arguments(command(verb), rest.split()))


def _arguments(verb: Any, words: list[str]) -> Iterator[str]:
    valued = {name for each in verb.params for name in each.opts if not getattr(each, "is_flag", 0)}
    is_value = False
    for word in words:
        if not (is_value or word.startswith("-") or _PLACE.fullmatch(word)):
            return
        yield word
        is_value = word in valued


def flags(text: str) -> list[str]:
    """Return the flags in a text."""
    return re.findall(r"(?<![\w-])--[a-z][\w-]*", text)


def beside(text: str) -> list[list[str]]:
    """Return the flags that a text says to add to what was run, each with its value."""
    rest = re.sub(r"(?:kmigrate|kubectl) .*?(?=$|[;,])", "", text)
    return [list(filter(None, found)) for found in _FLAG.findall(rest)]
