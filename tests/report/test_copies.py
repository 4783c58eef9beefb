"""The copies of a plan, as a person reads them: by runtime, however many namespaces there are."""

from __future__ import annotations

import pytest

from migrate.planning.model.plan import Plan
from migrate.report.copies import copy_lines
from migrate.report.lines import PIPE, Screen
from migrate.report.text import plan_lines
from tests.planning.copies import SKLEARN, cluster, isvc, plan
from tests.planning.pinned import pinning_plan, settled

NEW = "registry.example.com/ml/sklearnserver:next"
TERMINAL = Screen(is_brief=True)


def many(number: int, *sets: str) -> Plan:
    services = [isvc(f"m{n}", namespace=f"t{n:03}", protocolVersion="v1") for n in range(number)]
    more = isvc("more", namespace="t000", protocolVersion="v1")
    return plan(cluster("0.15.2", *services, more), *sets)


def test_a_runtime_is_told_once_with_its_namespaces() -> None:
    lines = list(copy_lines(many(300), TERMINAL))
    assert lines[:3] == [
        "",
        "ServingRuntimes in 300 namespaces:",
        f"  + {SKLEARN}: a copy of ClusterServingRuntime {SKLEARN}",
    ]
    told = " ".join(" ".join(lines[3:]).split())
    places = ", ".join(f"t{n:03}" for n in range(10))
    assert told == f"for 301 InferenceServices in {places} and 290 more"
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("sets", [(), (f"runtime/{SKLEARN}={NEW}",)])
def test_hundreds_of_copies_do_not_flood_a_terminal(sets: tuple[str, ...]) -> None:
    """With another image each copy is a wave of its own."""
    half, whole = (list(plan_lines(many(n, *sets), "cluster", TERMINAL)) for n in (150, 300))
    assert len(half) == len(whole) < 150


def test_services_on_copies_of_many_namespaces_are_told_as_one_lot() -> None:
    why = [line for line in plan_lines(many(30), "cluster", TERMINAL) if "why: " in line]
    assert why == [f"    why: its namespace's ServingRuntime {SKLEARN}"]


def test_a_pipe_has_them_all() -> None:
    text = "\n".join(copy_lines(many(30), PIPE))
    assert all(f"t{n:03}" in text for n in range(30))


def test_copies_with_other_content_have_other_names() -> None:
    found = settled("0.15.2", isvc("a", protocolVersion="v1"), isvc("b", namespace="other"))
    made = pinning_plan(found, f"sklearn={NEW}")
    names = {op.target.name for op in made.operations if op.target.kind == "ServingRuntime"}
    shown = "\n".join(copy_lines(made, TERMINAL))
    assert all(f"+ {name}: " in shown for name in names)
