"""Quantities: ``k8s.io/apimachinery/pkg/api/resource/quantity.go``."""

from __future__ import annotations

from fractions import Fraction

import pytest

from migrate.kserve.quantities import QuantityError, quantity

VALUES = [
    ("0", 0),
    ("2", 2),
    ("+2", 2),
    ("-2", -2),
    ("1.5", Fraction(3, 2)),
    (".5", Fraction(1, 2)),
    ("5.", 5),
    ("500m", Fraction(1, 2)),
    ("3u", Fraction(3, 10**6)),
    ("3n", Fraction(3, 10**9)),
    ("1k", 10**3),
    ("1M", 10**6),
    ("1G", 10**9),
    ("1T", 10**12),
    ("1P", 10**15),
    ("1E", 10**18),
    ("1Ki", 2**10),
    ("1Mi", 2**20),
    ("0.5Gi", 2**29),
    ("1Ti", 2**40),
    ("1Pi", 2**50),
    ("1Ei", 2**60),
    ("1e3", 1000),
    ("1E3", 1000),
    ("12e-1", Fraction(6, 5)),
    ("1e+2", 100),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_is_exact(text: str, value: Fraction) -> None:
    assert quantity(text) == value


@pytest.mark.parametrize(
    "text", ["", " ", "1 ", "m", ".", "1mi", "1K", "1ki", "1ee3", "1e", "1.2.3", "0x1", "one", "٣"]
)
def test_refuses_what_is_none(text: str) -> None:
    with pytest.raises(QuantityError, match="no quantity"):
        quantity(text)
