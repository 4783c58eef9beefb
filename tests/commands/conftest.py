"""What several files of tests of the verbs start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.cluster.memory import MemoryCluster
from tests.commands.moving import cluster
from tests.commands.reconciling import reconcile
from tests.commands.verbs import Verbs
from tests.commands.wording import Make


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Make:
    """A cluster whose services run, and verbs on it."""

    def made(release: str = "0.20.0", found: MemoryCluster | None = None) -> Verbs:
        found = found or cluster(release)
        reconcile(found)
        return Verbs(found, monkeypatch, capsys)

    return made


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of one's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
