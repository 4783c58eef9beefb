"""Who goes when: the waves of a move into runtimes, and the pauses between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.kserve import terms
from migrate.objects import ObjectRef
from migrate.operations.model import Direction, Restart, Wave
from migrate.planning.model.plan import Plan
from migrate.report.lines import Screen, cut, names, wrapped

NAMED = 3
"""How many services of each wave are named on a terminal."""
_UNITS = ((3600, "h"), (60, "m"), (1, "s"))


def wave_lines(plan: Plan, screen: Screen) -> Iterator[str]:
    """Yield the services of each wave, where there are several."""
    waves = [wave for wave in plan.waves(Direction.APPLY) if services_of(wave)]
    if not plan.makes_runtimes or len(waves) == 1:
        return
    some, rest = cut(list(enumerate(waves, 1)), screen, "more waves")
    if some:
        yield from ("", "  In waves, each when the one before is done:")
    for number, wave in some:
        services = services_of(wave)
        pause = f"pause {spelled(wave.pause)}; " if wave.pause else ""
        canary = " (canary)" if _are_canaries(services, plan) else ""
        shown = names(services, NAMED if screen.is_brief else None)
        yield from wrapped(f"    {pause}wave {number}{canary}: {shown}")
    yield from rest


def services_of(wave: Wave) -> list[ObjectRef]:
    """Return the services that a wave pins, wakes or has converted."""
    written = (one.target for one in wave.operations)
    acts = (act.target for act in wave.activations if not isinstance(act, Restart))
    return [ref for ref in (*written, *acts) if ref.kind == terms.INFERENCE_SERVICE]


def _are_canaries(services: Sequence[ObjectRef], plan: Plan) -> bool:
    return all(f"{ref.namespace}/{ref.name}" in plan.options.canary for ref in services)


def spelled(seconds: float) -> str:
    """Return a time as `--pause` takes it: ``1h30m``, ``0.5s``."""
    parts = []
    for unit, letter in _UNITS:
        number, seconds = (seconds // unit, seconds % unit) if unit > 1 else (seconds, 0)
        parts += [f"{number:g}{letter}"] if number else []
    return "".join(parts)
