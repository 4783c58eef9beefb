"""Reading what forbids the copies of a plan: namespaces that go, quotas, the schema of the CRD."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

import msgspec

from migrate.catalog.fingerprints import SERVING_RUNTIMES
from migrate.cluster.decoding import record_of
from migrate.cluster.lookup import FEW
from migrate.cluster.port import Cluster
from migrate.commands.installed import get_all, get_or_none, listed
from migrate.errors import ForbiddenError
from migrate.kserve import terms
from migrate.kserve.namespaces import Namespace, Quota
from migrate.kserve.schemas import Schema, schema_of
from migrate.objects import ObjectRef
from migrate.operations.stale import Difference
from migrate.planning.change.places import Places, creates_of, findings_of
from migrate.planning.change.staleness import blocking
from migrate.planning.model.findings import accept
from migrate.planning.model.plan import Finding, Plan
from migrate.planning.world.snapshot import Snapshot


def with_places(cluster: Cluster, made: Plan, snapshot: Snapshot) -> Plan:
    """Return the plan with what forbids its copies, as far as that may be read."""
    found = _findings(cluster, made, snapshot)
    return msgspec.structs.replace(made, findings=(*made.findings, *found)) if found else made


def forbidden(cluster: Cluster, made: Plan, snapshot: Snapshot) -> Iterator[Difference]:
    """Yield what forbids copies of a plan now."""
    return (blocking(one) for one in _findings(cluster, made, snapshot) if one.blocks)


def _findings(cluster: Cluster, made: Plan, snapshot: Snapshot) -> Sequence[Finding]:
    names = sorted({ref.namespace for ref in creates_of(made)})
    if not names:
        return ()
    present = Counter(one.metadata.namespace for one in snapshot.runtimes.everywhere)
    # An upgrade brings the CRD of its release along: the one of now does not judge its runtimes.
    schema = None if made.target else _schema(cluster)
    places = Places(_terminating(cluster, names), _quotas(cluster, names), present, schema)
    return accept(findings_of(made, places), made.options.accept)


def _terminating(cluster: Cluster, names: Iterable[str]) -> set[str]:
    refs = [ObjectRef(Namespace.API_VERSION, Namespace.KIND, name) for name in names]
    with suppress(ForbiddenError):
        found = get_all(cluster, refs).values()
        records = (record_of(one, Namespace.KIND, Namespace) for one in found if one)
        return {one.metadata.name for one in records if one.is_terminating}
    return set()


def _quotas(cluster: Cluster, names: Sequence[str]) -> list[Quota]:
    """Return the quotas of these namespaces that may be read; of many by one list."""
    wanted, found = set(names), list[Quota]()
    for name in names if len(names) <= FEW else ("",):
        with suppress(ForbiddenError):
            found.extend(listed(cluster, Quota, name))
    return [quota for quota in found if quota.metadata.namespace in wanted]


def _schema(cluster: Cluster) -> Schema | None:
    ref = ObjectRef("apiextensions.k8s.io/v1", "CustomResourceDefinition", SERVING_RUNTIMES)
    with suppress(ForbiddenError):
        if (crd := get_or_none(cluster, ref)) is not None:
            return schema_of(crd, terms.RUNTIME_VERSION.rpartition("/")[2])
    return None
