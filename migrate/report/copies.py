"""The runtimes that a plan makes in namespaces, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from migrate.kserve import terms
from migrate.objects import ObjectRef, count
from migrate.operations.model import Create, Operation
from migrate.planning.model.plan import Plan
from migrate.report.lines import Screen, cut, listed, wrapped


def copy_lines(plan: Plan, screen: Screen) -> Iterator[str]:
    """Yield the runtimes by their names, each with its namespaces and how many services use it."""
    made = [op for op in plan.operations if op.target.kind == terms.SERVING_RUNTIME]
    if not made:
        return
    users = Counter(row.runtime_after_plan for row in plan.forecast)
    groups: dict[str, list[Operation]] = {}
    for operation in sorted(made, key=lambda op: (op.target.name, op.target.namespace)):
        groups.setdefault(_what(operation), []).append(operation)
    places = {op.target.namespace for op in made}
    yield from ("", f"ServingRuntimes in {count(len(places), 'namespace')}:")
    shown, rest = cut(list(groups.items()), screen, "more runtimes")
    for what, operations in shown:
        yield from wrapped(f"  {what}")
        yield from wrapped(f"    {_where(operations, users, screen)}")
    yield from rest


def _what(operation: Operation) -> str:
    sign = "+" if isinstance(operation.change, Create) else "~"
    return f"{sign} {operation.target.name}: {operation.reason}"


def _where(
    operations: Sequence[Operation], users: Mapping[ObjectRef | None, int], screen: Screen
) -> str:
    services = sum(users[op.target] for op in operations)
    places = listed([op.target.namespace for op in operations], screen)
    return f"for {count(services, 'InferenceService')} in {places}"
