"""Asking the cluster where the objects and the services of a plan stand now."""

from __future__ import annotations

from collections.abc import Mapping

from migrate.cluster.port import Cluster
from migrate.commands.reading import workload_images
from migrate.kserve import terms
from migrate.kserve.releases import parse_release
from migrate.kserve.services import InferenceService
from migrate.kserve.table import rules_for
from migrate.objects import Manifest, ObjectRef
from migrate.operations.classify import classify
from migrate.operations.model import Create, Direction
from migrate.planning.plan import Plan
from migrate.planning.summary import restarting
from migrate.report.status import ServiceStatus


def standings_of(plan: Plan, live: Mapping[ObjectRef, Manifest | None]) -> dict[str, str]:
    """Return pending, applied or drifted for each object that the plan writes."""
    return {str(op.target): classify(op, live[op.target]).value for op in plan.operations}


def services_of(cluster: Cluster, plan: Plan) -> tuple[ServiceStatus, ...]:
    """Return what runs now of each service that the plan gives new pods."""
    rows = [row for row in restarting(plan.forecast) if row.workload]
    images = workload_images(cluster, (row.workload for row in rows if row.workload))
    return tuple(
        ServiceStatus(str(row.service), images.get(row.workload), row.now, row.after_plan)
        for row in rows
        if row.workload
    )


def asleep_of(cluster: Cluster, plan: Plan, direction: Direction) -> tuple[str, ...]:
    """Return who reports another runtime than the run gives it, or leaves to it.

    None where the release reports none (before 0.16).
    """
    rules = rules_for(parse_release(plan.release)) if plan.release else None
    made = {op.target for op in plan.operations if isinstance(op.change, Create)}
    rows = (row for row in plan.forecast if row.runtime_after_plan in made)
    wanted = {row.service: row.runtime_after_plan for row in rows}
    if rules is None or not rules.reports_runtime or not wanted:
        return ()
    kind = (terms.SERVING_VERSION, terms.INFERENCE_SERVICE, InferenceService)
    is_there = direction is Direction.APPLY
    return tuple(
        str(one.ref)
        for one in cluster.list(*kind)
        if (runtime := wanted.get(one.ref)) is not None
        and (one.status.serving_runtime_name == runtime.name) is not is_there
    )
