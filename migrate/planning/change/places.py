"""What forbids that copies are made where a plan wants them, as far as it can be read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migrate.kserve import terms
from migrate.kserve.namespaces import Quota
from migrate.kserve.schemas import Schema, pruned
from migrate.objects import Manifest, ObjectRef, count
from migrate.operations.model import Create
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding, Plan

EXCLUDE = "leave the namespace out: --exclude"


@dataclass(frozen=True)
class Places:
    """What is known of the namespaces that get copies; what may not be read is left out.

    ``terminating`` are those that are being deleted, ``present`` is how many ServingRuntimes each
    has, ``schema`` that of ServingRuntimes, None where it is not known.
    """

    terminating: Collection[str] = ()
    quotas: Sequence[Quota] = ()
    present: Mapping[str, int] = field(default_factory=dict)
    schema: Schema | None = None


def creates_of(plan: Plan) -> dict[ObjectRef, Manifest]:
    """Return the ServingRuntimes that the plan makes, in its order."""
    return {
        operation.target: operation.change.manifest
        for operation in plan.operations
        if operation.target.kind == terms.SERVING_RUNTIME and isinstance(operation.change, Create)
    }


def findings_of(plan: Plan, places: Places) -> Iterator[Finding]:
    """Yield what the API server would refuse or drop, and what the new pods need beside."""
    made = creates_of(plan)
    yield from _terminating(made, places)
    for quota in places.quotas:
        yield from _over(quota, made, places)
    yield from _dropped(made, places)
    yield from _pulled(plan, made)


def _terminating(made: Collection[ObjectRef], places: Places) -> Iterator[Finding]:
    if found := [ref for ref in made if ref.namespace in places.terminating]:
        text = "their namespace is being deleted: nothing can be created in it any more"
        yield finding(codes.TERMINATING, text, f"{EXCLUDE}; or plan again once it is gone", found)


def _over(quota: Quota, made: Collection[ObjectRef], places: Places) -> Iterator[Finding]:
    """Find what is more than a quota allows: the API server refuses the one too many."""
    namespace = quota.metadata.namespace
    here = [ref for ref in made if ref.namespace == namespace]
    used = places.present.get(namespace, 0) if quota.used is None else quota.used
    if here and quota.most is not None and used + len(here) > quota.most:
        text = (
            f"ResourceQuota {namespace}/{quota.metadata.name} allows "
            f"{count(quota.most, terms.SERVING_RUNTIME)}: there are {used}, and the plan makes "
            f"{len(here)} more"
        )
        yield finding(codes.QUOTA, text, f"raise the quota, or {EXCLUDE}", here)


def _dropped(made: Mapping[ObjectRef, Manifest], places: Places) -> Iterator[Finding]:
    if places.schema is None:
        return
    groups: dict[str, list[ObjectRef]] = {}
    for ref, manifest in made.items():
        if fields := pruned(manifest, places.schema):
            groups.setdefault(", ".join(fields), []).append(ref)
    for unknown, found in groups.items():
        text = f"the CustomResourceDefinition of ServingRuntimes does not know {unknown}: dropped"
        fix = "install the CRDs of this release, or take that out of the ClusterServingRuntime"
        yield finding(codes.PRUNED, text, fix, found)


def _pulled(plan: Plan, made: Mapping[ObjectRef, Manifest]) -> Iterator[Finding]:
    """Tell the Secrets that new pods of the copies pull with: who copies nothing else lacks none.

    Which are there is not asked. Who may list Secrets may read them, and even the metadata of one
    can hold its content (last-applied-configuration).
    """
    moving = {row.runtime_after_plan for row in plan.forecast if row.restarts}
    groups: dict[str, list[ObjectRef]] = {}
    for ref in (ref for ref in made if ref in moving):
        secrets = [one["name"] for one in made[ref]["spec"].get("imagePullSecrets") or ()]
        if secrets:
            groups.setdefault(" ".join(secrets), []).append(ref)
    for names, found in groups.items():
        text = f"new pods pull with these Secrets of their namespace, and none is read: {names}"
        fix = f"see that they are there: kubectl get secret {names} -n NAMESPACE"
        yield finding(codes.PULL_SECRETS, text, fix, found)
