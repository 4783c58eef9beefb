"""docs/benchmarks.md: medians, ratios against their targets, the machine. No figure is fixed here.

The targets are ratios, because seconds say more of the machine than of kmigrate.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from tests.benchmarks import commands
from tests.benchmarks.measuring import Figures
from tests.testbed.programs import PROGRAMS

Table = Mapping[str, Figures]
"""Figures by the name of the command."""

_BEST = (commands.GET, commands.GET_ALL, commands.GET_5000)


class Measured(msgspec.Struct, frozen=True):
    """One size: services, figures, pages of each kind, how often the same page was asked for."""

    services: int
    figures: dict[str, Figures]
    lists: Counter[str]
    repeated: dict[str, int]
    others: list[str]


class Created(msgspec.Struct, frozen=True):
    """So many creates, each answer held back so long: figures, and requests of one run."""

    count: int
    latency: float
    figures: dict[str, Figures]
    requests: dict[str, int]


class Target(msgspec.Struct, frozen=True):
    """What was wanted and what was found; ``is_exact`` where it is no matter of time."""

    what: str
    found: float | None
    wanted: float
    unit: str = ""
    is_exact: bool = False

    @property
    def is_missed(self) -> bool:
        """Whether it was measured and is above what was wanted."""
        return self.found is not None and self.found > self.wanted

    @property
    def line(self) -> str:
        """A row of the table."""
        if self.found is None:
            return f"| {self.what} | not measured | <= {self.wanted:g}{self.unit} | |"
        verdict = "**not met**" if self.is_missed else "met"
        found = f"{self.found:.3g}{self.unit}"
        return f"| {self.what} | {found} | <= {self.wanted:g}{self.unit} | {verdict} |"


_RATIOS: dict[int, tuple[tuple[tuple[str, ...], str, float], ...]] = {
    10_000: (
        ((commands.GET,), "`kubectl get -A`", 0.25),
        (_BEST, "`kubectl get -A` with its best pages", 0.5),
        ((commands.GET_JSON,), "`kubectl get -A -o json`", 0.15),
        ((commands.CURL,), "`curl` of the same pages", 6),
    ),
    50_000: (
        ((commands.GET,), "`kubectl get -A`", 0.10),
        (_BEST, "`kubectl get -A` with its best pages", 0.25),
        ((commands.GET_JSON,), "`kubectl get -A -o json`", 0.06),
        ((commands.CURL,), "`curl` of the same pages", 6),
    ),
}
_BESIDE = 40
_MEMORY_AT, _MEMORY = 50_000, 200
_FEW, _MANY, _LINEAR = 10_000, 100_000, 1.1


def targets(sizes: Sequence[Measured], started: Table) -> list[Target]:
    """Return every target with what was found; of sizes that were not measured, nothing."""
    found = [each for size in sizes for each in _of_size(size)]
    found += [_linear({size.services: size.figures for size in sizes})]
    kubectl = started[commands.KUBECTL_VERSION].wall
    for name, wanted in ((commands.VERSION, 0.5), (commands.HELP, 2)):
        ratio = started[name].wall / kubectl
        found.append(Target(f"`{name}` to `{commands.KUBECTL_VERSION}`", ratio, wanted))
    repeated = max((n for size in sizes for n in size.repeated.values()), default=1)
    found.append(Target("lists of one kind and page in a plan", repeated, 1, is_exact=True))
    kinds = len({tuple(size.others) for size in sizes})
    found.append(
        Target("different sets of requests, but for pages, over the sizes", kinds, 1, is_exact=True)
    )
    return found


def _of_size(size: Measured) -> Iterator[Target]:
    table = size.figures
    for plan in (commands.PLAN, commands.PLAN_SET):
        for names, label, wanted in _RATIOS.get(size.services, ()):
            others = [table[name].wall for name in names if name in table]
            ratio = table[plan].wall / min(others) if others else None
            yield Target(f"`{plan}` to {label}, {size.services:,} services", ratio, wanted)
        if size.services == _MEMORY_AT:
            what = f"most memory of `{plan}`, {size.services:,} services"
            yield Target(what, table[plan].memory, _MEMORY, " MB")


def _linear(tables: Mapping[int, Table]) -> Target:
    what = f"time for a further service, {_MANY:,} to 50,000 by 50,000 to {_FEW:,}"
    if not {_FEW, _MEMORY_AT, _MANY} <= tables.keys():
        return Target(what, None, _LINEAR)
    few, middle, many = (tables[n][commands.PLAN].wall for n in (_FEW, _MEMORY_AT, _MANY))
    early = (middle - few) / (_MEMORY_AT - _FEW)
    return Target(what, (many - middle) / (_MANY - _MEMORY_AT) / early, _LINEAR)


def write_targets(created: Created) -> list[Target]:
    """Return how long the creates take, by what kubectl takes."""
    ours = created.figures[commands.CREATE].wall
    what = f"{created.count:,} creates to"
    found = [
        Target(f"{what} `{name}`", ours / created.figures[name].wall, wanted)
        for name, wanted in ((commands.APPLY, 1 / 12), (commands.APPLY_SERVER, 1 / 4))
    ]
    more = created.requests[commands.CREATE] - created.count
    return [*found, Target("requests beside the creates", more, _BESIDE, is_exact=True)]


def page(sizes: Sequence[Measured], started: Table, created: Created) -> str:
    """Return the whole page."""
    lines = [*_head(), "## Targets", "", "| what | found | wanted | |", "|---|---|---|---|"]
    lines += [target.line for target in (*targets(sizes, started), *write_targets(created))]
    for size in sizes:
        lines += ["", f"## {size.services:,} InferenceServices", "", *_table(size.figures)]
        lines += ["", f"Requests of `{commands.PLAN}`: {requests(size)}."]
    lines += ["", f"## {created.count:,} ServingRuntimes created", "", *_creating(created)]
    return "\n".join([*lines, "", "## Starting", "", *_table(started), ""])


def _creating(created: Created) -> Iterator[str]:
    yield f"In as many namespaces; the server holds back each answer for {created.latency:g} ms."
    yield "kmigrate is a whole run: permissions, Lease, record, creates, proof. kubectl does not"
    yield "validate, which would be further requests."
    yield ""
    yield from _table(created.figures)
    asked = ", ".join(f"`{name}` {n:,}" for name, n in created.requests.items())
    yield from ("", f"Requests: {asked}.")


def _head() -> Iterator[str]:
    yield from ("# Benchmarks", "", "Written by `make bench`; every figure is from one run of it.")
    yield from ("", f"- machine: {_processor()}, {os.cpu_count()} cores, {platform.system()}")
    yield f"- Python {platform.python_version()}, kubectl {PROGRAMS['kubectl'].version}, {_curl()}"
    yield from (
        "- server: a stand-in on loopback that answers lists from memory over TLS and HTTP/1.1,",
        "  packed where asked; it shares the cores with the client. A real API server is slower,",
        "  and makes all ratios weaker that are not 1.",
        "- data: generated, seeded: InferenceServices of 3.3 to 4.4 KB on KServe 0.9.0, one third",
        "  in the framework form, each with its workload: nine Knative Services to one Deployment",
        "- whole processes in turn, after one run of each to warm up; medians; output thrown away;",
        "  kubectl with a warm cache of discovery; `curl` reads the pages that kmigrate reads",
        "- CPU and memory are those of all processes of a command, memory of those that live at",
        "  once: a page of it that two of them share counts once",
        "",
    )


def _table(table: Table) -> Iterator[str]:
    yield "| command | seconds | CPU seconds | most MB | runs | slowest by fastest |"
    yield "|---|---|---|---|---|---|"
    for name, found in table.items():
        times = f"{found.wall:.3f} | {found.cpu:.3f} | {found.memory:.0f}"
        yield f"| `{name}` | {times} | {found.runs} | {found.spread:.2f} |"


def requests(size: Measured) -> str:
    """Return how many pages of each kind a plan asks for, and which of them again."""
    pages = ", ".join(f"{name} {n}" for name, n in sorted(size.lists.items()))
    again = ", ".join(f"{name} {n} times" for name, n in sorted(size.repeated.items()))
    return f"pages of {pages}; the same page again: {again or 'none'}"


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    models = (line.partition(": ")[2] for line in text.splitlines() if "model name" in line)
    return next(models, platform.machine())


def _curl() -> str:
    done = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split()[:2])
