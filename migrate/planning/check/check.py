"""A check of a cluster: every finding about what KServe does with what is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from migrate.errors import UsageError
from migrate.objects import ObjectRef
from migrate.planning.check.lint_installed import INSTALLED
from migrate.planning.check.lint_runtimes import RUNTIMES
from migrate.planning.check.lint_services import SERVICES, time_bombs
from migrate.planning.check.lint_writes import WRITES
from migrate.planning.check.way import Step
from migrate.planning.check.waycheck import StepCheck, known_release, step_checks, without_told
from migrate.planning.model.codes import SEVERITY
from migrate.planning.model.plan import Finding, Severity
from migrate.planning.world.forecast import configured
from migrate.planning.world.scene import Scene
from migrate.planning.world.snapshot import Snapshot


class Check(msgspec.Struct, frozen=True, rename="camel"):
    """What a check found, the worst first; ``target`` is the release asked about, if another.

    ``steps`` are those of the way there, and ``findings`` tell what is wrong at its end.
    """

    release: str
    target: str
    services: int
    runtimes: int
    findings: tuple[Finding, ...]
    steps: tuple[StepCheck, ...] = ()

    def count(self, severity: Severity) -> int:
        """Return how many findings have this severity."""
        return sum(found.severity is severity for found in self.everything)

    @property
    def everything(self) -> tuple[Finding, ...]:
        """All findings; those of a step say so."""
        told = (_at(step, one) for step in self.steps for one in step.findings)
        return (*told, *self.findings)


def _at(step: StepCheck, one: Finding) -> Finding:
    return msgspec.structs.replace(one, text=f"{step.name}: {one.text}")


def check(
    snapshot: Snapshot, way: Sequence[Step], namespace: str, suppressed: Sequence[str]
) -> Check:
    """Look at a snapshot, as it is or at each step of an upgrade (``waycheck.way_of``).

    ``suppressed`` are CODE or CODE=NAMESPACE/NAME. Raise UsageError for a code that does not
    exist, BlockedError where the release that runs is not known, or the ConfigMap cannot be read.
    """
    refuse_unknown(suppressed)
    scene = _scene(snapshot, way, namespace)
    every = (*INSTALLED, *RUNTIMES, *SERVICES, *WRITES)
    lints = (lint for lint in every if not (way and lint is time_bombs))
    checks = tuple(step_checks(way, namespace))
    found = without_told((one for lint in lints for one in lint(scene)), checks)
    return Check(
        str(snapshot.release),
        str(way[-1].target) if way else "",
        len(scene.resolved),
        len(scene.runtimes),
        _kept(found, suppressed),
        tuple(
            msgspec.structs.replace(one, findings=_kept(one.findings, suppressed)) for one in checks
        ),
    )


def _kept(found: Iterable[Finding], suppressed: Sequence[str]) -> tuple[Finding, ...]:
    kept = [one for each in found if (one := _less(each, frozenset(suppressed))) is not None]
    order = list(Severity)
    return tuple(sorted(kept, key=lambda f: (order.index(f.severity), f.code, f.text)))


def _scene(snapshot: Snapshot, way: Sequence[Step], namespace: str) -> Scene:
    if way:
        return Scene(way[-1].snapshots[1], way[-1].worlds[1], way[-1].target, namespace)
    release, rules = known_release(snapshot)
    return Scene(snapshot, configured(snapshot, rules), release, namespace)


def refuse_unknown(suppressed: Iterable[str]) -> None:
    """Raise UsageError for a code that does not exist."""
    for text in suppressed:
        code, has_object, name = text.partition("=")
        if code not in SEVERITY or (has_object and not name):
            raise UsageError(
                f"--suppress {text}: expected CODE or CODE=NAMESPACE/NAME",
                "docs/findings.md lists the codes",
            )


def _less(one: Finding, suppressed: frozenset[str]) -> Finding | None:
    if one.code in suppressed:
        return None
    kept = tuple(ref for ref in one.objects if f"{one.code}={_name(ref)}" not in suppressed)
    if one.objects and not kept:
        return None
    return msgspec.structs.replace(one, objects=kept)


def _name(ref: ObjectRef) -> str:
    return f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name
