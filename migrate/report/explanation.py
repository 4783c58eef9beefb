"""An explanation as plain lines: what runs, what would run, and why."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from migrate.planning.world.explanation import Container, Explanation, Outcome
from migrate.planning.world.origins import Origin
from migrate.report.lines import wrapped


def explanation_lines(told: Explanation) -> Iterator[str]:
    """Yield the whole explanation for a person."""
    place = f"{told.service.namespace}/{told.service.name}"
    yield f"InferenceService {place}: {told.form}, {told.mode} mode, KServe {told.release}"
    yield from (line for doubt in told.doubts for line in wrapped(f"not certain: {doubt}"))
    yield from _now(told)
    yield from ("", "After the next reconcile:")
    yield from _outcome(told.next)
    yield from _changes(told)
    yield from ("", f"Why (files are below pkg/ of KServe {told.release}):")
    for step in told.steps:
        yield from _hanging(f"  {step.what + ':':<11} ", step.text)
        yield f"  {'':<11} [{step.source}]"
    yield from _contenders(told)
    for title, outcome in (("plan", told.after_plan), ("rollback", told.after_rollback)):
        if outcome is not None:
            yield from ("", f"After the {title}:")
            yield from _outcome(outcome)


def _now(told: Explanation) -> Iterator[str]:
    yield ""
    if told.now is None:
        yield "Now: no workload of its predictor was found"
        return
    yield f"Now ({told.now.workload}):"
    yield from _container(told.now.container)


def _outcome(outcome: Outcome) -> Iterator[str]:
    if outcome.container is None:
        yield from wrapped(f"  {outcome.verdict}: {outcome.reason}")
        return
    if outcome.runtime is not None:
        yield f"  {'runtime:':<10} {outcome.runtime}"
    yield from _container(outcome.container)
    if outcome.verdict not in ("resolved", "explicit", "custom"):
        yield from wrapped(f"  {outcome.verdict}: {outcome.reason}")
    if outcome.workers is not None:
        yield "  workers:"
        yield from ("  " + line for line in _container(outcome.workers))
    for name, canary in outcome.canaries.items():
        yield f"  canary {name}:"
        yield from ("  " + line for line in _outcome(canary))


def _container(container: Container) -> Iterator[str]:
    yield f"  {'image:':<10} {container.image or '(none)'}"
    if container.command:
        yield f"  {'command:':<10} {_short(' '.join(container.command))}"
    yield from _texts("args:", container.args)
    yield from _texts("env:", container.env)


def _texts(title: str, texts: Sequence[Origin]) -> Iterator[str]:
    label = title
    for source, group in groupby(texts, key=lambda text: text.source):
        for text in group:
            yield f"  {label:<10} {_short(text.value)}"
            label = ""
        if source:
            yield f"  {'':<12} from {_short(source)}"


def _short(text: str) -> str:
    """Return the beginning of a text that has several lines; the other forms have it whole."""
    first, *rest = text.split("\n")
    return f"{first} ... ({len(rest)} more lines)" if rest else text


def _changes(told: Explanation) -> Iterator[str]:
    if told.now is None or told.next.container is None:
        return
    if told.changes:
        what = ", ".join(told.changes)
        yield from wrapped(f"  It differs from what runs now in: {what}. Its pods are replaced.")
    else:
        yield from wrapped("  Image, command, arguments and variables are as they run now.")


def _hanging(label: str, text: str) -> list[str]:
    """Return the text in pieces of 80 columns, all of them beside the label."""
    room = 80 - len(label)
    pieces = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    return [f"{label if not at else '':<{len(label)}}{piece}" for at, piece in enumerate(pieces)]


def _contenders(told: Explanation) -> Iterator[str]:
    if not told.contenders:
        return
    yield from ("", "Runtimes that were looked at:")
    for contender in told.contenders:
        yield from wrapped(f"  {contender.runtime}: {contender.lost or 'taken'}")
