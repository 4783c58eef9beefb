"""What a check finds on the way of an upgrade: step by step, and nothing twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import msgspec

from migrate.errors import BlockedError
from migrate.kserve.releases import Release
from migrate.kserve.rules import Rules
from migrate.objects import ObjectRef
from migrate.planning.check.lint_services import time_bombs
from migrate.planning.check.way import Step, steps
from migrate.planning.check.waychanges import Why
from migrate.planning.check.wayfindings import service_findings
from migrate.planning.check.wayowners import manifest_findings, owner_findings
from migrate.planning.check.wayruntimes import runtime_findings
from migrate.planning.check.wayworkloads import left_behind
from migrate.planning.model import codes
from migrate.planning.model.plan import Finding
from migrate.planning.world.forecast import configured
from migrate.planning.world.scene import Scene
from migrate.planning.world.snapshot import Snapshot


class StepCheck(msgspec.Struct, frozen=True, rename="camel"):
    """What was found about one step.

    Of its ``services`` so many get another image (``other_image``), and so many have none that
    they had before (``without``).
    """

    origin: str
    target: str
    services: int
    other_image: int
    without: int
    findings: tuple[Finding, ...]

    @property
    def name(self) -> str:
        """The step as people call it."""
        return f"{self.origin} to {self.target}"

    @property
    def is_quiet(self) -> bool:
        """Tell whether there is nothing to tell; findings may have been left out."""
        return not (self.findings or self.other_image or self.without)


def way_of(
    snapshot: Snapshot, target: Release, via: Sequence[Release] = (), *, direct: bool = False
) -> tuple[Step, ...]:
    """Return the way to a release; see ``way.steps``. Raise UsageError and BlockedError."""
    now = configured(snapshot, known_release(snapshot)[1])
    return steps(snapshot, now, target, via, direct=direct)


def known_release(snapshot: Snapshot) -> tuple[Release, Rules]:
    """Return the release that runs, and its rules. Raise BlockedError where it is not known."""
    if snapshot.release is None or snapshot.rules is None:
        raise BlockedError(
            "the release of KServe is not known: found "
            f"{snapshot.release or 'nothing that tells it'}",
            "give --kserve-version X.Y.Z",
        )
    return snapshot.release, snapshot.rules


def step_checks(way: Sequence[Step], namespace: str) -> Iterator[StepCheck]:
    """Yield what is found about each step; the first also tells what is pending before it."""
    for number, step in enumerate(way):
        first = _pending(step, namespace) if number == 0 else ()
        every = (service_findings, runtime_findings, left_behind, manifest_findings)
        found = [*first, *(one for tells in every for one in tells(step, namespace))]
        groups = step.within(namespace).items()
        yield StepCheck(
            str(step.origin),
            str(step.target),
            sum(len(refs) for _, refs in groups),
            sum(len(refs) for change, refs in groups if change.is_other_image),
            sum(len(refs) for change, refs in groups if change.why is Why.NO_IMAGE),
            tuple(found),
        )


def _pending(step: Step, namespace: str) -> Iterator[Finding]:
    """Yield who gets another image by the restart alone, and who owns what is replaced."""
    now = Scene(step.snapshots[0], step.worlds[0], step.origin, namespace)
    yield from time_bombs(now)
    yield from owner_findings(step)


def without_told(found: Iterable[Finding], checks: Iterable[StepCheck]) -> Iterator[Finding]:
    """Yield the findings about the last release without the objects that a step told of already."""
    told: dict[str, set[ObjectRef]] = {}
    for one in chain.from_iterable(each.findings for each in checks):
        told.setdefault(one.code, set()).update(one.objects)
    for one in found:
        known = set().union(*(told.get(code, ()) for code in _SAME.get(one.code, ())))
        kept = tuple(ref for ref in one.objects if ref not in known)
        if kept or not one.objects:
            yield msgspec.structs.replace(one, objects=kept)


_SAME = {
    codes.NO_RUNTIME: (codes.NO_IMAGE,),
    codes.FAILING: (codes.NO_IMAGE, codes.SPOILT),
    codes.MANGLED: (codes.SPOILT,),
    codes.CANNOT_TELL: (codes.CANNOT_TELL,),
    codes.PIN_OVER_RUNTIME: (codes.PIN_BEHIND,),
    codes.EQUAL_PRIORITY: (codes.REFUSED_FROM_HERE,),
    codes.LOST_DEFAULTS: (codes.LOST_DEFAULTS,),
    codes.STALE_MODE: (codes.STALE_MODE,),
}
"""The codes of a step that say of an object what a code of the last release would say again."""
