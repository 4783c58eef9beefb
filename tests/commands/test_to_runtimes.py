"""Images moved into runtimes and back, with the real engine on a cluster in memory."""

from __future__ import annotations

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.commands import making
from migrate.commands.runs import plan_of
from migrate.errors import BlockedError, StaleError, UsageError
from migrate.execute import record
from migrate.objects import ObjectRef
from migrate.planning.model.desired import Activate, Options
from migrate.planning.world.copies import RUN, copy_ref
from tests.commands.moving import (
    NEW,
    RELEASES,
    SOURCE,
    apply,
    back_of,
    cluster,
    everything,
    objects,
    planned,
    rollback,
    runtimes,
)
from tests.planning.copies import MLSERVER, SKLEARN


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("sets", [(), (NEW,)])
def test_there_and_back_all_is_as_before(release: str, sets: tuple[str, ...]) -> None:
    found = cluster(release)
    before = everything(found)
    end = apply(found, planned(found, *sets))
    assert end.whole
    assert end.run.state == "applied"
    expected = {f"other/{SKLEARN}", f"team/{SKLEARN}"}
    captures = release != "0.9.0"
    assert set(runtimes(found)) == expected | ({f"team/{MLSERVER}"} if captures else set())
    end = rollback(found)
    assert end.run.state == "rolled back"
    assert everything(found) == before


def test_a_copy_names_the_run_that_made_it_and_the_record_says_the_same() -> None:
    found = cluster()
    made = planned(found)
    end = apply(found, made)
    live = found.get(copy_ref(SKLEARN, "team"))
    assert live["metadata"]["labels"][RUN] == end.run.head.id
    [recorded] = record.runs(found, "kserve")
    plan = plan_of(found, recorded)
    assert plan != made
    assert {op.target for op in plan.operations} == {op.target for op in made.operations}
    assert recorded.head.summary == "--to-runtimes"


def test_a_copy_that_somebody_changed_stays_and_is_told() -> None:
    found = cluster()
    apply(found, planned(found))
    target = copy_ref(SKLEARN, "other")
    found.patch(target, {"spec": {"nodeSelector": {"gpu": "no"}}})
    _, back = back_of(found)
    [told] = [f for f in back.findings if f.code == "KM303"]
    assert told.objects == (target,)
    end = rollback(found)
    assert end.run.state == "rolled back in part"
    assert runtimes(found) == [f"other/{SKLEARN}"]
    assert [r.subject for r in end.results if not r.holds] == [target]


def test_after_a_reset_of_the_global_image_a_rollback_is_refused_with_the_way() -> None:
    found = cluster("0.9.0")
    apply(found, planned(found))
    reset = making.options([f"runtime/{SKLEARN}=kserve/sklearnserver:v0.9.0"], "", Options())
    later = apply(found, making.plan(found, "kserve", reset))
    with pytest.raises(BlockedError) as refused:
        back_of(found, 0)
    assert "InferenceService other/far" in refused.value.message
    assert f"kmigrate rollback {later.run.head.id}" in refused.value.hint
    assert rollback(found).run.state == "rolled back"
    assert rollback(found, 0).run.state == "rolled back"
    assert runtimes(found) == []


def test_one_namespace_goes_back_and_the_rest_stands() -> None:
    found = cluster()
    apply(found, planned(found))
    end = rollback(found, -1, "other")
    assert end.whole
    assert end.run.state == "rolled back in part"
    assert runtimes(found) == [f"team/{MLSERVER}", f"team/{SKLEARN}"]
    assert rollback(found).run.state == "rolled back"
    assert runtimes(found) == []


def test_the_way_back_of_one_namespace_restarts_the_controller_as_well() -> None:
    found = cluster()
    apply(found, planned(found, activate=Activate.RESTART))
    plan, back = back_of(found, -1, "other")
    for direction in (back.waves, plan.apply, plan.rollback):
        acts = [act.target.name for each in direction for act in each.activations]
        assert acts == ["kserve-controller-manager"]


def test_a_namespace_of_a_global_change_cannot_go_back_alone() -> None:
    found = cluster()
    asked = making.options([f"runtime/{SKLEARN}=x/y:1"], "", Options())
    apply(found, making.plan(found, "kserve", asked))
    with pytest.raises(UsageError, match="for the whole cluster"):
        back_of(found, -1, "team")


def test_a_namespace_that_the_run_did_not_touch_is_refused() -> None:
    found = cluster()
    apply(found, planned(found))
    with pytest.raises(UsageError, match="changed nothing there"):
        back_of(found, -1, "nowhere")


def test_a_runtime_that_somebody_made_meanwhile_stops_the_plan() -> None:
    found = cluster()
    made = planned(found)
    spec = {"supportedModelFormats": [{"name": "x"}], "containers": []}
    meta = {"name": SKLEARN, "namespace": "team"}
    found.create(
        {
            "apiVersion": "serving.kserve.io/v1alpha1",
            "kind": "ServingRuntime",
            "metadata": meta,
            "spec": spec,
        }
    )
    with pytest.raises(StaleError, match="KM230"):
        apply(found, made)


def test_a_source_that_somebody_edited_meanwhile_stops_the_plan() -> None:
    found = cluster()
    made = planned(found)
    containers = found.get(SOURCE)["spec"]["containers"]
    found.patch(SOURCE, {"spec": {"containers": [{**containers[0], "image": "other:1"}]}})
    with pytest.raises(StaleError, match="other:1"):
        apply(found, made)


def test_a_second_run_edits_the_copies_and_goes_back_to_the_first() -> None:
    found = cluster()
    apply(found, planned(found))
    first = everything(found)
    end = apply(found, planned(found, NEW))
    image = found.get(copy_ref(SKLEARN, "team"))["spec"]["containers"][0]["image"]
    assert image == NEW.partition("=")[2]
    assert end.run.head.summary == f"--to-runtimes, {NEW}"
    rollback(found)
    assert everything(found) == first


def test_a_pin_moves_with_its_copy_and_comes_back() -> None:
    pinned = objects("0.15.2")
    iris = next(one for one in pinned if one["metadata"]["name"] == "iris")
    iris["spec"]["predictor"]["model"]["runtimeVersion"] = "v1"
    found = MemoryCluster(pinned)
    before = everything(found)
    assert apply(found, planned(found, NEW, repin=True)).whole
    service = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "iris", "team")
    assert found.get(service)["spec"]["predictor"]["model"]["runtimeVersion"] == "next"
    assert rollback(found).run.state == "rolled back"
    assert everything(found) == before
