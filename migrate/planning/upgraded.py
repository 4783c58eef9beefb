"""A cluster as the released manifests of another release leave it: everything else stays.

They put `predictors` back, up to 0.9 (what is left of it later is not read), and the
ClusterServingRuntimes that they ship. What else they say, such as the default mode of deployment,
is not followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from migrate.catalog.predictors import RELEASED, Row, Variant, variants_of
from migrate.catalog.runtimes import MANIFEST, StockRuntime, releases, stock
from migrate.kserve import terms
from migrate.kserve.releases import Release
from migrate.kserve.rules import Rules
from migrate.kserve.table import rules_for
from migrate.objects import Manifest, canonical, ref_of
from migrate.planning.changed import with_runtimes
from migrate.planning.snapshot import Snapshot

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
    manifests = [_manifest(one) for one in stock(str(release))]
    return replace(
        snapshot,
        config={**snapshot.config, "data": data},
        release=release,
        rules=rules,
        runtimes=with_runtimes(snapshot.runtimes, manifests),
        originals={**snapshot.originals, **{ref_of(each): each for each in manifests}},
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


def _manifest(one: StockRuntime) -> Manifest:
    shipped = next((each for each in one.origins if each.origin == MANIFEST), one.origins[0])
    meta: Manifest = {"name": one.name}
    if shipped.annotations:
        meta["annotations"] = shipped.annotations
    return {
        "apiVersion": terms.RUNTIME_VERSION,
        "kind": terms.CLUSTER_RUNTIME,
        "metadata": meta,
        "spec": shipped.spec,
    }
