"""Who else decides what an upgrade leaves: owners of the global configuration, charts, mirrors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrate.kserve import terms
from migrate.kserve.predictors import Predictors
from migrate.objects import ObjectRef
from migrate.planning.check.way import Step
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding
from migrate.planning.stock.gitops import FLUX, HELM
from migrate.planning.stock.images import image_rows, runtime_rows
from migrate.planning.stock.mirrors import mirror_of
from migrate.planning.stock.othermanifests import without_images
from migrate.planning.stock.owners import owner_of
from migrate.planning.stock.ownership import Owner
from migrate.planning.world.snapshot import Snapshot

_NEW_CHART = 17
"""The minor release in which the runtimes went from the chart of the controller to one of their
own, where they are off (``charts/kserve-runtime-configs/values.yaml`` of 0.17.0)."""


def owner_findings(step: Step) -> Iterator[Finding]:
    """Tell who else decides, before the first step."""
    for owner, refs in _owners_of(step.snapshots[0]):
        told = f"{owner} owns them ({owner.evidence})"
        text = f"{told}: they become what it says, not what is told here"
        yield finding(codes.OWNER_DECIDES, text, owner.remedy, refs)
    yield from _mirrored(step)


def _mirrored(step: Step) -> Iterator[Finding]:
    config, release = step.worlds[0].config, step.origin
    own = (
        image_rows(config.predictors, release, {})
        if isinstance(config.predictors, Predictors)
        else ()
    )
    mirror = mirror_of([*own, *runtime_rows(config, release, ())])
    if mirror:
        text = f"images of the release are taken from {mirror}: the manifests name none of it"
        fix = "put the prefix before the images of each release's manifests"
        yield finding(codes.MIRROR, text, fix)


def manifest_findings(step: Step, namespace: str) -> Iterator[Finding]:
    """Find what another way to install the release of a step would do."""
    yield from _chart_drops(step)
    refs = [ref for ref in step.worlds[0].services if namespace in ("", ref.namespace)]
    for text, lost in without_images(step.snapshots[0], step.worlds[1], step.target, refs):
        told = f"{text}: upgraded with it, they would get none until they are written"
        fix = f"install/v{step.target}/kserve.yaml of today's repository has them"
        yield finding(codes.SHIPS_NO_IMAGES, told, fix, lost)


def _chart_drops(step: Step) -> Iterator[Finding]:
    """Find runtimes that a Helm upgrade of the chart that made them would delete."""
    if not step.origin.minor < _NEW_CHART <= step.target.minor:
        return
    owned = (refs for owner, refs in _owners_of(step.snapshots[0]) if _is_helm(owner))
    by_helm = [ref for refs in owned for ref in refs if ref.kind == terms.CLUSTER_RUNTIME]
    if by_helm:
        text = (
            f"Helm made them, and the chart kserve-resources of {step.target} has no runtimes: "
            "helm upgrade deletes them, and whoever is on them cannot be reconciled"
        )
        fix = (
            "before this step: kubectl annotate clusterservingruntimes NAME... "
            "helm.sh/resource-policy=keep; then install chart kserve-runtime-configs with "
            "kserve.servingruntime.enabled=true"
        )
        yield finding(codes.CHART_DROPS, text, fix, by_helm)


def _is_helm(owner: Owner) -> bool:
    return owner.kind == HELM or (owner.kind == FLUX and "HelmRelease" in owner.remedy)


def _owners_of(snapshot: Snapshot) -> Iterable[tuple[Owner, list[ObjectRef]]]:
    """Return the owners of the ConfigMap and of ClusterServingRuntimes, each with what it owns."""
    wide = {ref: one for ref, one in snapshot.originals.items() if not ref.namespace}
    found: dict[Owner, list[ObjectRef]] = {}
    for ref, manifest in {snapshot.config_ref: snapshot.config, **wide}.items():
        if (owner := owner_of(manifest)) is not None and owner.will_revert:
            found.setdefault(owner, []).append(ref)
    return found.items()
