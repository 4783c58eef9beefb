"""Mutants of modules: the text of each with one thing changed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from tests.mutation.operators import changes

ROOM = Path(__file__).parents[2] / "migrate" / "kserve"
_CONSTANTS = ("terms", "__init__")
# Nobody decides anything there: types, caches, and what only the type checker wants to know.
_DECLARATIONS = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom, cst.Assert)


class Mutant(NamedTuple):
    """A module with one node changed for another."""

    name: str
    line: int
    module: cst.Module
    node: cst.CSTNode
    changed: cst.CSTNode

    @property
    def code(self) -> str:
        mutated = self.module.deep_replace(self.node, self.changed)
        assert isinstance(mutated, cst.Module)
        return mutated.code

    def __str__(self) -> str:
        before, after = self.module.code.splitlines(), self.code.splitlines()
        told = [line for line in difflib.unified_diff(before, after, n=0) if line[0] in "-+"][2:]
        return "\n".join([f"{self.name}:{self.line}", *(f"    {line}" for line in told)])


def mutants(only: str = "") -> list[Mutant]:
    """All mutants of the room, or those of one of its modules."""
    paths = sorted(path for path in ROOM.glob("*.py") if path.stem not in _CONSTANTS)
    return [one for path in paths if only in ("", path.stem) for one in _of_module(path)]


def _of_module(path: Path) -> Iterator[Mutant]:
    wrapper = MetadataWrapper(cst.parse_module(path.read_text(encoding="utf-8")))
    lines = {node: at.start.line for node, at in wrapper.resolve(PositionProvider).items()}
    for node, line in _nodes(wrapper.module, 1, lines):
        for changed in changes(node):
            yield Mutant(path.stem, line, wrapper.module, node, changed)


def _nodes(
    node: cst.CSTNode, line: int, lines: dict[cst.CSTNode, int]
) -> Iterator[tuple[cst.CSTNode, int]]:
    """Yield all nodes in which something is decided, each with its line."""
    line = lines.get(node, line)
    if _is_alias(node):
        return
    if not isinstance(node, cst.ClassDef):
        yield node, line
    for child in _children(node):
        yield from _nodes(child, line, lines)


def _children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.ClassDef):
        yield from map(_member, node.body.body)
        return
    names = getattr(node, "target", None)
    for child in node.children:
        is_unpacked = child is names and isinstance(child, cst.Tuple)
        if not is_unpacked and not isinstance(child, _DECLARATIONS):
            yield child


def _is_alias(node: cst.CSTNode) -> bool:
    match node:
        case cst.AnnAssign(annotation=cst.Annotation(annotation=cst.Name("TypeAlias"))):
            return True
        case _:
            return False


def _member(statement: cst.CSTNode) -> cst.CSTNode:
    """Of the field of a record, take only its default."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.AnnAssign(value=value)]) if value is not None:
            return value
        case _:
            return statement
