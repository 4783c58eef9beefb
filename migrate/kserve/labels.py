"""Label selectors as kubectl takes them with ``-l``.

The grammar of ``k8s.io/apimachinery/pkg/labels/selector.go`` (0.34) but for ``>`` and ``<``:
``KEY=VALUE``, ``KEY==VALUE``, ``KEY!=VALUE``, ``KEY in (A, B)``, ``KEY notin (A, B)``, ``KEY``
and ``!KEY``, with commas between them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from migrate.errors import UsageError

_KEY = r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?"
_EQUAL = re.compile(rf"({_KEY})\s*(!=|==?)\s*({_VALUE})")
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s*\(\s*({_VALUE}(?:\s*,\s*{_VALUE})*)\s*\)")
_THERE = re.compile(rf"(!?)\s*({_KEY})")
_COMMA = re.compile(r",(?![^(]*\))")


class Requirement(msgspec.Struct, frozen=True):
    """What is asked of one label: one of the values, or (``negated``) none of them.

    Without values it is whether the label is there. A label that is not there has none of the
    values.
    """

    key: str
    values: frozenset[str] | None = None
    negated: bool = False


def parse_selector(text: str) -> tuple[Requirement, ...]:
    """Parse a selector; an empty one asks for nothing. Raise UsageError where it does not fit."""
    return tuple(_requirement(part.strip(), text) for part in _COMMA.split(text) if text.strip())


def _requirement(part: str, whole: str) -> Requirement:
    if found := _EQUAL.fullmatch(part):
        return Requirement(found[1], frozenset([found[3]]), found[2] == "!=")
    if found := _SET.fullmatch(part):
        return Requirement(found[1], frozenset(re.split(r"\s*,\s*", found[3])), found[2] == "notin")
    if found := _THERE.fullmatch(part):
        return Requirement(found[2], negated=bool(found[1]))
    raise UsageError(
        f"-l {whole}: expected KEY=VALUE, KEY!=VALUE, KEY in (A, B), KEY or !KEY, found {part!r}",
        "kubectl get inferenceservices -A --show-labels",
    )


def is_selected(labels: Mapping[str, str], requirements: tuple[Requirement, ...]) -> bool:
    """Tell whether labels are as asked."""
    return all(_holds(labels, one) for one in requirements)


def _holds(labels: Mapping[str, str], one: Requirement) -> bool:
    found = one.key in labels if one.values is None else labels.get(one.key) in one.values
    return found is not one.negated
