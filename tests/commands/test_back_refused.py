"""Ways back that are refused: who leaves a copy would not get what it had before the run."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.commands import making
from migrate.commands.reading import read_snapshot
from migrate.commands.runs import later_writers, plan_of, refuse_overtaken, standing_below
from migrate.errors import BlockedError
from migrate.execute import record
from migrate.planning.back.copyback import of_namespaces
from migrate.planning.back.rollback import plan_rollback
from migrate.planning.model.desired import Options
from migrate.planning.model.strategy import Scope, Strategy
from tests.commands.moving import NEW, SOURCE, apply, back_of, cluster, planned, rollback
from tests.planning.copies import SKLEARN, installed

RELEASES = ("0.15.2", "0.20.0")
THREADS = [{"name": "THREADS", "value": "4"}]


def edited(found: MemoryCluster, **fields: Any) -> None:
    """The container of the ClusterServingRuntime with other fields."""
    container = found.get(SOURCE)["spec"]["containers"][0]
    found.patch(SOURCE, {"spec": {"containers": [{**container, **fields}]}})


def shipped(release: str) -> str:
    """The image of the ClusterServingRuntime in the release's manifests."""
    [one] = [one for one in installed(release, {}) if one["metadata"]["name"] == SKLEARN]
    return str(one["spec"]["containers"][0]["image"])


def deleted(found: MemoryCluster) -> None:
    meta = found.get(SOURCE)["metadata"]
    found.delete(SOURCE, uid=meta.get("uid"), resource_version=meta["resourceVersion"])


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("scope", [Scope.NAMESPACE, Scope.SERVICE])
def test_after_a_reset_of_variables_the_way_is_named(release: str, scope: Scope) -> None:
    found = cluster(release)
    edited(found, env=THREADS, image=shipped(release))
    apply(found, planned(found, scope=scope))
    asked = Options(strategy=Strategy.RESET_GLOBAL, accept=("KM260",))
    reset = apply(found, making.plan(found, "kserve", making.options((), "", asked)))
    assert "env" not in found.get(SOURCE)["spec"]["containers"][0]
    with pytest.raises(BlockedError) as refused:
        back_of(found, 0)
    assert "InferenceService other/far" in refused.value.message
    assert f"kmigrate rollback {reset.run.head.id}" in refused.value.hint
    assert rollback(found).run.state == "rolled back"
    below = record.runs(found, "kserve")
    assert list(standing_below(below)) == [f"next: kmigrate rollback {below[0].head.id}"]
    assert rollback(found, 0).run.state == "rolled back"
    assert list(standing_below(record.runs(found, "kserve"))) == []


@pytest.mark.parametrize("sets", [(), (NEW,)])
@pytest.mark.parametrize(
    "fields", [{"env": THREADS}, {"resources": {"limits": {"cpu": "7", "memory": "1Gi"}}}]
)
def test_pods_of_an_edited_source_are_not_those_of_before(
    sets: tuple[str, ...], fields: dict[str, Any]
) -> None:
    found = cluster()
    apply(found, planned(found, *sets))
    edited(found, **fields)
    with pytest.raises(BlockedError, match="changed since the run"):
        back_of(found)


def test_an_edit_of_the_source_that_reaches_no_pod_forbids_nothing() -> None:
    found = cluster()
    apply(found, planned(found, NEW))
    formats = found.get(SOURCE)["spec"]["supportedModelFormats"]
    more = {"name": "other-format", "version": "1"}
    found.patch(SOURCE, {"spec": {"supportedModelFormats": [*formats, more]}})
    assert rollback(found).run.state == "rolled back"


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("sets", [(), (NEW,)])
def test_a_copy_stays_while_what_it_was_made_of_is_gone(
    release: str, sets: tuple[str, ...]
) -> None:
    found = cluster(release)
    apply(found, planned(found, *sets))
    deleted(found)
    with pytest.raises(BlockedError) as refused:
        back_of(found)
    assert "InferenceService team/rows" in refused.value.message


def test_a_copy_stays_while_what_it_was_made_of_is_disabled() -> None:
    found = cluster()
    apply(found, planned(found))
    found.patch(SOURCE, {"spec": {"disabled": True}})
    with pytest.raises(BlockedError, match="no runtime"):
        back_of(found)


def test_who_had_no_runtime_before_the_run_forbids_nothing() -> None:
    found = cluster()
    apply(found, planned(found))
    deleted(found)
    plan = plan_of(found, record.runs(found, "kserve")[-1])
    rows = [msgspec.structs.replace(row, runtime=None) for row in plan.forecast]
    seen = read_snapshot(found, "kserve", "")
    live = {op.target: seen.originals.get(op.target) for op in plan.operations}
    back = plan_rollback(msgspec.structs.replace(plan, forecast=tuple(rows)), seen, live)
    assert len(back.to_do) == len(plan.operations)


def test_what_a_newer_run_took_back_in_one_namespace_no_longer_lies_over_it() -> None:
    found = cluster()
    apply(found, planned(found))
    apply(found, planned(found, NEW))
    first, second = record.runs(found, "kserve")
    assert rollback(found, -1, "other").run.state == "rolled back in part"
    known = record.runs(found, "kserve")
    whole = plan_of(found, first)
    refuse_overtaken(found, known, first, of_namespaces(whole, ["other"], first.head.id))
    with pytest.raises(BlockedError) as refused:
        refuse_overtaken(found, known, first, whole)
    assert f"ServingRuntime team/{SKLEARN}" in refused.value.message
    assert "other/" not in refused.value.message
    assert refused.value.hint == f"kmigrate rollback {second.head.id}"
    assert {ref.namespace for ref in later_writers(found, known, first)} == {"team"}
