"""Running a verb in this process on a cluster in memory that stays from one verb to the next."""

from __future__ import annotations

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import Cluster
from migrate.commands.flags import DryRun
from migrate.commands.target import Target
from tests.commands.snapshots import run


class Verbs:
    """Verbs on one cluster. A dry run works on a copy, as it does on any."""

    def __init__(
        self,
        cluster: MemoryCluster,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.cluster, self._capsys = cluster, capsys
        monkeypatch.setattr(Target, "open", self._open)

    def _open(self, dry_run: DryRun = DryRun.CLIENT) -> Cluster:
        is_dry = dry_run is not DryRun.NONE
        return MemoryCluster(base=self.cluster) if is_dry else self.cluster

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr."""
        return run(self._capsys, *arguments)
