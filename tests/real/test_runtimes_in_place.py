"""Editing a ClusterServingRuntime on real controllers: who moves, and the way back.

Containers are simulated; what is looked at is what KServe writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate.kserve.releases import parse_release
from tests.real.claims import (
    OTHER_IMAGE,
    RUNTIME,
    add_service,
    copy_runtime,
    image_of,
    only_if_all,
    rollouts,
    stock_runtime,
)
from tests.real.cli import kmigrate, status_of, words_of
from tests.real.tenants import edit_runtime
from tests.testbed.kserve import KServe
from tests.testbed.releases import SERVERLESS

pytestmark = pytest.mark.parametrize(
    "kserve_cluster",
    ["0.15.2", "0.20.0", *only_if_all("0.9.0", "0.11.2", "0.16.0", "0.17.0")],
    indirect=True,
)
SET = ("--set", f"sklearn={OTHER_IMAGE}")


@pytest.fixture
def namespaces(kserve_cluster: KServe) -> Iterator[tuple[str, str, str]]:
    """One of plain services, one that keeps a copy of the runtime, one of another format."""
    cluster = kserve_cluster
    plain, copied, other = (cluster.create_namespace(f"team-{n}") for n in "abc")
    copy_runtime(cluster, copied)
    for namespace, format_ in ((plain, "sklearn"), (copied, "sklearn"), (other, "xgboost")):
        add_service(cluster, namespace, "iris", format_)
    yield plain, copied, other
    cluster.reset()


def planned(cluster: KServe, tmp_path: Path, *flags: str) -> Any:
    file = tmp_path / "plan.json"
    kmigrate(cluster.admin, "plan", *SET, *flags, "--out", str(file))
    return json.loads(file.read_text())["plan"]


def images(cluster: KServe, namespaces: tuple[str, ...]) -> list[str]:
    return [image_of(cluster, namespace, "iris") for namespace in namespaces]


@pytest.mark.parametrize("flags", [(), ("--activate=each",)], ids=["by default", "each"])
def test_exactly_those_move_that_were_told_and_come_back(
    kserve_cluster: KServe,
    namespaces: tuple[str, str, str],
    tmp_path: Path,
    flags: tuple[str, ...],
) -> None:
    cluster, (plain, *others) = kserve_cluster, namespaces
    stock, before = stock_runtime(cluster)["spec"], images(cluster, namespaces)
    still = [rollouts(cluster, namespace) for namespace in others]
    plan = planned(cluster, tmp_path, *flags)
    moving = [r["service"]["namespace"] for r in plan["forecast"] if r["outlook"] == "changes"]
    assert moving == [plain]
    told = {f["code"]: f["severity"] for f in plan["findings"]}
    assert told["KM210"] == "warning"
    assert "error" not in told.values()
    kmigrate(cluster.admin, "apply", str(tmp_path / "plan.json"))
    assert images(cluster, namespaces) == [OTHER_IMAGE, *before[1:]]
    kmigrate(cluster.admin, "rollback", "--yes", home=tmp_path / "another machine")
    assert images(cluster, namespaces) == before
    assert stock_runtime(cluster)["spec"] == stock
    assert [rollouts(cluster, namespace) for namespace in others] == still


def test_nothing_is_done_to_have_it_act(
    kserve_cluster: KServe, namespaces: tuple[str, str, str]
) -> None:
    """Up to 0.15 an edit is silent; from 0.16 on it cannot be held back, and is refused."""
    cluster, before = kserve_cluster, images(kserve_cluster, namespaces)
    stock = stock_runtime(cluster)["spec"]
    silent = parse_release(cluster.release.version) < parse_release("0.16.0")
    done = kmigrate(
        cluster.admin, "apply", "--yes", *SET, "--activate=none", expect=0 if silent else 64
    )
    assert ("cannot be held back" in done.stderr) is not silent
    assert images(cluster, namespaces) == before
    found = stock_runtime(cluster)["spec"]["containers"][0]["image"]
    assert (found == OTHER_IMAGE) is silent
    assert stock_runtime(cluster)["metadata"]["name"] == RUNTIME
    if silent:
        assert words_of(status_of(cluster.admin)) == {("applied", "Skipped", "Pending")}
        edit_runtime(cluster, RUNTIME, "registry.example.com/theirs/sk:1")
        kmigrate(cluster.admin, "rollback", "--yes", expect=4)
        [later] = status_of(cluster.admin)["later"]
        kmigrate(cluster.admin, "rollback", "--yes", "--force-field", later["argument"])
        assert stock_runtime(cluster)["spec"] == stock
        comes_up = cluster.has_knative or cluster.mode != SERVERLESS
        took = "Succeeded" if comes_up else "Pending"
        assert words_of(status_of(cluster.admin)) == {("pending", "Skipped", took)}
