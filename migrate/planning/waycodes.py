"""The codes of what is found about the steps of an upgrade (``findings.py`` has the others)."""

from __future__ import annotations

from migrate.planning.plan import Severity

LOST_OVERRIDE = "KM501"
LOST_EDIT = "KM502"
NO_IMAGE = "KM503"
BARE = "KM504"
SPOILT = "KM505"
OTHER_RUNTIME = "KM506"
PIN_BEHIND = "KM507"
REFUSED_FROM_HERE = "KM508"
OTHER_LIBRARY = "KM509"
RELEASED = "KM510"
OTHER_PODS = "KM511"
COPY_BEHIND = "KM512"
CHART_DROPS = "KM513"
OWNER_DECIDES = "KM514"

SEVERITY = {
    LOST_OVERRIDE: Severity.ERROR,
    LOST_EDIT: Severity.ERROR,
    NO_IMAGE: Severity.ERROR,
    BARE: Severity.ERROR,
    SPOILT: Severity.ERROR,
    OTHER_RUNTIME: Severity.WARNING,
    PIN_BEHIND: Severity.WARNING,
    REFUSED_FROM_HERE: Severity.WARNING,
    OTHER_LIBRARY: Severity.WARNING,
    RELEASED: Severity.INFO,
    OTHER_PODS: Severity.INFO,
    COPY_BEHIND: Severity.INFO,
    CHART_DROPS: Severity.ERROR,
    OWNER_DECIDES: Severity.WARNING,
}
"""Every code and its severity."""
