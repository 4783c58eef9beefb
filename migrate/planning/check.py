"""A check of a cluster: every finding about what KServe does with what is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from migrate.errors import BlockedError, UsageError
from migrate.kserve.releases import Release
from migrate.kserve.stock import with_stock
from migrate.kserve.table import is_known, rules_for
from migrate.objects import ObjectRef
from migrate.planning.findings import SEVERITY
from migrate.planning.forecast import configured
from migrate.planning.lint_installed import INSTALLED
from migrate.planning.lint_runtimes import RUNTIMES
from migrate.planning.lint_services import SERVICES
from migrate.planning.lint_writes import WRITES
from migrate.planning.plan import Finding, Severity
from migrate.planning.scene import Scene
from migrate.planning.snapshot import Snapshot


class Check(msgspec.Struct, frozen=True, rename="camel"):
    """What a check found, the worst first; ``target`` is the release asked about, if another."""

    release: str
    target: str
    services: int
    runtimes: int
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """Return how many findings have this severity."""
        return sum(found.severity is severity for found in self.findings)


def check(
    snapshot: Snapshot, target: Release | None, namespace: str, suppressed: Sequence[str]
) -> Check:
    """Look at a snapshot, as it is or as if ``target`` were installed over it.

    ``suppressed`` are CODE or CODE=NAMESPACE/NAME. Raise UsageError for a code or a release
    that does not exist, BlockedError where the release that runs is not known, or the
    ConfigMap cannot be read.
    """
    refuse_unknown(suppressed)
    scene = _scene(snapshot, target, namespace)
    found = [one for lint in (*INSTALLED, *RUNTIMES, *SERVICES, *WRITES) for one in lint(scene)]
    kept = [one for each in found if (one := _less(each, frozenset(suppressed))) is not None]
    order = list(Severity)
    kept.sort(key=lambda f: (order.index(f.severity), f.code, f.text))
    return Check(
        str(snapshot.release),
        str(target or ""),
        len(scene.resolved),
        len(scene.runtimes),
        tuple(kept),
    )


def _scene(snapshot: Snapshot, target: Release | None, namespace: str) -> Scene:
    release = target or snapshot.release
    rules = rules_for(release) if release else None
    if target is not None and not is_known(target):
        raise UsageError(f"--target {target}: no release that is known", "0.7.0 to 0.20.0")
    if rules is None or release is None:
        raise BlockedError(
            f"the release of KServe is not known: found {release or 'nothing that tells it'}",
            "give --kserve-version X.Y.Z",
        )
    if target is not None and target != snapshot.release:
        runtimes = with_stock(snapshot.runtimes, str(target))
        snapshot = snapshot.under(runtimes)
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
