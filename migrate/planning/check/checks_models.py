"""Checks of the services that a plan moves, or should have moved."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.objects import ObjectRef, count
from migrate.planning.model import codes
from migrate.planning.model.desired import Options
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding, Outlook
from migrate.planning.model.strategy import Strategy
from migrate.planning.stock.loading import breaks
from migrate.planning.stock.mirrors import prefix_of
from migrate.planning.world.case import Case


def unasked(case: Case, _options: Options) -> Iterator[Finding]:
    """Find who moves by the plan though nothing was asked for its format."""
    asked: dict[ObjectRef, set[str]] = {}
    for target in case.targets:
        asked.setdefault(target.runtime, set()).add(target.desired.format)
    for runtime, formats in asked.items():
        users = [r for r in case.having(Outlook.CHANGES) if case.is_on(r, runtime)]
        others = [r.service for r in users if case.format_of(r.service) not in formats]
        if others and "" not in formats:
            text = f"{runtime} serves more than {', '.join(sorted(formats))}: they move as well"
            fix = f"--set runtime/{runtime.name}=IMAGE asks for all of them"
            yield finding(codes.UNASKED, text, fix, others)


def hidden(case: Case, options: Options) -> Iterator[Finding]:
    """Find who keeps what it has, since a runtime of its namespace has the same name."""
    is_global = options.strategy is Strategy.IN_PLACE
    names = {target.runtime.name for target in case.targets} if is_global else set()
    used = ((row.runtime_after_plan, row.service) for row in case.rows)
    own = [(runtime.name, ref) for runtime, ref in used if runtime and runtime.namespace]
    for name in sorted(names):
        kept = [ref for called, ref in own if called == name]
        if kept:
            text = f"a ServingRuntime {name} of their namespace hides the one of the cluster"
            yield finding(codes.HIDDEN, f"{text}: they keep what it has", objects=kept)


def loading(case: Case, _options: Options) -> Iterator[Finding]:
    """Find models that may not load in the image that the plan gives them."""
    found: dict[tuple[str, str], list[ObjectRef]] = {}
    for row in case.having(Outlook.CHANGES):
        before, after = row.now or row.after_reconcile or "", row.after_plan or ""
        for one in breaks(before, after, case.format_of(row.service)):
            found.setdefault((one.text, one.source), []).append(row.service)
    for (text, source), services in found.items():
        told = f"{text} (source: {source})"
        yield finding(codes.MAY_NOT_LOAD, told, "try one model first", services)


def mirrored(case: Case, _options: Options) -> Iterator[Finding]:
    """Find a registry of its own that a distribution takes the release's images from."""
    found = [row for row in case.images if row.is_stock and prefix_of(row)]
    if found:
        prefix = prefix_of(found[0])
        text = f"{len(found)} images are the release's own, below {prefix}: taken for stock"
        yield finding(codes.MIRROR, text)


def too_many(case: Case, options: Options) -> Iterator[Finding]:
    """Find that more services restart, or in more namespaces, than was allowed."""
    moving = [row.service for row in case.rows if row.restarts]
    places = len({ref.namespace for ref in moving})
    for flag, limit, found, what in (
        ("--max-restarts", options.max_restarts, len(moving), "InferenceService"),
        ("--max-namespaces", options.max_namespaces, places, "namespace"),
    ):
        if options.asks and limit is not None and found > limit:
            yield finding(
                codes.TOO_MANY, f"{count(found, what)} would be hit, {flag} allows {limit}"
            )
