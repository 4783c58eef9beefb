"""Asking the cluster where the objects and the services of a plan stand now."""

from __future__ import annotations

from migrate.cluster.port import Cluster
from migrate.commands.installed import get_all
from migrate.commands.reading import workload_images
from migrate.operations.classify import classify
from migrate.planning.plan import Plan
from migrate.planning.summary import restarting
from migrate.report.status import ServiceStatus


def standings_of(cluster: Cluster, plan: Plan) -> dict[str, str]:
    """Return pending, applied or drifted for each object that the plan writes."""
    live = get_all(cluster, (op.target for op in plan.operations))
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
