"""The runtimes that a plan makes in namespaces, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from migrate.kserve import terms
from migrate.objects import count
from migrate.operations.model import Create, Operation
from migrate.planning.plan import Plan
from migrate.report.lines import Screen, cut, wrapped


def copy_lines(plan: Plan, screen: Screen) -> Iterator[str]:
    """Yield the runtimes by namespace, each with how many services use it then."""
    made = [op for op in plan.operations if op.target.kind == terms.SERVING_RUNTIME]
    if not made:
        return
    users = Counter(row.runtime_after_plan for row in plan.forecast)
    groups = groupby(sorted(made, key=lambda op: op.target.place), lambda op: op.target.namespace)
    places = [(namespace, list(group)) for namespace, group in groups]
    yield from ("", f"ServingRuntimes in {count(len(places), 'namespace')}:")
    shown, rest = cut(places, screen, "more namespaces")
    for namespace, group in shown:
        yield f"  {namespace}"
        for operation in group:
            number = users[operation.target]
            told = f"    {_what(operation)}, {count(number, 'InferenceService')}"
            yield from wrapped(told)
    yield from rest


def _what(operation: Operation) -> str:
    sign = "+" if isinstance(operation.change, Create) else "~"
    return f"{sign} {operation.target.name}: {operation.reason}"
