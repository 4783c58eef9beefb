"""The least roles with which a plan can be made, applied and taken back: `plan --rbac`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from migrate.catalog.fingerprints import SCHEMA_FACTS
from migrate.cluster.lookup import FEW
from migrate.commands.access import Permission, needs, on
from migrate.kserve import terms
from migrate.kserve.installation import RUNTIME_WEBHOOKS
from migrate.kserve.releases import parse_release
from migrate.kserve.rules import Rules
from migrate.kserve.storage import StorageContainer
from migrate.kserve.table import rules_for
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Direction
from migrate.planning.change.places import creates_of
from migrate.planning.model.formerof import HISTORY
from migrate.planning.model.plan import Plan

RBAC = "rbac.authorization.k8s.io/v1"
NAME = "kmigrate"


def roles(plan: Plan) -> list[Manifest]:
    """Return a ClusterRole, and a Role for each namespace that the plan writes to."""
    rules = rules_for(parse_release(plan.release)) if plan.release else None
    asked = {*_reads(plan.kserve_namespace, rules), *_writes(plan), *_watched(plan)}
    asked |= {*_places(plan), *_history(plan)}
    asked |= set(_lasting(plan, asked))
    wide = {need for need in asked if not need.namespace}
    # What is allowed everywhere need not be allowed once more.
    everywhere = {_anywhere(need) for need in wide if not need.name}
    narrow = {need for need in asked - wide if _anywhere(need) not in everywhere}
    found = [_role("ClusterRole", "", wide)]
    for namespace in sorted({need.namespace for need in narrow}):
        own = {need for need in narrow if need.namespace == namespace}
        found.append(_role("Role", namespace, own))
    return found


def _anywhere(need: Permission) -> tuple[str, str, str]:
    return (need.resource, need.verb, need.subresource)


def _reads(namespace: str, rules: Rules | None) -> Iterator[Permission]:
    for version, kind in _listed(rules):
        yield from on(ObjectRef(version, kind, ""), "list")
    yield from on(ObjectRef("v1", "Namespace", "kube-system"), "get")
    for name in SCHEMA_FACTS:
        crd = ObjectRef("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
        yield from on(crd, "get")
    for name in () if rules is not None and rules.judges_runtimes else RUNTIME_WEBHOOKS:
        yield from on(ObjectRef(terms.ADMISSION_VERSION, terms.VALIDATING_WEBHOOKS, name), "get")
    yield from on(ObjectRef("v1", "Pod", "", namespace), "list")
    yield from on(ObjectRef("v1", "ConfigMap", "", namespace), "get")
    for kind in (terms.DEPLOYMENT, terms.STATEFUL_SET):
        yield from on(ObjectRef(terms.APPS_VERSION, kind, "", namespace), "list")


def _history(plan: Plan) -> Iterator[Permission]:
    """Yield what tells of the time before an upgrade, where it is asked: without it, less."""
    former = plan.options.former
    if not former or former.source != HISTORY:
        return
    yield from on(ObjectRef(terms.APPS_VERSION, "ReplicaSet", ""), "list")
    yield from on(ObjectRef(terms.KNATIVE_VERSION, "Revision", ""), "list")
    if former.reads_helm:
        yield from on(ObjectRef("v1", "Secret", "", plan.kserve_namespace), "list")


def _listed(rules: Rules | None) -> Iterator[tuple[str, str]]:
    """Yield apiVersion and kind of what a plan lists everywhere, as far as the release has it."""
    yield terms.SERVING_VERSION, terms.INFERENCE_SERVICE
    yield terms.KNATIVE_VERSION, terms.KNATIVE_SERVICE
    yield terms.APPS_VERSION, terms.DEPLOYMENT
    yield terms.POLICY_VERSION, terms.DISRUPTION_BUDGET
    if rules is None or rules.knows_model:
        yield terms.RUNTIME_VERSION, terms.SERVING_RUNTIME
        yield terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME
    if rules is None or rules.judges_storage:
        yield StorageContainer.API_VERSION, StorageContainer.KIND


def _writes(plan: Plan) -> Iterator[Permission]:
    # A plan for after an upgrade is not carried out by kmigrate.
    for direction in () if plan.target else Direction:
        yield from needs(plan.kserve_namespace, plan.waves(direction))


def _watched(plan: Plan) -> Iterator[Permission]:
    """Yield what tells why a workload does not come up: without it, only that it does not."""
    for wave in plan.waves(Direction.APPLY):
        for condition in wave.conditions:
            yield from _causes(condition.target)


def _places(plan: Plan) -> Iterator[Permission]:
    """Yield what tells whether copies can be made: without it, their dry run does."""
    names = sorted({ref.namespace for ref in creates_of(plan)})
    if len(names) > FEW:
        yield from on(ObjectRef("v1", "Namespace", ""), "list")
        yield from on(ObjectRef("v1", "ResourceQuota", ""), "list")
        return
    for name in names:
        yield from on(ObjectRef("v1", "Namespace", name), "get")
        yield from on(ObjectRef("v1", "ResourceQuota", "", name), "list")


def _lasting(plan: Plan, asked: Iterable[Permission]) -> Iterator[Permission]:
    """Yield what tells that a namespace is going, which the Role in it cannot: it goes along."""
    names = sorted({need.namespace for need in asked} - {"", plan.kserve_namespace})
    for name in names if len(names) <= FEW else ("",):
        yield from on(ObjectRef("v1", "Namespace", name), "get")


def _causes(target: ObjectRef) -> Iterator[Permission]:
    place = target.namespace
    for version, kind in (("v1", "Pod"), ("v1", "Event")):
        yield from on(ObjectRef(version, kind, "", place), "list")
    for need in on(ObjectRef("v1", "Pod", "", place), "get"):
        yield msgspec.structs.replace(need, subresource="log")
    if target.kind == terms.DEPLOYMENT:
        yield from on(ObjectRef(terms.APPS_VERSION, "ReplicaSet", "", place), "list")
    if target.kind == terms.KNATIVE_SERVICE:
        yield from on(ObjectRef(terms.KNATIVE_VERSION, "Revision", "", place), "get")


def _role(kind: str, namespace: str, asked: Iterable[Permission]) -> Manifest:
    meta = {"name": NAME} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": RBAC, "kind": kind, "metadata": meta, "rules": list(_rules(asked))}


def _rules(asked: Iterable[Permission]) -> Iterator[Manifest]:
    """Yield a rule for each resource, another for names of which only these are asked for."""
    verbs: dict[tuple[str, str, str], set[str]] = {}
    for need in asked:
        below = f"/{need.subresource}" if need.subresource else ""
        verbs.setdefault((need.group, need.plural + below, need.name), set()).add(need.verb)
    names: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (group, resource, name), found in sorted(verbs.items()):
        names.setdefault((group, resource, tuple(sorted(found))), []).append(name)
    for (group, resource, allowed), only in names.items():
        rule: Manifest = {"apiGroups": [group], "resources": [resource], "verbs": list(allowed)}
        yield rule | ({} if "" in only else {"resourceNames": only})
