"""What is found about services that are pinned to runtimes of their own: who cannot be, and why."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.planning.change.checks_copies import (
    in_framework_form,
    left_alone,
    pinned_over,
    served_alike,
)
from migrate.planning.change.checks_placing import refused_runtimes
from migrate.planning.change.pinning import Pinning
from migrate.planning.model import codes
from migrate.planning.model.desired import Options
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding
from migrate.planning.model.strategy import CONVERT_FIRST
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot

LEAVE_OUT = "leave them out: --exclude NAMESPACE/NAME"
CHANGE = f"change that in the ClusterServingRuntime; or {LEAVE_OUT}"


def findings_of(
    snapshot: Snapshot, now: World, found: Pinning, options: Options
) -> Iterator[Finding]:
    """Yield what is found about the copies and the pins."""
    yield from _not_ours(found)
    yield from _refused(found)
    yield from _framework(now, options)
    yield from _differing(found)
    yield from _taken(found)
    yield from refused_runtimes(snapshot, found.planned, found.copies.values(), CHANGE)
    yield from served_alike(found.planned, found.pins, found.copies, str(snapshot.release))
    yield from pinned_over(found.planned, found.kept)
    yield from _left_alone(now, found)
    yield from _lasting(found)


def _not_ours(found: Pinning) -> Iterator[Finding]:
    if found.foreign:
        services = [ref for users in found.foreign.values() for ref in users]
        names = ", ".join(sorted({str(ref) for ref in found.foreign}))
        text = f"they use, or would get, a ServingRuntime that kmigrate did not make: {names}"
        yield finding(codes.NOT_OURS, text, f"set the image in it; or {LEAVE_OUT}", services)


def _refused(found: Pinning) -> Iterator[Finding]:
    for reason, services in found.refused.items():
        yield finding(codes.NOT_PINNED, f"cannot be pinned: {reason}", LEAVE_OUT, services)


def _framework(now: World, options: Options) -> Iterator[Finding]:
    """Find who is in the framework form: a pin would convert it, and that is no way back."""
    services = in_framework_form(now, options)
    if services:
        text = (
            "cannot be pinned: they are in the framework form, which any write converts to the "
            "model form"
        )
        fix = f"{CONVERT_FIRST}, then plan again; or {LEAVE_OUT}"
        yield finding(codes.NOT_PINNED, text, fix, services)


def _differing(found: Pinning) -> Iterator[Finding]:
    for fields, services in found.differing.items():
        text = f"a runtime of another name does not give them the same pods: {fields}"
        fix = f"--scope namespace keeps the name; or {LEAVE_OUT}"
        yield finding(codes.LOST_NAME, text, fix, services)


def _taken(found: Pinning) -> Iterator[Finding]:
    for one in found.taken:
        text = f"uses {one.before or 'none that can be told'} and would get {one.after or 'none'}"
        yield finding(codes.TAKEN, f"{text}, though nobody asked", LEAVE_OUT, [one.service])


def _left_alone(now: World, found: Pinning) -> Iterator[Finding]:
    """Find who is pinned and does not act on it: its controller leaves it alone for now."""
    for reason, services in left_alone(now, found.pins).items():
        text = f"{reason}; they are pinned, and get the copy when they are reconciled again"
        yield finding(codes.NO_AUTO_UPDATE, text, objects=services)


def _lasting(found: Pinning) -> Iterator[Finding]:
    for what, services in found.lasting.items():
        text = f"KServe's webhook adds to them at any write, and a rollback leaves it: {what}"
        yield finding(codes.WRITE_ADDS, text, objects=services)
