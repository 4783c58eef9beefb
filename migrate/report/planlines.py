"""A plan as JSON Lines: the summary, then each image, service and finding on a line of its own.

Unlike the saved plan it has no writes in it, and so no values of the cluster's objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

from migrate.objects import canonical
from migrate.planning.back.summary import Summary, summarised
from migrate.planning.model.plan import API_VERSION, Finding, Forecast, ImageRow, Plan


class SummaryLine(
    Summary,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    rename="camel",
    tag_field="kind",
    tag="PlanSummary",
):
    """What the plan is for, and its numbers; the first line. ``target``: see ``Options``."""

    api_version: str = API_VERSION
    digest: str
    cluster_uid: str
    kserve_namespace: str
    release: str
    strategy: str
    target: str = ""


class ImageLine(ImageRow, frozen=True, rename="camel", tag_field="kind", tag="Image"):
    """An image that the global configuration sets."""


class ForecastLine(Forecast, frozen=True, rename="camel", tag_field="kind", tag="Forecast"):
    """What becomes of one InferenceService."""


class FindingLine(Finding, frozen=True, rename="camel", tag_field="kind", tag="Finding"):
    """What a check found."""


PlanLine: TypeAlias = SummaryLine | ImageLine | ForecastLine | FindingLine
"""A line; ``kind`` tells which. Pass over kinds that you do not know."""


def plan_json_lines(plan: Plan) -> Iterator[str]:
    """Yield the lines in this order: summary, images, services by name, findings."""
    head = {
        name: getattr(plan, name)
        for name in SummaryLine.__annotations__
        if name not in ("api_version", "target")
    }
    head["target"] = plan.target
    yield _line(SummaryLine(**head, **msgspec.structs.asdict(summarised(plan))))
    for kind, rows in (
        (ImageLine, plan.images),
        (ForecastLine, plan.forecast),
        (FindingLine, plan.findings),
    ):
        yield from (_line(kind(**msgspec.structs.asdict(row))) for row in rows)


def _line(line: PlanLine) -> str:
    return canonical(line).decode()


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a line."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "PlanLine"}
    return {**head, **msgspec.json.schema(PlanLine)}
