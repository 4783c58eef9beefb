"""What `kmigrate apply -o json` and `kmigrate rollback -o json` write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from migrate.operations.model import Direction
from migrate.planning.plan import API_VERSION
from migrate.planning.proof import Result


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
