"""A cluster as the released manifests of another release leave it: everything else stays.

They put `predictors` back, up to 0.9, and the ClusterServingRuntimes that they ship: each becomes
what ``reapplied`` says, and what they do not ship any more stays. Later manifests have no
`predictors`; `kubectl apply` takes the key away where it had applied it. Of the ConfigMap nothing
else is followed, such as the default mode of deployment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from migrate.catalog.predictors import RELEASED, Row, Variant, variants_of
from migrate.catalog.runtimes import Shipped, manifests, releases
from migrate.kserve import terms
from migrate.kserve.releases import Release
from migrate.kserve.rules import Rules
from migrate.kserve.table import rules_for
from migrate.objects import Manifest, canonical, ref_of
from migrate.planning.stock.reapplied import applied_before, reapplied
from migrate.planning.world.changed import with_runtimes
from migrate.planning.world.snapshot import Snapshot

_TIMEOUT = "60"
"""``defaultTimeout`` of tensorflow, where a manifest of 0.8 and 0.9 has images at all."""


def is_shipped(release: Release) -> bool:
    """Tell whether the runtimes that the release ships are known."""
    return str(release) in releases()


def shipped_predictors(release: Release) -> tuple[Variant, ...]:
    """Return what is shipped with the release, that of its released manifests first."""
    found = variants_of(str(release))
    return tuple(sorted(found, key=lambda variant: variant.name not in RELEASED))


def upgraded(
    snapshot: Snapshot, release: Release, predictors: Mapping[tuple[str, str], Row] | None = None
) -> Snapshot:
    """Return the snapshot under that release. ``predictors`` are given, or the released ones.

    The release must be one that ``is_shipped``.
    """
    rules = rules_for(release)
    assert rules is not None
    data = {**(snapshot.config.get("data") or {})}
    if rules.predictors_read:
        rows = shipped_predictors(release)[0].rows if predictors is None else predictors
        data[terms.PREDICTORS_KEY] = _text(rows, rules)
    elif terms.PREDICTORS_KEY in ((applied_before(snapshot.config) or {}).get("data") or {}):
        data.pop(terms.PREDICTORS_KEY, None)
    applied = list(_runtimes(snapshot, release))
    return replace(
        snapshot,
        config={**snapshot.config, "data": data},
        release=release,
        rules=rules,
        runtimes=with_runtimes(snapshot.runtimes, applied),
        originals={**snapshot.originals, **{ref_of(each): each for each in applied}},
    )


def kept(snapshot: Snapshot, release: Release) -> Snapshot:
    """Return the snapshot under that release, with the text of `predictors` as it is now."""
    data = snapshot.config.get("data") or {}
    after = upgraded(snapshot, release)
    if not after.rules or not after.rules.predictors_read:
        return after
    both = {**after.config["data"], terms.PREDICTORS_KEY: data[terms.PREDICTORS_KEY]}
    return replace(after, config={**after.config, "data": both})


def _text(rows: Mapping[tuple[str, str], Row], rules: Rules) -> str:
    document: dict[str, Any] = {name: {"v1": {}, "v2": {}} for name in sorted(rules.nested)}
    for (format_, key), row in rows.items():
        entry = {terms.IMAGE: row.image, terms.VERSION: row.version}
        entry |= {terms.GPU_VERSION: row.gpu_version} if row.gpu_version else {}
        entry |= {terms.TIMEOUT: _TIMEOUT} if format_ == terms.TENSORFLOW else {}
        document.setdefault(format_, {}).update({key: entry} if key else entry)
    return canonical(document).decode()


def _runtimes(snapshot: Snapshot, release: Release) -> Iterator[Manifest]:
    """Yield the runtimes of the release as they are once they were applied."""
    former = {name: _manifest(name, one) for name, one in manifests(str(snapshot.release)).items()}
    there = snapshot.runtimes.of("")
    for name, one in manifests(str(release)).items():
        shipped = _manifest(name, one)
        live = snapshot.originals.get(ref_of(shipped))
        if live is not None:
            shipped = reapplied(live, shipped, former.get(name))
        made = there[name].metadata.creation_timestamp if name in there else _later(release)
        yield {**shipped, "metadata": {**shipped["metadata"], "creationTimestamp": made}}


def _later(release: Release) -> str:
    """Return when a runtime that is new with a release is made: after all that is there."""
    return f"9{release.minor:03}-01-01T00:00:00Z"


def _manifest(name: str, shipped: Shipped) -> Manifest:
    meta: Manifest = {"name": name}
    if shipped.annotations:
        meta["annotations"] = shipped.annotations
    return {
        "apiVersion": terms.RUNTIME_VERSION,
        "kind": terms.CLUSTER_RUNTIME,
        "metadata": meta,
        "spec": shipped.spec,
    }
