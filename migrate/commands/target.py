"""Which cluster a verb works on, and through which adapter."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migrate.commands.flags import DryRun
from migrate.errors import UsageError

if TYPE_CHECKING:
    from migrate.cluster.port import Cluster


@dataclass(frozen=True)
class Target:
    """The flags that name a cluster, and say how fast it may be asked.

    ``qps`` is the most requests in a second; 0 means no limit.
    """

    kubeconfig: str = ""
    context: str = ""
    expect_context: str = ""
    snapshot: str = ""
    qps: int = 0

    def open(self, dry_run: DryRun = DryRun.CLIENT) -> Cluster:
        """Return the cluster to read from, and to write to as far as ``dry_run`` lets.

        Raise UsageError where the flags contradict each other.
        """
        if self.snapshot:
            return self._snapshot(dry_run)
        from migrate.cluster.kube import connect  # noqa: PLC0415 -- 200 ms of imports

        is_dry = dry_run is not DryRun.NONE
        cluster = connect(
            self.kubeconfig or None, self.context or None, dry_run=is_dry, qps=self.qps
        )
        if self.expect_context and cluster.context != self.expect_context:
            raise UsageError(
                f"--expect-context {self.expect_context}: the context is {cluster.context}",
                f"kubectl config use-context {self.expect_context}",
            )
        return _wrapped(cluster, dry_run)

    def _snapshot(self, dry_run: DryRun) -> Cluster:
        from migrate.cluster.snapshot import load  # noqa: PLC0415 -- YAML is slow to import

        if self.context or self.kubeconfig or self.expect_context:
            raise UsageError("--snapshot reads files: --kubeconfig and --context have no meaning")
        if self.qps:
            raise UsageError("--qps: --snapshot reads files, and sends no requests", "leave it out")
        if dry_run is not DryRun.CLIENT:
            raise UsageError("--snapshot: files cannot be written to", "add --dry-run=client")
        return load(Path(self.snapshot))


def _wrapped(cluster: Cluster, dry_run: DryRun) -> Cluster:
    if dry_run is DryRun.CLIENT:
        from migrate.cluster.memory import MemoryCluster  # noqa: PLC0415

        return MemoryCluster(base=cluster, name=cluster.name)
    if dry_run is DryRun.SERVER:
        from migrate.cluster.dryrun import ServerDryRun  # noqa: PLC0415

        return ServerDryRun(cluster)
    return cluster
