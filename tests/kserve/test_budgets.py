"""Whom a PodDisruptionBudget is for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.budgets import Budget, selects

Json = Any
LABELS = {"app": "isvc.iris-predictor", "team": "a"}


def expression(key: str, operator: str, *values: str) -> Json:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"team": "a"}}, True),
        ({"matchLabels": {"team": "b"}}, False),
        ({"matchLabels": {"team": "a", "tier": "x"}}, False),
        (expression("team", "In", "a", "b"), True),
        (expression("team", "In", "b"), False),
        (expression("team", "NotIn", "b"), True),
        (expression("tier", "NotIn", "b"), True),
        (expression("team", "NotIn", "a"), False),
        (expression("team", "Exists"), True),
        (expression("tier", "Exists"), False),
        (expression("tier", "DoesNotExist"), True),
        ({"matchLabels": {"team": "a"}} | expression("app", "DoesNotExist"), False),
    ],
)
def test_labels_and_expressions_must_all_hold(selector: Json, expected: bool) -> None:
    manifest = {"metadata": {"name": "b", "namespace": "ml"}, "spec": {"selector": selector}}
    assert selects(msgspec.convert(manifest, Budget), LABELS) is expected
