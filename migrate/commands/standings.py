"""Asking the cluster where the objects and the services of a plan stand now."""

from __future__ import annotations

from collections.abc import Mapping

from migrate.cluster.port import Cluster
from migrate.commands.reading import workload_images
from migrate.objects import Manifest, ObjectRef
from migrate.operations.classify import Standing, classify
from migrate.operations.model import Create, Operation
from migrate.planning.back.copyback import is_as_made
from migrate.planning.back.summary import restarting
from migrate.planning.model.plan import Plan
from migrate.report.status import ServiceStatus


def standings_of(
    plan: Plan, live: Mapping[ObjectRef, Manifest | None]
) -> dict[ObjectRef, Standing]:
    """Return where each object stands that the plan writes; a copy with more in it has drifted."""
    return {op.target: _standing(op, live[op.target]) for op in plan.operations}


def _standing(operation: Operation, found: Manifest | None) -> Standing:
    change = operation.change
    if found is not None and isinstance(change, Create) and not is_as_made(found, change.manifest):
        return Standing.DRIFTED
    return classify(operation, found)


def services_of(cluster: Cluster, plan: Plan) -> tuple[ServiceStatus, ...]:
    """Return what runs now of each service that the plan gives new pods."""
    rows = [row for row in restarting(plan.forecast) if row.workload]
    images = workload_images(cluster, (row.workload for row in rows if row.workload))
    return tuple(
        ServiceStatus(str(row.service), images.get(row.workload), row.now, row.after_plan)
        for row in rows
        if row.workload
    )
