"""What is found about two controllers at once, and about what is of another release."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.errors import BlockedError
from migrate.kserve import terms
from migrate.kserve.installation import Installation, Manager, Part
from migrate.kserve.releases import detect
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding
from migrate.planning.world.snapshot import Snapshot


def doubled(snapshot: Snapshot) -> Iterator[Finding]:
    """Find that two controllers, or pods of two releases, act on the same objects."""
    found = snapshot.installation
    if found.is_double:
        refs = [one.workload for one in found.managers]
        text = f"two controllers run at once: {told(found)}"
        yield finding(codes.TWO_CONTROLLERS, text, way_out(found), refs)


def refuse_doubled(snapshot: Snapshot) -> None:
    """Raise BlockedError where two controllers run: which of them writes last, nobody knows."""
    for one in doubled(snapshot):
        raise BlockedError(f"{one.text}: which of them acts cannot be told", one.fix)


def told(found: Installation) -> str:
    """Return the controllers with their images' tags, for a person."""
    return " and ".join(f"{one.workload} ({', '.join(one.tags)})" for one in found.managers)


def way_out(found: Installation) -> str:
    """Return the command that ends the older one, or that waits until it has ended."""
    if len(found.managers) > 1:
        old = min(found.managers, key=_age).workload
        ends = f"kubectl scale {old.kind.lower()} -n {old.namespace} {old.name} --replicas=0"
        return f"{ends} ends the older one; where the upgrade is given up, end the newer one so"
    [one] = found.managers
    ref = one.workload
    return f"kubectl rollout status {ref.kind.lower()} -n {ref.namespace} {ref.name}, then again"


def _age(manager: Manager) -> tuple[bool, str, bool, bool]:
    """Put the oldest release first, before a Deployment the StatefulSet of 0.8 and before.

    Of two that are equal so far, the one that KServe did not name.
    """
    release, ref = detect(manager.images), manager.workload
    number = f"{release.minor:03}.{release.patch:03}" if release else ""
    is_named = ref.name in terms.CONTROLLER_NAMES
    return (release is None, number, ref.kind != terms.STATEFUL_SET, is_named)


def mixed(snapshot: Snapshot) -> Iterator[Finding]:
    """Find what is not of the release that runs."""
    for code, breaks in ((codes.MIXED, True), (codes.LAGS, False)):
        groups: dict[tuple[str, bool, str], list[Part]] = {}
        for part in snapshot.installation.parts:
            if part.breaks is breaks:
                groups.setdefault((part.of, part.is_newer, part.what.kind), []).append(part)
        for (of, is_newer, kind), parts in groups.items():
            found = "; ".join(dict.fromkeys(part.found for part in parts))
            text = f"of KServe {of}, and {snapshot.release} runs: {found}"
            fix = _cure(snapshot, kind, is_newer=is_newer)
            yield finding(code, text, fix, [part.what for part in parts])


def _cure(snapshot: Snapshot, kind: str, *, is_newer: bool) -> str:
    again = f"apply the manifests of KServe {snapshot.release} again"
    if kind == "ValidatingWebhookConfiguration":
        return f"kubectl delete it: KServe {snapshot.release} has none; or finish the upgrade"
    return (
        f"{again}, or {'finish the upgrade' if is_newer else 'go back to that one with all of it'}"
    )
