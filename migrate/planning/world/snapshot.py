"""Everything that a planner may know of a cluster: compact, read once, at one time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from migrate.kserve.budgets import Budget
from migrate.kserve.config import Config, read_config
from migrate.kserve.installation import Installation
from migrate.kserve.releases import Release
from migrate.kserve.rules import Rules
from migrate.kserve.running import Running
from migrate.kserve.runtimes import Runtimes
from migrate.kserve.shapes import Services
from migrate.kserve.storage import StorageContainer
from migrate.objects import Manifest, ObjectRef, ref_of


@dataclass(frozen=True)
class Snapshot:
    """What was read. ``config`` is the whole ConfigMap, because a plan edits it.

    ``workloads`` tells what each workload's serving container runs now; ``controllers``
    are the workloads that run KServe's controller; ``rules`` is None for a release that is
    not known, and ``doubts`` say why it may be another one. ``cluster_uid`` is the uid of
    namespace kube-system, empty if not told. ``originals`` are the ClusterServingRuntimes as
    whole manifests, because a plan edits them. ``budgets`` are None where they may not be
    listed. ``installation`` is what was found of KServe, beside what the release says.
    """

    cluster_uid: str
    namespace: str
    config: Manifest
    controllers: tuple[ObjectRef, ...]
    release: Release | None
    rules: Rules | None
    services: Services
    runtimes: Runtimes
    workloads: Mapping[ObjectRef, Running]
    originals: Mapping[ObjectRef, Manifest] = field(default_factory=dict)
    storage: tuple[StorageContainer, ...] | None = None
    has_knative: bool = True
    doubts: tuple[str, ...] = ()
    budgets: tuple[Budget, ...] | None = ()
    installation: Installation = field(default_factory=Installation)

    @property
    def config_ref(self) -> ObjectRef:
        """The reference of the ConfigMap."""
        return ref_of(self.config)

    def config_of(self, data: Mapping[str, str], rules: Rules) -> Config:
        """Return what KServe decides by under that ConfigMap. Raise ConfigError."""
        installed = (self.runtimes, self.storage)
        return read_config(data, rules, *installed, has_knative=self.has_knative)

    def under(self, runtimes: Runtimes) -> Snapshot:
        """Return the snapshot with other runtimes."""
        return replace(self, runtimes=runtimes)
