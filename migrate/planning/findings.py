"""The findings that a plan can have: a stable code, what it means, how bad it is.

docs/findings.md has a section for each; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from migrate.credentials import hidden_urls
from migrate.errors import UsageError
from migrate.objects import ObjectRef, printable
from migrate.planning.plan import Finding, Severity

UNKNOWN_RELEASE = "KM102"
NO_CONTROLLER = "KM103"
UNCERTAIN_RELEASE = "KM104"
MIRROR = "KM105"
OWNED = "KM106"
NO_CLUSTER_RUNTIMES = "KM107"
UNREAD_PART = "KM110"
BROKEN_PART = "KM111"
PINNED = "KM201"
CHANGES_ANYWAY = "KM202"
CANNOT_TELL = "KM203"
GPU_SEPARATE = "KM204"
RUNTIMES_DECIDE = "KM205"
UNASKED = "KM206"
UNUSED = "KM207"
EXPLICIT = "KM208"
BROKEN_SERVICE = "KM209"
HIDDEN = "KM210"
MAY_NOT_LOAD = "KM211"
TOO_MANY = "KM212"
EXEMPT = "KM213"
BEYOND_PREDICTORS = "KM214"
OUTSIDE = "KM215"
NOBODY = "KM216"
BREAKS = "KM217"
CAPACITY = "KM220"
ASLEEP = "KM221"
INTERRUPTED = "KM222"
BUDGET = "KM223"
NOT_OURS = "KM230"
TAKEN = "KM231"
REFUSED_RUNTIME = "KM232"
ARMED = "KM233"
FRAMEWORK_FORM = "KM234"
KEEPS_PLACE = "KM235"
STILL_ASLEEP = "KM236"
CONVERTED = "KM240"
CHANGED_BY_CONVERSION = "KM241"
NOT_CONVERTIBLE = "KM242"
NOT_ASKED = "KM243"
CONVERTED_OTHERWISE = "KM244"
FORESEEN = "KM245"
NOT_PINNED = "KM250"
LOST_NAME = "KM251"
WRITE_ADDS = "KM252"
STILL_USED = "KM260"
TOMORROW = "KM261"
BY_ITSELF = "KM262"
NO_STOCK = "KM263"
TERMINATING = "KM270"
QUOTA = "KM271"
PRUNED = "KM272"
PULL_SECRETS = "KM273"
FOR_UPGRADE = "KM280"
AFTER_UPGRADE = "KM281"
BREAKS_AFTER_UPGRADE = "KM282"
ONCE_WRITTEN = "KM283"
SHIPS_NO_IMAGES = "KM284"
SERVED_AS_MODEL = "KM401"
MANGLED = "KM402"
PIN_OVER_RUNTIME = "KM403"
EQUAL_PRIORITY = "KM404"
CAPTURED = "KM405"
NO_RUNTIME = "KM406"
UNUSED_RUNTIME = "KM407"
LOST_DEFAULTS = "KM408"
NO_AUTO_UPDATE = "KM409"
CREDENTIAL = "KM410"
UNCONVERTED = "KM411"
PYTHONPATH = "KM412"
BAD_RUNTIME = "KM413"
FAILING = "KM414"
LEFT_OVER = "KM415"
STALE_MODE = "KM416"
REFUSED_WRITE = "KM417"
SUFFIXED = "KM418"
NEW_SERVICES = "KM301"
NOT_AS_BEFORE = "KM302"
KEPT = "KM303"
CONVERTED_STAYS = "KM304"
FORCED = "KM305"
FORMER_SOURCES = "KM530"
LOST = "KM531"
NOT_BACK = "KM532"
KEEPS_OTHER = "KM533"
MOVED_STOCK = "KM534"
AMBIGUOUS = "KM535"
FORMER_GAP = "KM536"
NEVER_RAN = "KM537"
GONE_OR_NEW = "KM538"
NO_IMAGE_UNTIL_WRITTEN = "KM539"
OTHER_CLUSTER = "KM540"
INFERRED = "KM541"

SEVERITY = {
    UNKNOWN_RELEASE: Severity.ERROR,
    NO_CONTROLLER: Severity.ERROR,
    UNCERTAIN_RELEASE: Severity.ERROR,
    MIRROR: Severity.INFO,
    OWNED: Severity.ERROR,
    NO_CLUSTER_RUNTIMES: Severity.WARNING,
    UNREAD_PART: Severity.WARNING,
    BROKEN_PART: Severity.ERROR,
    PINNED: Severity.ERROR,
    CHANGES_ANYWAY: Severity.WARNING,
    CANNOT_TELL: Severity.WARNING,
    GPU_SEPARATE: Severity.WARNING,
    RUNTIMES_DECIDE: Severity.INFO,
    UNASKED: Severity.ERROR,
    UNUSED: Severity.INFO,
    EXPLICIT: Severity.INFO,
    BROKEN_SERVICE: Severity.WARNING,
    HIDDEN: Severity.WARNING,
    MAY_NOT_LOAD: Severity.WARNING,
    TOO_MANY: Severity.ERROR,
    EXEMPT: Severity.ERROR,
    BEYOND_PREDICTORS: Severity.ERROR,
    OUTSIDE: Severity.ERROR,
    NOBODY: Severity.WARNING,
    BREAKS: Severity.ERROR,
    CAPACITY: Severity.INFO,
    ASLEEP: Severity.INFO,
    INTERRUPTED: Severity.WARNING,
    BUDGET: Severity.WARNING,
    NOT_OURS: Severity.ERROR,
    TAKEN: Severity.ERROR,
    REFUSED_RUNTIME: Severity.ERROR,
    ARMED: Severity.WARNING,
    FRAMEWORK_FORM: Severity.WARNING,
    KEEPS_PLACE: Severity.INFO,
    STILL_ASLEEP: Severity.INFO,
    CONVERTED: Severity.WARNING,
    CHANGED_BY_CONVERSION: Severity.WARNING,
    NOT_CONVERTIBLE: Severity.ERROR,
    NOT_ASKED: Severity.INFO,
    CONVERTED_OTHERWISE: Severity.ERROR,
    FORESEEN: Severity.WARNING,
    NOT_PINNED: Severity.ERROR,
    LOST_NAME: Severity.ERROR,
    WRITE_ADDS: Severity.INFO,
    STILL_USED: Severity.ERROR,
    TOMORROW: Severity.INFO,
    BY_ITSELF: Severity.INFO,
    NO_STOCK: Severity.ERROR,
    TERMINATING: Severity.ERROR,
    QUOTA: Severity.ERROR,
    PRUNED: Severity.ERROR,
    PULL_SECRETS: Severity.INFO,
    FOR_UPGRADE: Severity.INFO,
    AFTER_UPGRADE: Severity.WARNING,
    BREAKS_AFTER_UPGRADE: Severity.ERROR,
    ONCE_WRITTEN: Severity.WARNING,
    SHIPS_NO_IMAGES: Severity.WARNING,
    SERVED_AS_MODEL: Severity.ERROR,
    MANGLED: Severity.ERROR,
    PIN_OVER_RUNTIME: Severity.WARNING,
    EQUAL_PRIORITY: Severity.WARNING,
    CAPTURED: Severity.WARNING,
    NO_RUNTIME: Severity.ERROR,
    UNUSED_RUNTIME: Severity.INFO,
    LOST_DEFAULTS: Severity.ERROR,
    NO_AUTO_UPDATE: Severity.INFO,
    CREDENTIAL: Severity.WARNING,
    UNCONVERTED: Severity.WARNING,
    PYTHONPATH: Severity.WARNING,
    BAD_RUNTIME: Severity.WARNING,
    FAILING: Severity.ERROR,
    LEFT_OVER: Severity.WARNING,
    STALE_MODE: Severity.ERROR,
    REFUSED_WRITE: Severity.WARNING,
    SUFFIXED: Severity.WARNING,
    NEW_SERVICES: Severity.WARNING,
    NOT_AS_BEFORE: Severity.WARNING,
    KEPT: Severity.WARNING,
    CONVERTED_STAYS: Severity.WARNING,
    FORCED: Severity.WARNING,
    FORMER_SOURCES: Severity.INFO,
    LOST: Severity.INFO,
    NOT_BACK: Severity.WARNING,
    KEEPS_OTHER: Severity.WARNING,
    MOVED_STOCK: Severity.INFO,
    AMBIGUOUS: Severity.WARNING,
    FORMER_GAP: Severity.WARNING,
    NEVER_RAN: Severity.ERROR,
    GONE_OR_NEW: Severity.INFO,
    NO_IMAGE_UNTIL_WRITTEN: Severity.WARNING,
    OTHER_CLUSTER: Severity.WARNING,
    INFERRED: Severity.WARNING,
}
"""Every code and its severity."""

NEVER_ACCEPTED = frozenset(
    {UNKNOWN_RELEASE, NO_CONTROLLER, UNCERTAIN_RELEASE, TOO_MANY, TERMINATING, QUOTA, PRUNED}
)
"""Errors that no --accept takes away: nothing could be done right, or a limit was set."""


def finding(code: str, text: str, fix: str = "", objects: Iterable[ObjectRef] = ()) -> Finding:
    """Return a finding with the severity of its code, its objects in a fixed order."""
    ordered = tuple(sorted(objects, key=lambda ref: ref.place))
    return Finding(code, SEVERITY[code], _shown(text), _shown(fix), ordered)


def _shown(text: str) -> str:
    return hidden_urls(printable(text))


def as_warning(found: Finding) -> Finding:
    """Return the finding as one that is only to be read."""
    return msgspec.structs.replace(found, severity=Severity.WARNING)


def accept(findings: Iterable[Finding], accepted: Sequence[str]) -> tuple[Finding, ...]:
    """Mark what ``CODE`` or ``CODE=NAMESPACE/NAME`` accepts.

    A finding about several objects is accepted when each of them is. Raise UsageError for
    a code that does not exist or cannot be accepted.
    """
    for text in accepted:
        code = text.partition("=")[0]
        if code not in SEVERITY or code in NEVER_ACCEPTED:
            raise UsageError(
                f"--accept {text}: expected one of "
                + ", ".join(sorted(set(SEVERITY) - NEVER_ACCEPTED)),
                "docs/findings.md tells what each means",
            )
    return tuple(_accepted(f, frozenset(accepted)) for f in findings)


def _accepted(one: Finding, accepted: frozenset[str]) -> Finding:
    names = {f"{one.code}={ref.namespace}/{ref.name}" for ref in one.objects}
    if one.code in accepted or (names and names <= accepted):
        return msgspec.structs.replace(one, accepted=True)
    return one
