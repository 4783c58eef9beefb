"""Moving images into runtimes and back, with the real engine on a cluster in memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from migrate.cluster.memory import MemoryCluster
from migrate.commands import making
from migrate.commands.carry import Control, End, Job, carry_out
from migrate.commands.comparing import Compared, compare
from migrate.commands.outcome import prove
from migrate.commands.reading import read_snapshot
from migrate.commands.runs import later_writers, leaves_rest, plan_of
from migrate.execute import record
from migrate.execute.run import Run
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Direction
from migrate.planning.back.copyback import of_namespaces
from migrate.planning.back.rollback import Rollback, plan_rollback
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Strategy
from migrate.report.console import Console
from tests.planning.copies import OVER, SKLEARN, installed, isvc

CONTROL = Control(timeout=5, lease_duration=60, lock_timeout=None)
RELEASES = ("0.9.0", "0.11.2", "0.15.2", "0.16.0", "0.20.0")
NEW = "sklearn=registry.example.com/ml/sklearnserver:next"
SOURCE = ObjectRef("serving.kserve.io/v1alpha1", "ClusterServingRuntime", SKLEARN)


def objects(release: str) -> list[Manifest]:
    services = [
        isvc("iris", protocolVersion="v1"),
        isvc("rows", runtime=SKLEARN, protocolVersion="v1"),
        isvc("both", protocolVersion="v2"),
        isvc("far", namespace="other", protocolVersion="v1"),
    ]
    kind = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService"}
    return [
        *({**kind, **one} for one in services),
        *installed(release, {SKLEARN: OVER}),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "uid": "u"}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "inferenceservice-config", "namespace": "kserve"},
            "data": {"predictors": "{}", "deploy": '{"defaultDeploymentMode": "RawDeployment"}'},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "kserve-controller-manager", "namespace": "kserve"},
            "spec": {
                "replicas": 1,
                "template": {
                    "spec": {
                        "containers": [
                            {
                                "name": "manager",
                                "image": f"kserve/kserve-controller:v{release}",
                            }
                        ]
                    }
                },
            },
        },
    ]


def cluster(release: str = "0.15.2") -> MemoryCluster:
    return MemoryCluster(objects(release))


def planned(found: MemoryCluster, *sets: str, **options: Any) -> Plan:
    asked = Options(strategy=Strategy.TO_RUNTIMES, **options)
    return making.plan(found, "kserve", making.options(sets, "", asked))


def apply(found: MemoryCluster, made: Plan, run: Run | None = None) -> End:
    known = record.runs(found, "kserve")
    waves = made.waves(Direction.APPLY)
    job = Job(
        plan=made,
        direction=Direction.APPLY,
        waves=waves,
        run=run,
        known=known,
        check=lambda: compare(found, made, ""),
        prove=lambda rows: prove(found, made, Direction.APPLY, rows, waves),
    )
    return carry_out(found, job, CONTROL, Console())


def back_of(found: MemoryCluster, number: int = -1, *namespaces: str) -> tuple[Plan, Rollback]:
    known = record.runs(found, "kserve")
    chosen = known[number]
    plan = plan_of(found, chosen)
    plan = of_namespaces(plan, namespaces, chosen.head.id) if namespaces else plan
    seen = read_snapshot(found, "kserve", "")
    live = {op.target: seen.originals.get(op.target) for op in plan.operations}
    return plan, plan_rollback(plan, seen, live, later_writers(found, known, chosen))


def rollback(found: MemoryCluster, number: int = -1, *namespaces: str) -> End:
    known = record.runs(found, "kserve")
    plan, back = back_of(found, number, *namespaces)
    job = Job(
        plan=plan,
        direction=Direction.ROLLBACK,
        waves=back.waves,
        run=known[number],
        known=known,
        check=lambda: Compared(back.forecast),
        prove=lambda rows: prove(found, plan, Direction.ROLLBACK, rows, back.waves),
        leaves_rest=leaves_rest(found, plan_of(found, known[number]), plan),
    )
    return carry_out(found, job, CONTROL, Console())


KINDS = (
    ("serving.kserve.io/v1beta1", "InferenceService"),
    ("serving.kserve.io/v1alpha1", "ServingRuntime"),
    ("serving.kserve.io/v1alpha1", "ClusterServingRuntime"),
    ("apps/v1", "Deployment"),
)


def everything(found: MemoryCluster) -> dict[str, str]:
    """All objects but the record and the Lease, without what every write counts up."""
    shown = {}
    for version, kind in KINDS:
        for each in found.list(version, kind, dict):
            meta = {k: v for k, v in each["metadata"].items() if k != "resourceVersion"}
            meta.pop("generation", None)
            name = f"{kind} {meta.get('namespace')}/{meta['name']}"
            whole = {k: v for k, v in each.items() if k != "status" or v}
            shown[name] = json.dumps({**whole, "metadata": meta}, sort_keys=True)
    return shown


def runtimes(found: MemoryCluster) -> list[str]:
    return sorted(
        f"{each['metadata']['namespace']}/{each['metadata']['name']}"
        for each in found.list("serving.kserve.io/v1alpha1", "ServingRuntime", dict)
    )


def snapshot_of(tmp_path: Path, release: str = "0.15.2") -> str:
    folder = tmp_path / "cluster"
    folder.mkdir()
    (folder / "all.yaml").write_text(yaml.safe_dump_all(objects(release)))
    return str(folder)
