"""What a step of an upgrade does by what a service says itself, and by where it is."""

from __future__ import annotations

from dataclasses import replace

from migrate.kserve.resolution import Verdict
from migrate.kserve.running import Running
from migrate.planning.check.waychanges import Why
from migrate.planning.world.worlds import world_of
from tests.planning.converting import GPU, MLSERVER, old
from tests.planning.copies import OVER, cluster, isvc, own, reconciled
from tests.planning.upgrades import direct, images, rows, way, with_cluster
from tests.planning.upgrading import seven

ANNOTATION = "serving.kserve.io/"
SEVEN = (
    old("iris"),
    old("two", protocolVersion="v2", runtimeVersion="0.2.1"),
    old("prices", "xgboost"),
    old("torch", "pytorch", runtimeVersion="0.4.1", protocolVersion="v2"),
    old("flow", "tensorflow", runtimeVersion="1.14.0-gpu", resources=GPU),
    old("trees", "lightgbm"),
    {
        "metadata": {"name": "own", "namespace": "team"},
        "spec": {"predictor": {"containers": [{"name": "kserve-container", "image": "o/w:n"}]}},
    },
)
PINNED = {
    "two": "docker.io/seldonio/mlserver:0.2.1",
    "prices": "kserve/xgbserver:v0.7.0",
    "flow": "tensorflow/serving:1.14.0-gpu",
    "trees": "kserve/lgbserver:v0.7.0",
    "own": "o/w:n",
}


def test_a_service_that_is_not_updated_keeps_what_it_runs() -> None:
    quiet = isvc("quiet")
    quiet["metadata"]["annotations"] = {f"{ANNOTATION}disable-auto-update": "true"}
    quiet["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
    steps = way(cluster("0.15.2", quiet, isvc("iris")), "0.18.1")
    assert [images(step)["quiet"] for step in steps] == [(OVER, OVER)] * 3
    assert {row.why for step in steps for row in [rows(step)["quiet"]]} == {Why.NOTHING}
    assert rows(steps[0])["iris"].why is Why.LOST_EDIT


def test_a_service_that_is_not_updated_from_the_beginning_has_the_image_of_its_workload() -> None:
    quiet = isvc("quiet")
    quiet["metadata"]["annotations"] = {f"{ANNOTATION}disable-auto-update": "true"}
    found = reconciled(cluster("0.16.0", quiet))
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    frozen = cluster("0.16.0", {**quiet, "status": ready}, ready=False)
    found = replace(frozen, workloads=found.workloads)
    assert [images(step)["quiet"] for step in way(found, "0.18.1")] == [(OVER, OVER)] * 2


def test_each_service_that_is_not_updated_keeps_an_image_of_its_own() -> None:
    quiet = [isvc(name) for name in ("one", "two")]
    for one in quiet:
        one["metadata"]["annotations"] = {f"{ANNOTATION}disable-auto-update": "true"}
        one["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
    found = cluster("0.16.0", *quiet, ready=False)
    assert found.rules is not None
    world = world_of(found, found.rules)
    found = replace(
        found, workloads={world.workload(ref): Running(f"{ref.name}:1") for ref in found.services}
    )
    (step,) = way(found, "0.17.0")
    assert images(step) == {name: (f"{name}:1", f"{name}:1") for name in ("one", "two")}


def test_what_differs_for_one_of_those_that_are_alike_is_told_of_that_one() -> None:
    """An edited runtime has the name of one model; the released one that of each."""
    found = cluster("0.12.1", isvc("flow", "tensorflow"), isvc("sea", "tensorflow"), images={})
    ref = next(ref for ref in found.originals if ref.name == "kserve-tensorflow-serving")
    args = found.originals[ref]["spec"]["containers"][0]["args"]
    fixed = [arg.replace("{{.Name}}", "flow") for arg in args]
    told = rows(direct(with_cluster(found, ref.name, args=fixed), "0.13.1"))
    assert (told["flow"].settings, told["flow"].other_pods) == ((), False)
    assert told["sea"].settings == ("args --model_name",)
    assert (told["sea"].why, told["sea"].other_pods) == (Why.LOST_EDIT, True)


def test_a_release_may_make_another_image_of_the_same_words() -> None:
    """0.20 puts -cpu behind the repository of vLLM where there is no GPU."""
    formats = [{"name": "mine", "autoSelect": True}]
    mine = own("kserve-vllmserver", "mine", spec={"supportedModelFormats": formats})
    found = cluster("0.19.0", isvc("llm", "mine"), own=(mine,), images={})
    row = rows(direct(found, "0.20.0"))["llm"]
    assert (row.image_before, row.image_after, row.why) == ("x:1", "x-cpu:1", Why.RULES)


def test_an_order_that_go_does_not_keep_cannot_be_told() -> None:
    """More than twelve runtimes of equal priority, age and protocol: 0.10 sorts by name."""
    many = tuple(own(f"r{i:02}", "mine", spec=SAME) for i in range(14))
    found = cluster("0.10.1", isvc("iris", "mine"), own=many, images={})
    row = rows(direct(found, "0.11.2"))["iris"]
    assert (row.image_before, row.why, row.verdict) == ("x:1", Why.UNTOLD, Verdict.CANNOT_TELL)


SAME = {"supportedModelFormats": [{"name": "mine", "autoSelect": True}]}


def test_an_image_is_no_lost_edit_where_nobody_knows_what_was_shipped() -> None:
    found = cluster("0.12.9", isvc("iris"), images={"kserve-sklearnserver": "k/s:v0.12.9"})
    assert rows(direct(found, "0.13.1"))["iris"].why is Why.RELEASED


def test_a_stopped_service_has_no_image_where_the_release_heeds_that() -> None:
    still = isvc("still")
    still["metadata"]["annotations"] = {f"{ANNOTATION}stop": "true"}
    before, after = images(direct(cluster("0.14.1", still, images={}), "0.15.2"))["still"]
    assert (before, after) == ("kserve/sklearnserver:v0.14.1", None)


def test_the_mode_that_0_15_records_is_taken_along() -> None:
    """Where Knative is not installed, 0.16 fails for Deployments that 0.15 recorded."""
    raw = isvc("iris")
    raw["metadata"]["annotations"] = {f"{ANNOTATION}deploymentMode": "RawDeployment"}
    found = replace(cluster("0.14.1", raw, images={}), has_knative=False)
    by_0_15 = way(found, "0.16.0", "0.15.2")
    assert rows(by_0_15[0])["iris"].verdict is Verdict.RESOLVED
    assert rows(by_0_15[1])["iris"].why is Why.NO_IMAGE
    assert rows(direct(found, "0.16.0"))["iris"].verdict is Verdict.RESOLVED


def test_a_runtime_of_a_namespace_stays() -> None:
    mine = own("kserve-sklearnserver")
    found = cluster("0.11.2", isvc("iris"), own=(mine,))
    steps = way(found, "0.14.1")
    assert {row.image_after for step in steps for row in step.rows()} == {"x:1"}
    assert {row.why for step in steps for row in step.rows()} == {Why.NOTHING}


def test_rows_are_of_one_namespace_where_one_is_asked_for() -> None:
    found = cluster("0.11.2", isvc("iris"), isvc("wine", namespace="other"))
    step = direct(found, "0.12.1")
    assert [row.service.name for row in step.rows("other")] == ["wine"]
    assert {row.service.name for row in step.rows()} == {"iris", "wine"}


def test_services_that_are_alike_are_one_change() -> None:
    many = [isvc(f"m{i}", namespace=f"n{i % 5}") for i in range(60)]
    step = direct(cluster("0.11.2", *many), "0.12.1")
    assert [len(refs) for refs in step.changes.values()] == [60]


def test_the_registry_of_mlserver_is_told_like_any_other() -> None:
    found = seven(old("two", protocolVersion="v2", runtimeVersion="0.2.1"), sklearn_v2=MLSERVER)
    row = rows(direct(found, "0.8.0"))["two"]
    assert (row.image_before, row.why) == (f"{MLSERVER}:0.2.1", Why.LOST_OVERRIDE)
