"""What `kmigrate apply -o json` and `kmigrate rollback -o json` write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from migrate.objects import count
from migrate.operations.model import Direction
from migrate.planning.change.proof import Result
from migrate.planning.model.plan import API_VERSION
from migrate.report.lines import Screen, Tone, Toned, cut, fitted


class ResultRow(msgspec.Struct, frozen=True, rename="camel"):
    """One thing that was to be proven: whether it ``holds``, and why.

    ``subject`` is the object as people call it. ``changed`` is false for a service that was to
    stay as it is.
    """

    subject: str
    holds: bool
    text: str
    changed: bool


class RunResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The end of a run. ``run`` is its id, empty where there was nothing to do.

    ``whole`` tells whether everything was reached. In a dry run no controller acted, so no
    image was looked at.
    """

    api_version: Literal["kmigrate.dev/v1alpha1"] = API_VERSION
    kind: Literal["RunResult"] = "RunResult"
    direction: Direction
    run: str
    dry_run: bool
    whole: bool
    results: tuple[ResultRow, ...]


def rows_of(results: Sequence[Result]) -> tuple[ResultRow, ...]:
    """Return the results as they are written."""
    return tuple(ResultRow(str(r.subject), r.holds, r.text, r.changed) for r in results)


def result_lines(results: Sequence[Result], screen: Screen) -> Iterator[str]:
    """Yield what was not reached last: it must not scroll away, and no list is cut of it."""
    bad = [result for result in results if not result.holds]
    good = [result for result in results if result.holds and result.changed]
    if others := len(results) - len(bad) - len(good):
        services = count(others, "other InferenceService")
        yield f"ok  {services}: same image as before, when last looked at"
    some, rest = cut(good, screen, "more, all ok")
    for result in some:
        yield from fitted(f"ok  {result.subject}: {result.text}", screen)
    yield from rest
    for result in bad:
        line = Toned(f"NOT OK  {result.subject}: {result.text}", Tone.ERROR)
        yield from fitted(line, screen)
