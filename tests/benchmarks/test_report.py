"""What the page says of figures: met or not, and never by a figure that was not taken."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from tests.benchmarks import commands, report
from tests.benchmarks.asked import Asked
from tests.benchmarks.measuring import Figures, Sample, figures, resident


def took(seconds: float, memory: float = 50) -> Figures:
    return figures([Sample(seconds, seconds, memory)])


STARTED = {
    commands.VERSION: took(0.01),
    commands.HELP: took(0.1),
    commands.KUBECTL_VERSION: took(0.04),
}


def size(services: int, plan: float, repeated: dict[str, int] | None = None) -> report.Measured:
    table = {
        commands.PLAN: took(plan, memory=201),
        commands.PLAN_SET: took(plan),
        commands.GET: took(10),
        commands.GET_ALL: took(5),
        commands.CURL: took(0.5),
    }
    return report.Measured(services, table, Counter(), repeated or {}, ["/a"])


def told(what: str, *sizes: report.Measured) -> report.Target:
    found = [t for t in report.targets(sizes, STARTED) if t.what.startswith(what)]
    assert len(found) == 1, [t.what for t in found]
    return found[0]


def test_a_ratio_is_of_the_clock_and_met_up_to_the_limit() -> None:
    target = told("`kmigrate plan` to `kubectl get -A`, 10,000", size(10_000, 2.5))
    assert (target.found, target.wanted) == (0.25, 0.25)
    assert target.line.endswith("| met |")
    slower = told("`kmigrate plan` to `kubectl get -A`, 10,000", size(10_000, 2.6))
    assert slower.line.endswith("| **not met** |")


def test_the_best_pages_of_kubectl_are_the_fastest() -> None:
    best = told("`kmigrate plan` to `kubectl get -A` with its best", size(50_000, 1))
    assert best.found == 0.2


def test_what_was_not_run_is_not_measured() -> None:
    assert "not measured" in told("`kmigrate plan` to `kubectl get -A -o", size(10_000, 1)).line
    assert told("time for a further", size(10_000, 1), size(50_000, 5)).found is None


@pytest.mark.parametrize(("at_most", "is_met"), [(10, True), (10.6, False)])
def test_growth_is_linear_where_later_services_cost_no_more(at_most: float, is_met: bool) -> None:
    target = told("time for", size(10_000, 1), size(50_000, 5), size(100_000, at_most))
    assert (target.found is not None and target.found <= target.wanted) == is_met


def test_memory_is_told_at_fifty_thousand() -> None:
    assert told("most memory of `kmigrate plan`,", size(50_000, 1)).line.endswith("**not met** |")


def test_a_page_that_is_asked_for_twice_is_told() -> None:
    assert told("lists of one kind", size(10_000, 1, {"deployments.apps": 2})).found == 2


def test_starting_is_held_against_kubectl() -> None:
    assert told("`kmigrate --version`").found == 0.25
    assert told("`kmigrate --help`").line.endswith("**not met** |")


def test_requests_are_told_apart_by_kind_and_page() -> None:
    asked = Asked(
        [
            "GET /api/v1/namespaces/kserve/configmaps/inferenceservice-config",
            "GET /apis/apps/v1/deployments?limit=500",
            "GET /apis/apps/v1/namespaces/kserve/deployments?limit=500",
            "GET /apis/apps/v1/deployments?limit=500&continue=500",
        ]
    )
    assert asked.lists == {"deployments.apps": 3}
    assert asked.pages == {("deployments.apps", "0"): 2, ("deployments.apps", "500"): 1}
    assert len(asked.others) == 3


def test_medians_and_the_spread_of_three_runs() -> None:
    found = figures([Sample(1, 1, 10), Sample(4, 2, 30), Sample(2, 9, 20)])
    assert (found.wall, found.cpu, found.memory, found.runs, found.spread) == (2, 2, 20, 3, 4)


def created(ours: float, asked: int = 1025) -> report.Created:
    table = {commands.CREATE: ours, commands.APPLY: 12, commands.APPLY_SERVER: 6}
    figures = {name: took(seconds) for name, seconds in table.items()}
    return report.Created(1000, 5, figures, {commands.CREATE: asked, commands.APPLY: 3002})


@pytest.mark.parametrize(
    ("ours", "asked", "verdicts"),
    [
        (1, 1025, ["met", "met", "met"]),
        (1.2, 1025, ["**not met**", "met", "met"]),
        (1.6, 1041, ["**not met**", "**not met**", "**not met**"]),
    ],
)
def test_creates_are_held_against_both_ways_of_kubectl(
    ours: float, asked: int, verdicts: list[str]
) -> None:
    found = report.write_targets(created(ours, asked))
    assert [target.line.split(" | ")[-1].strip(" |") for target in found] == verdicts
    assert [target.is_exact for target in found] == [False, False, True]


def test_the_page_tells_the_requests_of_the_creates() -> None:
    page = report.page([size(10_000, 1)], STARTED, created(1))
    assert "## 1,000 ServingRuntimes created" in page
    assert "`kubectl apply -f` 3,002" in page


TWO = """
import os
is_first, held = os.fork(), b"x" * 100_000_000
os.write(1, b"+")
os.read(0, 1)
os.waitpid(is_first, 0) if is_first else os._exit(0)
"""


def test_memory_is_that_of_the_processes_that_live_at_once() -> None:
    command = [sys.executable, "-c", TWO]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.read(2) == b"++"
        found = resident(process.pid)
        process.stdin.write(b"..")
    assert 200e6 < found < 300e6
    assert resident(process.pid) == 0
