"""A plan that creates a ServingRuntime in each of many namespaces, carried out with its record.

``python -m tests.benchmarks.creating --kubeconfig FILE --count 1000``; with ``--manifests FILE``
it writes what is created, for kubectl, and asks no cluster.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from migrate.cluster.kube import connect
from migrate.cluster.port import Cluster
from migrate.commands.carry import Control, Job, carry_out
from migrate.commands.comparing import Compared
from migrate.commands.creation import trials
from migrate.commands.flags import PARALLELISM
from migrate.commands.outcome import prove
from migrate.objects import Manifest, ref_of
from migrate.operations.model import Create, Direction, Operation
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan, Stage
from migrate.report.console import Console
from tests.benchmarks.installation import NAMESPACE, RELEASE, RUNTIME, stock_specs

NAME = "kserve-sklearnserver"


def manifests(count: int) -> list[Manifest]:
    """Return a runtime in each of so many namespaces."""
    labels = {"app.kubernetes.io/managed-by": "kmigrate"}
    spec = stock_specs()[NAME]
    return [
        {
            "apiVersion": RUNTIME,
            "kind": "ServingRuntime",
            "metadata": {"name": NAME, "namespace": f"team-{number:04d}", "labels": labels},
            "spec": spec,
        }
        for number in range(count)
    ]


def plan_of(runtimes: list[Manifest]) -> Plan:
    """Return the plan that creates them, and takes them away again."""
    operations = tuple(Operation(ref_of(one), Create(one), "copy") for one in runtimes)
    stage = (Stage(tuple(range(len(operations)))),)
    return Plan(
        cluster_uid="stand-in",
        kserve_namespace=NAMESPACE,
        release=RELEASE,
        options=Options(),
        operations=operations,
        apply=stage,
        rollback=stage,
    )


def create(cluster: Cluster, plan: Plan, parallelism: int) -> bool:
    """Carry it out, from the permissions to the proof; tell whether all of it holds."""
    way, waves = Direction.APPLY, plan.waves(Direction.APPLY)
    job = Job(
        plan=plan,
        direction=way,
        waves=waves,
        run=None,
        known=(),
        check=lambda: Compared(()),
        prove=lambda rows: prove(cluster, plan, way, rows, waves),
        trials=partial(trials, cluster, waves),
    )
    with Console() as console:
        return carry_out(cluster, job, Control(600, 60, None, parallelism), console).whole


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--kubeconfig", default="")
    parser.add_argument("--manifests", type=Path)
    parser.add_argument("--parallelism", type=int, default=PARALLELISM)
    flags = parser.parse_args()
    made = manifests(flags.count)
    if flags.manifests:
        content = {"apiVersion": "v1", "kind": "List", "items": made}
        flags.manifests.write_text(json.dumps(content), encoding="utf-8")
        return 0
    cluster = connect(flags.kubeconfig)
    return 0 if create(cluster, plan_of(made), flags.parallelism) else 1


if __name__ == "__main__":
    sys.exit(main())
