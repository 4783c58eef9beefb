"""A checkpoint in every cluster: what is written is read, whole."""

import pytest
from msgspec.structs import replace

from migrate.commands.checkpoints import names
from migrate.errors import BlockedError
from tests.cluster.conftest import Start
from tests.execute.checkpoints import checkpoint, stored, write


def test_every_cluster_keeps_checkpoints(
    start: Start, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("migrate.execute.chunks.CHUNK_BYTES", 256)
    cluster = start()
    made = replace(checkpoint(services=9), kserve_namespace=namespace)
    for name in ("b", "a"):
        write(cluster, replace(made, name=name))
    assert {row.name for row in names(cluster, namespace)} == {"a", "b"}
    assert stored(cluster, namespace, "b") == replace(made, name="b")
    with pytest.raises(BlockedError, match="there is one of this name already"):
        write(cluster, replace(made, name="b", created="2026-11-24T00:00:00Z"))
    assert stored(cluster, namespace, "b") == replace(made, name="b")
