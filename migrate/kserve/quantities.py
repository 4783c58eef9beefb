"""Quantities of Kubernetes: ``500m``, ``2``, ``4Gi``, ``1e3``."""

from __future__ import annotations

import re
from fractions import Fraction


class QuantityError(ValueError):
    """The text is no quantity."""


_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([eE][+-]?\d+|[KMGTPE]i|[numkMGTPE]?)", re.ASCII)
_SUFFIXES = {
    "": Fraction(1),
    **{name: Fraction(1, 1000**power) for power, name in enumerate("mun", 1)},
    **{name: Fraction(1000**power) for power, name in enumerate("kMGTPE", 1)},
    **{f"{name}i": Fraction(1024**power) for power, name in enumerate("KMGTPE", 1)},
}


def quantity(text: str) -> Fraction:
    """Return the exact value. Raise QuantityError.

    ``k8s.io/apimachinery/pkg/api/resource/quantity.go``.
    """
    found = _QUANTITY.fullmatch(text)
    if found is None:
        raise QuantityError(f"{text!r} is no quantity such as 500m or 4Gi")
    number, suffix = found.groups()
    if suffix in _SUFFIXES:
        return Fraction(number) * _SUFFIXES[suffix]
    return Fraction(number + suffix)
