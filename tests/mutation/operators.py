"""What is changed in a program: the operators of mutmut, and three for what it leaves alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import libcst as cst
from mutmut.mutation import mutators

Conditional = cst.If | cst.CompIf
Display = cst.Set | cst.Tuple | cst.List | cst.Dict
_HARMLESS_CALLS = ("len", "isinstance")


def changes(node: cst.CSTNode) -> Iterable[cst.CSTNode]:
    """Yield the node once for each way to change it; its children are not looked at."""
    for kind, operator in OPERATORS:
        if isinstance(node, kind):
            yield from operator(node)


def _negated(node: Conditional) -> Iterable[cst.CSTNode]:
    """Turn a condition round, where mutmut does not: where nothing is compared or negated."""
    if isinstance(node.test, cst.Comparison | cst.UnaryOperation | cst.BooleanOperation):
        return
    test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    yield node.with_changes(test=cst.UnaryOperation(cst.Not(), test))


def _less(node: Display) -> Iterable[cst.CSTNode]:
    """Leave out one item: most of this room is tables."""
    if len(node.elements) > 1:
        for at in range(len(node.elements)):
            kept = [item for i, item in enumerate(node.elements) if i != at]
            # A tuple of one needs its comma; else the comma before the bracket goes.
            if not isinstance(node, cst.Tuple) or len(kept) > 1:
                kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            yield node.with_changes(elements=kept)


def _without_more(node: cst.BinaryOperation) -> Iterable[cst.CSTNode]:
    """Take the first of two sets alone."""
    if isinstance(node.operator, cst.BitOr):
        yield node.left


def _call(node: cst.Call) -> Iterable[cst.CSTNode]:
    """Drop arguments, or make them None, unless they are only wording."""
    if isinstance(node.func, cst.Name) and node.func.value in _HARMLESS_CALLS:
        return
    for changed in mutators.operator_arg_removal(node):
        assert isinstance(changed, cst.Call)
        lost = [arg.value for arg in node.args if not any(arg is kept for kept in changed.args)]
        if not all(is_prose(value) for value in lost):
            yield changed


def _string(node: cst.SimpleString) -> Iterable[cst.CSTNode]:
    return () if is_prose(node) else mutators.operator_string(node)


def is_prose(node: cst.CSTNode) -> bool:
    """Whether a text is a message to people: it has a blank in it, and is no pattern."""
    if isinstance(node, cst.SimpleString):
        return " " in node.value and "r" not in node.prefix
    if isinstance(node, cst.FormattedString):
        return any(isinstance(p, cst.FormattedStringText) and " " in p.value for p in node.parts)
    return isinstance(node, cst.ConcatenatedString) and any(map(is_prose, node.children))


_REPLACED: dict[Any, Any] = {
    mutators.operator_arg_removal: _call,
    mutators.operator_string: _string,
}

OPERATORS: list[tuple[Any, Any]] = [
    *((kind, _REPLACED.get(one, one)) for kind, one in mutators.mutation_operators),
    (Conditional, _negated),
    (Display, _less),
    (cst.BinaryOperation, _without_more),
]
