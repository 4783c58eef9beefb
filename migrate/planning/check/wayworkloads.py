"""Which workloads a step of an upgrade leaves behind, running."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from migrate.kserve import terms
from migrate.kserve.resolution import Verdict
from migrate.objects import ObjectRef
from migrate.planning.check.way import Step
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding

_RESOURCES: Mapping[str, str] = {
    terms.KNATIVE_SERVICE: "services.serving.knative.dev",
    terms.DEPLOYMENT: "deployments",
}


def left_behind(step: Step, namespace: str) -> Iterator[Finding]:
    """Find services that are written under another name from this step on.

    Up to 0.10 a workload is called ``NAME-predictor-default``. 0.11 to 0.15 go on with it, and 0.16
    does not look for it (``components/predictor.go:155`` of 0.16.0). Nobody deletes it.
    """
    groups: dict[tuple[str, str, str], list[ObjectRef]] = {}
    for former, later, ref in _renamed(step, namespace):
        former_end, later_end = (one.name.removeprefix(ref.name) for one in (former, later))
        groups.setdefault((former.kind, former_end, later_end), []).append(ref)
    for (kind, former_end, later_end), refs in groups.items():
        text = (
            f"KServe {step.target} writes a second workload, NAME{later_end}: the {kind} "
            f"NAME{former_end} stays, and runs on with its image of before"
        )
        fix = (
            "after this step, once the new one is Ready: "
            f"kubectl delete {_RESOURCES[kind]} -n NAMESPACE NAME{former_end}"
        )
        yield finding(codes.SECOND_WORKLOAD, text, fix, refs)


def _renamed(step: Step, namespace: str) -> Iterator[tuple[ObjectRef, ObjectRef, ObjectRef]]:
    """Yield the workload that is there, the one that is written next, and the service."""
    before, after = step.worlds
    known = step.snapshots[0].workloads
    for ref in before.services:
        former, later = (world.workload(ref, known) for world in (before, after))
        is_there = former in known and namespace in ("", ref.namespace)
        if is_there and former.name != later.name and _is_written(step, ref):
            yield former, later, ref


def _is_written(step: Step, ref: ObjectRef) -> bool:
    """Tell whether KServe writes a workload: not where it fails before, or leaves it alone."""
    found = step.worlds[1].shared(ref)
    fails = found.verdict is Verdict.BROKEN and found.image is None
    return not fails and found.verdict is not Verdict.NOT_RECONCILED
