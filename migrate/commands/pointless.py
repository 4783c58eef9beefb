"""Flags that would have no effect beside the others: refused, so that nobody relies on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from migrate.errors import UsageError
from migrate.planning.model.desired import Activate, Options
from migrate.planning.model.exceptions import wishes
from migrate.planning.model.strategy import RESET

ASK = "give --set, -f, --to-runtimes, --reset-global or --target, too"
EACH = "--activate=each wakes wave by wave"


def refuse_pointless(options: Options) -> None:
    """Raise UsageError for the first flag that was given and has no effect."""
    for flag, why, hint in _found(options):
        raise UsageError(f"{flag}: {why}", hint)


def _found(options: Options) -> Iterator[tuple[str, str, str]]:
    if not options.asks:
        yield from ((flag, "no change is asked for", ASK) for flag in _given(_OF_CHANGES, options))
    wanted = (wish for image in options.images for wish in wishes(image))
    if options.repin and not any(wish.image for wish in wanted):
        yield "--repin", "pins move with a wanted image, and none is asked for", "leave it out"
    why = _no_waves(options)
    if why:
        yield from ((flag, why, EACH) for flag in _given(_OF_WAVES, options))


_OF_WAVES = {"--wave-size": "wave_size", "--pause": "pause"}
_OF_CHANGES = {
    "--repin": "repin",
    "--activate": "activate",
    **_OF_WAVES,
    "--take-ownership": "take_ownership",
    "--max-restarts": "max_restarts",
    "--max-namespaces": "max_namespaces",
}
"""Flags by the fields that they set."""


def _given(flags: Mapping[str, str], options: Options) -> Iterator[str]:
    empty = Options()
    return (flag for flag, name in flags.items() if getattr(options, name) != getattr(empty, name))


def _no_waves(options: Options) -> str:
    """Say why nobody is woken wave by wave; empty where somebody may be."""
    if options.activate in (Activate.RESTART, Activate.NONE):
        return f"with --activate={options.activate.value} there are no waves"
    if options.resets and options.activate is not Activate.EACH:
        return f"{RESET} wakes nobody, so there are no waves"
    return ""
