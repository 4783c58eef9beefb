"""Who is meant to be reached: a selection of InferenceServices.

It never changes what is read, resolved or checked. Who would move though not selected is a
finding, and the others are left out of what people read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

import msgspec

from migrate.errors import UsageError
from migrate.kserve.labels import is_selected, parse_selector
from migrate.kserve.services import InferenceService, format_of
from migrate.objects import ObjectRef
from migrate.planning.model.desired import Selection
from migrate.planning.model.plan import Finding, Forecast


def checked(selection: Selection) -> Selection:
    """Return the selection in a fixed order. Raise UsageError where a part cannot be meant."""
    parse_selector(selection.selector)
    for pattern in selection.exclude:
        if not all(pattern.split("/")) or pattern.count("/") > 1:
            raise UsageError(f"--exclude {pattern}: expected NAMESPACE or NAMESPACE/NAME")
    lists = ("namespaces", "formats", "runtimes", "exclude")
    ordered = {name: tuple(sorted(set(getattr(selection, name)))) for name in lists}
    return msgspec.structs.replace(selection, **ordered)


def marked(
    rows: Iterable[Forecast],
    selection: Selection,
    service_of: Callable[[ObjectRef], InferenceService],
) -> tuple[Forecast, ...]:
    """Return the rows with a mark on those that are not selected."""
    if selection == Selection():
        return tuple(rows)
    is_meant = meant(selection, service_of)
    return tuple(
        row if is_meant(row.service, row.runtime) else msgspec.structs.replace(row, outside=True)
        for row in rows
    )


def meant(
    selection: Selection, service_of: Callable[[ObjectRef], InferenceService]
) -> Callable[[ObjectRef, ObjectRef | None], bool]:
    """Return what tells whether a service is selected; its runtime without the plan is given."""
    requirements = parse_selector(selection.selector)
    looks_inside = bool(requirements or selection.formats)

    def is_meant(ref: ObjectRef, runtime: ObjectRef | None) -> bool:
        if not _is_placed(ref, selection) or not _is_on(runtime, selection):
            return False
        return not looks_inside or _is_like(service_of(ref))

    def _is_like(service: InferenceService) -> bool:
        formats = selection.formats or (format_of(service),)
        labels = service.metadata.labels or {}
        return format_of(service) in formats and is_selected(labels, requirements)

    return is_meant


def _is_placed(ref: ObjectRef, selection: Selection) -> bool:
    if selection.namespaces and ref.namespace not in selection.namespaces:
        return False
    return not any(is_excluded(ref, pattern) for pattern in selection.exclude)


def is_excluded(ref: ObjectRef, pattern: str) -> bool:
    """Tell whether NAMESPACE or NAMESPACE/NAME, which may be patterns, means a service."""
    name = f"{ref.namespace}/{ref.name}" if "/" in pattern else ref.namespace
    return fnmatchcase(name, pattern)


def _is_on(runtime: ObjectRef | None, selection: Selection) -> bool:
    """Tell whether one of the runtimes decides about it, without the plan."""
    name = runtime.name if runtime else ""
    return not selection.runtimes or name in selection.runtimes


def narrowed(findings: Iterable[Finding], rows: Sequence[Forecast]) -> Iterator[Finding]:
    """Yield the findings without the services that are not selected; those about none stay."""
    outside = {row.service for row in rows if row.outside}
    for found in findings:
        kept = tuple(ref for ref in found.objects if ref not in outside)
        if kept or not found.objects:
            yield msgspec.structs.replace(found, objects=kept)
