"""The flags that say where a change is made, and in which steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from migrate.errors import UsageError
from migrate.kserve.releases import ReleaseFormatError, parse_release
from migrate.planning.model.strategy import CONVERT_FIRST, RESET, TARGET, Scope, Strategy

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?", re.ASCII)
_SECONDS = (3600.0, 60.0, 1.0)
TO_RUNTIMES = "--to-runtimes"
HELP = "kmigrate plan --help"


def chosen(
    *,
    reset_global: bool,
    to_runtimes: bool,
    convert: bool,
    scope: str,
    wave_size: int | None,
    pause: str,
    canary: Sequence[str],
    max_unavailable: int | None,
    target: str = "",
) -> dict[str, Any]:
    """Return the fields of Options that the flags ask for. Raise UsageError where they clash."""
    for flag, given in (("--canary", canary), ("--max-unavailable", max_unavailable)):
        if given and not to_runtimes:
            raise UsageError(f"{flag}: only with {TO_RUNTIMES} --scope service", HELP)
        if given and scope != Scope.SERVICE:
            raise UsageError(
                f"{flag}: a runtime of scope {Scope.NAMESPACE} is for all of its namespace; any "
                "reconcile moves a service as soon as it is there, so nobody can be held back",
                "--scope service; else --wave-size and --pause go namespace by namespace",
            )
    for flag, given in (("--scope", scope), ("--convert", convert)):
        if given and not to_runtimes:
            raise UsageError(f"{flag}: only with {TO_RUNTIMES}", HELP)
    if convert and scope == Scope.SERVICE:
        raise UsageError(
            f"--convert does not go with --scope {scope}: a conversion needs copies that keep the "
            "names of the runtimes",
            f"{CONVERT_FIRST}; then plan --scope {scope} again",
        )
    known = {each.value: each for each in Scope}
    if scope and scope not in known:
        raise UsageError(f"--scope {scope}: expected {' or '.join(known)}")
    return {
        "strategy": _strategy(to_runtimes=to_runtimes, reset_global=reset_global, target=target),
        "convert": convert,
        "scope": known.get(scope, Scope.NAMESPACE),
        "wave_size": wave_size,
        "pause": duration(pause, "--pause"),
        "canary": tuple(canary),
        "max_unavailable": max_unavailable,
        "target": _release(target),
    }


def _release(text: str) -> str | UnsetType:
    try:
        return str(parse_release(text)) if text else UNSET
    except ReleaseFormatError as error:
        raise UsageError(f"{TARGET} {error}") from error


def _strategy(*, to_runtimes: bool, reset_global: bool, target: str) -> Strategy:
    if to_runtimes and reset_global:
        raise UsageError(
            f"{TO_RUNTIMES} and {RESET} are plans of their own",
            f"{TO_RUNTIMES} first; {RESET} once every service has moved",
        )
    if target and reset_global:
        raise UsageError(
            f"{TARGET} and {RESET} are plans of their own",
            f"{TARGET} holds what runs now; {RESET} once no service depends on it",
        )
    if reset_global:
        return Strategy.RESET_GLOBAL
    if to_runtimes:
        return Strategy.TO_RUNTIMES
    return Strategy.HOLD if target else Strategy.IN_PLACE


def duration(text: str, flag: str) -> float:
    """Return the seconds of a duration such as ``90s``, ``5m`` or ``1h30m``; 0 for no text.

    Raise UsageError where it is none.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise UsageError(f"{flag} {text}: expected a duration such as 90s, 5m or 1h30m")
    return sum(float(part or 0) * unit for part, unit in zip(found.groups(), _SECONDS, strict=True))
