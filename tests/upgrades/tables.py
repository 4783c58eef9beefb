"""The tables of docs/upgrades.md, out of what was seen on a way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.upgrades.images import image_now
from tests.upgrades.verdicts import Verdict, left, verdicts
from tests.upgrades.walk import WAY
from tests.upgrades.walking import Passed

WORDS: Mapping[Verdict, str] = {
    Verdict.SAME: "=",
    Verdict.RELEASED: "tag",
    Verdict.SERVER: "**server**",
    Verdict.LOST: "**lost**",
    Verdict.LOST_SERVER: "**lost, server**",
    Verdict.MANGLED: "**no name**",
    Verdict.NONE: "**none**",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    rule = "|".join("---" for _ in head)
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def counts(passed: Sequence[Passed]) -> str:
    """Return a row a step: how many services of each verdict, and how many were written twice."""
    head = ["upgrade", "services", *map(str, Verdict), "a second workload"]
    return table(head, (_count(one) for one in passed))


def by_service(passed: Sequence[Passed]) -> str:
    """Return a row a service, a column a step."""
    names = sorted({name for one in passed for name in one.before})
    head = ["service", "made under", *(f"to {one.release}" for one in passed)]
    return table(head, (_row(name, passed) for name in names))


def images_of(passed: Sequence[Passed]) -> str:
    """Return what each service whose image changed ran before and after each step."""
    return table(["upgrade", "service", "before", "after"], _changes(passed))


def _count(one: Passed) -> list[str]:
    found = list(verdicts(one).values())
    each = [str(found.count(verdict) or "") for verdict in Verdict]
    twice = str(len(left(one.after)) or "")
    return [f"{one.origin} to {one.release}", str(len(found)), *each, twice]


def _row(name: str, passed: Sequence[Passed]) -> list[str]:
    made = next(step for step in WAY for each in step.made if each.name == name)
    found = [verdicts(one).get(name) for one in passed]
    return [name, made.release, *(WORDS[one] if one else "" for one in found)]


def _changes(passed: Sequence[Passed]) -> Iterator[list[str]]:
    for one in passed:
        was, now = image_now(one.before), image_now(one.after)
        for name in was:
            if was[name] != now[name]:
                yield [f"{one.origin} to {one.release}", name, *map(_shown, (was, now), [name] * 2)]


def _shown(found: Mapping[str, str], name: str) -> str:
    return f"`{found[name]}`" if found[name] else "none"
