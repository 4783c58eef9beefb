"""The course that moves chosen services, and nobody else, to runtimes under names of their own."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.errors import UsageError
from migrate.objects import ObjectRef
from migrate.operations.model import Operation, Patch
from migrate.planning.change.checks_pinning import findings_of
from migrate.planning.change.pinning import Pinning, pinning
from migrate.planning.change.pinstages import Waves, pin_stages
from migrate.planning.model.desired import Options
from migrate.planning.model.fields import did_you_mean
from migrate.planning.model.targets import Target, targets_of
from migrate.planning.world.course import Course
from migrate.planning.world.forecast import World, between
from migrate.planning.world.snapshot import Snapshot

SHOWN = 10
"""How many names are told where one was not found."""


def to_own_runtimes(snapshot: Snapshot, now: World, options: Options) -> Course:
    """Return the course. Raise UsageError or BlockedError."""
    if options.activate is not None:
        raise UsageError(
            f"--activate={options.activate.value}: in scope service the write of a pin has its "
            "service reconciled at once",
            "leave it out; --wave-size and --max-unavailable say how many at one time",
        )
    targets = targets_of(options.for_runtimes, now.config)
    found = pinning(snapshot, now, options, targets)
    canaries = _canaries(found, options)
    others = [ref for ref in found.pins if ref not in canaries]
    operations = (*found.operations, *_pins(found, [*canaries, *others]))
    differing = between(now, found.planned)
    waves = Waves(snapshot, found.planned, operations, canaries, others, differing, options)
    return Course(
        operations,
        found.after,
        found.planned,
        lambda rows: pin_stages(waves, rows),
        {},
        _targets(found, targets),
        tuple(findings_of(snapshot, now, found, options)),
        found.sources,
        frozenset(found.copies),
        found.carried,
    )


def _canaries(found: Pinning, options: Options) -> list[ObjectRef]:
    """Return who goes first. Raise UsageError for one whom the plan does not pin."""
    known = {f"{ref.namespace}/{ref.name}": ref for ref in found.pins}
    for name in options.canary:
        if name not in known:
            raise UsageError(
                f"--canary {name}: expected NAMESPACE/NAME of a service that the plan pins"
                f"{did_you_mean(name, known)}; it pins {_few(list(known)) or 'none'}",
                "the same command with another --canary; without it the plan names all",
            )
    return [known[name] for name in dict.fromkeys(options.canary)]


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _pins(found: Pinning, services: Sequence[ObjectRef]) -> list[Operation]:
    pins = [found.pins[ref] for ref in services]
    return [
        Operation(pin.service, Patch(pin.edits), f"pin it to {pin.copy.name}")
        for pin in pins
        if pin.edits
    ]


def _targets(found: Pinning, targets: Sequence[Target]) -> tuple[Target, ...]:
    """Return what is wanted, of the copies where there are any: their services are to get it."""
    made: dict[ObjectRef, list[Target]] = {}
    for ref, wanted in found.carried.items():
        made.setdefault(found.copies[ref].source, []).extend(wanted)
    sources = dict.fromkeys(target.runtime for target in targets)
    idle = (target for target in targets if not made.get(target.runtime))
    return (*(one for source in sources for one in made.get(source, ())), *idle)
