"""Services that are converted where `predictors` is not read any more: each gets what is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.errors import UsageError
from migrate.kserve.releases import parse_release
from migrate.kserve.running import Running
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.objects import ObjectRef
from migrate.operations.model import Holds
from migrate.planning.back.rollback import plan_rollback
from migrate.planning.model.plan import Plan, Severity
from migrate.planning.stock.upgraded import upgraded
from migrate.planning.world.copies import PREPARED_FOR
from migrate.planning.world.snapshot import Snapshot
from tests.planning.clusters import workload
from tests.planning.converting import blocked, converted, copies, found, names, old
from tests.planning.copies import OVER, SKLEARN, cluster, isvc, plan
from tests.planning.test_across import live

LATER = ("0.10.2", "0.11.2", "0.15.2")
"""The releases that take what 0.7 stored; see the last test."""
NEXT = "registry.example.com/ml/next"
RUNS = "registry.example.com/ml/former:v0.7.0"


def after(release: str, *services: dict[str, Any], **runs: str) -> Snapshot:
    """A cluster with services that nobody wrote since 0.7, and what their workloads run."""
    made = cluster(release, *services, images={})
    workloads = {workload(name): Running(image) for name, image in runs.items()}
    return replace(made, workloads={**made.workloads, **workloads})


def late(found_: Snapshot, *sets: str, **options: Any) -> Plan:
    return plan(found_, *sets, convert=True, **options)


def images(made: Plan) -> dict[str, tuple[str | None, str | None]]:
    """The image of each service after the plan, and after its rollback."""
    return {row.service.name: (row.after_plan, row.after_rollback) for row in made.forecast}


@pytest.mark.parametrize("release", LATER)
def test_all_that_are_in_the_framework_form_get_what_the_release_ships(release: str) -> None:
    services = (old("iris"), old("wine", "xgboost"), isvc("modern"))
    made = late(after(release, *services))
    assert converted(made) == ["iris", "wine"]
    assert copies(made) == {}
    assert not made.blocking, made.blocking
    [sklearn, xgboost] = found(made, "KM558")
    assert sklearn.severity is Severity.INFO
    assert "kserve/sklearnserver:v0.7.0 (ClusterServingRuntime" in sklearn.text
    assert "kserve/xgbserver:v0.7.0" in xgboost.text
    assert "--set runtime/NAME=IMAGE" in sklearn.fix
    assert "--from-history" in sklearn.fix
    assert images(made)["iris"] == ("kserve/sklearnserver:v0.7.0",) * 2


def test_the_image_is_awaited_of_who_has_none() -> None:
    """A Knative Service may be there without an image: nothing else tells that it got one."""
    made = late(after("0.10.2", old("iris")))
    waits = [one for stage in made.apply for one in stage.conditions if isinstance(one, Holds)]
    images_of = [one.value for one in waits if one.path.endswith("/image")]
    assert images_of == ["kserve/sklearnserver:v0.7.0"]
    assert {one.target for one in waits} == {waits[0].owner, workload("iris")}


@pytest.mark.parametrize("release", LATER)
def test_a_wanted_image_comes_with_a_copy_and_goes_with_it(release: str) -> None:
    made = late(after(release, old("iris")), f"sklearn={NEXT}:v0.7.0")
    assert copies(made) == {f"team/{SKLEARN}": f"{NEXT}:v0.7.0"}
    assert images(made)["iris"] == (f"{NEXT}:v0.7.0", "kserve/sklearnserver:v0.7.0")
    [told] = found(made, "KM559")
    assert "they get kserve/sklearnserver:v0.7.0 then" in told.text
    assert [one.fix for one in found(made, "KM233")] == ["move one namespace first: -n NAMESPACE"]
    assert not made.blocking, made.blocking


def test_the_rollback_takes_the_copy_and_leaves_the_form() -> None:
    before = after("0.10.2", old("iris"))
    made = late(before, f"sklearn={NEXT}:v0.7.0")
    [created] = made.operations
    done = after("0.10.2", isvc("iris", runtimeVersion="v0.7.0"))
    manifest = created.change.manifest  # type: ignore[union-attr]
    runtimes = Runtimes([*done.runtimes.everywhere, msgspec.convert(manifest, Runtime)])
    done = replace(done, runtimes=runtimes, originals={**done.originals, created.target: manifest})
    back = plan_rollback(made, done, live(done, made))
    assert [op.target for wave in back.waves for op in wave.operations] == [created.target]
    assert back.stays == frozenset()
    assert "KM304" in {one.code for one in back.findings}
    assert [row.after_plan for row in back.forecast] == ["kserve/sklearnserver:v0.7.0"]


@pytest.mark.parametrize("release", LATER)
def test_who_still_runs_something_gets_another_image_only_if_it_is_asked_for(release: str) -> None:
    """Knative's webhook refuses a Service without an image: the former revision stays."""
    before = after(release, old("iris"), old("wine", "xgboost"), iris=RUNS)
    made = late(before)
    assert names(made, "KM557") == ["iris"]
    assert blocked(made) == {"KM557"}
    assert f"and run {RUNS}" in found(made, "KM557")[0].text
    assert names(made, "KM558") == ["wine"]
    asked = late(before, f"sklearn={NEXT}:v0.7.0")
    assert names(asked, "KM557") == []
    assert not asked.blocking
    same = late(before, f"sklearn={RUNS}")
    assert (names(same, "KM557"), names(same, "KM558")) == ([], ["wine"])
    assert images(same)["iris"][0] == RUNS


def test_a_workload_under_its_former_name_counts() -> None:
    """0.16 and later make another workload, whatever is there under the name of 0.10 and before."""
    nameless = old("iris")
    del nameless["spec"]["predictor"]["sklearn"]["name"]
    assert names(late(after("0.16.0", nameless, iris=RUNS)), "KM557") == ["iris"]


@pytest.mark.parametrize("release", LATER)
def test_a_runtime_that_was_prepared_gives_its_image(release: str) -> None:
    before = after(release, old("iris"), iris=RUNS)
    ready = prepared_runtime(before, OVER.replace(":ours", ":v0.7.0"))
    made = late(ready)
    assert copies(made) == {}
    assert names(made, "KM245") == ["iris"]
    assert names(made, "KM557") == []
    assert images(made)["iris"][0] == OVER.replace(":ours", ":v0.7.0")
    assert "prepared ServingRuntime team/" in found(made, "KM245")[0].text


def prepared_runtime(before: Snapshot, image: str) -> Snapshot:
    """The cluster with a ServingRuntime that was made before the upgrade."""
    wide = ObjectRef("serving.kserve.io/v1alpha1", "ClusterServingRuntime", SKLEARN)
    spec = msgspec.json.decode(msgspec.json.encode(before.originals[wide]["spec"]))
    spec["containers"][0]["image"] = image
    meta = {"name": SKLEARN, "namespace": "team", "annotations": {PREPARED_FOR: "0.10.2"}}
    own = msgspec.convert({"metadata": meta, "spec": spec}, Runtime)
    return replace(before, runtimes=Runtimes([*before.runtimes.everywhere, own]))


def test_an_edited_runtime_of_the_cluster_is_copied_as_ever() -> None:
    before = cluster("0.10.2", old("iris"), images={SKLEARN: OVER})
    made = late(before)
    assert copies(made) == {f"team/{SKLEARN}": OVER}
    assert images(made)["iris"][0] == OVER.replace(":ours", ":v0.7.0")


def test_only_those_that_are_selected() -> None:
    services = (old("iris"), old("far", namespace="other"))
    chosen = msgspec.structs.replace(late(after("0.10.2")).options.selection, namespaces=("team",))
    assert converted(late(after("0.10.2", *services), selection=chosen)) == ["iris"]


def test_pins_are_another_plan() -> None:
    with pytest.raises(UsageError, match="--convert does not go with --repin"):
        late(after("0.10.2", old("iris")), f"sklearn={NEXT}:t", repin=True)
    pinned = late(after("0.10.2", old("iris")), f"sklearn={NEXT}:t")
    assert "KM201" in blocked(pinned)


def test_what_the_webhook_of_now_refuses_blocks() -> None:
    """0.16 refuses a container with a name, and 0.7 stored one in every service."""
    assert blocked(late(after("0.16.0", old("iris")))) == {"KM242"}
    nameless = old("iris")
    del nameless["spec"]["predictor"]["sklearn"]["name"]
    assert not late(after("0.16.0", nameless)).blocking


def test_who_has_an_image_on_0_9_has_none_on_0_10() -> None:
    before = after("0.9.0", old("iris"))
    assert converted(late(before)) == []
    later = upgraded(before, parse_release("0.10.2"))
    later = replace(later, workloads={})
    made = late(later)
    assert names(made, "KM558") == ["iris"]
