"""What each step of an upgrade does to the images of services, and why."""

from __future__ import annotations

import itertools

import pytest

from migrate.catalog.runtimes import stock
from migrate.kserve.resolution import Verdict
from migrate.planning.check.waychanges import Why
from migrate.planning.world.snapshot import Snapshot
from tests.planning.converting import GPU, SKLEARN, old
from tests.planning.copies import OVER, cluster, isvc, own
from tests.planning.upgrades import direct, images, installed, names, rows, way, with_cluster
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


def overridden() -> Snapshot:
    """Seven services of 0.7.0 as they were measured, with an image of somebody's own."""
    return seven(*SEVEN, sklearn_v1=SKLEARN)


@pytest.mark.parametrize("target", ["0.8.0", "0.9.0"])
def test_an_override_is_lost_and_pytorch_has_no_image_after_0_7(target: str) -> None:
    step = direct(overridden(), target)
    found = rows(step)
    assert images(step)["iris"] == (f"{SKLEARN}:v0.7.0", "kserve/sklearnserver:v0.7.0")
    assert found["iris"].why is Why.LOST_OVERRIDE
    assert images(step)["torch"] == ("pytorch/torchserve-kfs:0.4.1", ":0.4.1")
    assert (found["torch"].why, found["torch"].verdict) == (Why.NO_IMAGE, Verdict.BROKEN)
    assert {name: images(step)[name] for name in PINNED} == {
        name: (image, image) for name, image in PINNED.items()
    }
    assert {found[name].why for name in PINNED} == {Why.NOTHING}


def test_nothing_changes_from_0_8_to_0_9() -> None:
    """Measured; what was broken stays so, and is not told as if the step did it."""
    _, second = way(overridden(), "0.9.0")
    assert second.name == "0.8.0 to 0.9.0"
    assert {row.why for row in second.rows()} == {Why.NOTHING}
    assert all(before == after for before, after in images(second).values())


def test_0_10_has_no_image_for_whoever_was_never_written() -> None:
    """Measured: all six with a framework field; the one with its own container is left alone."""
    last = way(overridden(), "0.10.2")[-1]
    assert images(last)["own"] == ("o/w:n", "o/w:n")
    rest = {name: after for name, (_, after) in images(last).items() if name != "own"}
    assert rest == dict.fromkeys(("iris", "two", "prices", "torch", "flow", "trees"), "")
    told = {name: row.why for name, row in rows(last).items() if row.why}
    assert told == dict.fromkeys(("iris", "two", "prices", "flow", "trees"), Why.NO_IMAGE)


def test_an_image_of_its_own_stays_under_0_10_and_loses_what_kserve_wrote_beside_it() -> None:
    found = seven(old("mine", image="my/sklearn:1"))
    row = rows(way(found, "0.10.2")[-1])["mine"]
    assert (row.image_before, row.image_after) == ("my/sklearn:1", "my/sklearn:1")
    assert row.why is Why.BARE
    assert row.settings == ("args --http_port, --model_dir, --model_name",)


def test_a_step_begins_where_the_one_before_ended() -> None:
    steps = way(overridden(), "0.20.0")
    assert names(steps)[0] == "0.7.0 to 0.8.0"
    assert names(steps)[-1] == "0.19.0 to 0.20.0"
    for one, other in itertools.pairwise(steps):
        assert one.target == other.origin
        assert {n: after for n, (_, after) in images(one).items()} == {
            n: before for n, (before, _) in images(other).items()
        }


def test_an_edited_cluster_runtime_is_put_back() -> None:
    found = cluster("0.11.2", isvc("iris"), isvc("trees", "lightgbm"))
    told = rows(direct(found, "0.12.1"))
    assert (told["iris"].image_before, told["iris"].image_after) == (
        OVER,
        "kserve/sklearnserver:v0.12.1",
    )
    assert told["iris"].why is Why.LOST_EDIT
    assert told["trees"].image_after == "kserve/lgbserver:v0.12.1"
    assert told["trees"].why is Why.RELEASED


def test_a_runtime_of_somebodys_own_is_lost_where_a_later_release_ships_that_name() -> None:
    formats = [{"name": "huggingface", "autoSelect": True}]
    mine = own("kserve-huggingfaceserver", spec={"supportedModelFormats": formats})
    meta = {"name": "kserve-huggingfaceserver"}
    wide = {**mine, "kind": "ClusterServingRuntime", "metadata": meta}
    found = installed(cluster("0.10.1", isvc("llm", "huggingface"), images={}), wide)
    steps = way(found, "0.13.1")
    assert [rows(step)["llm"].why for step in steps] == [
        Why.NOTHING,
        Why.LOST_EDIT,
        Why.RELEASED,
    ]


def test_an_edit_is_lost_once() -> None:
    steps = way(cluster("0.11.2", isvc("iris")), "0.13.1")
    assert [rows(step)["iris"].why for step in steps] == [Why.LOST_EDIT, Why.RELEASED]


def test_a_variable_of_an_edited_runtime_is_lost_with_the_same_image() -> None:
    found = edited(cluster("0.12.1", isvc("flow", "tensorflow"), images={}))
    row = rows(direct(found, "0.13.1"))["flow"]
    assert (row.image_before, row.image_after) == ("tensorflow/serving:2.6.2",) * 2
    assert (row.why, row.settings, row.other_pods) == (Why.LOST_EDIT, ("env MINE",), True)


def edited(found: Snapshot) -> Snapshot:
    """The same with a variable more in the runtime of tensorflow."""
    return with_cluster(found, "kserve-tensorflow-serving", env=[{"name": "MINE", "value": "1"}])


def test_images_from_a_mirror_are_as_released_and_no_lost_edit() -> None:
    shipped = {one.name: one.origins[0].spec for one in stock("0.11.2")}
    mirror = {n: f"m.example/{spec['containers'][0]['image']}" for n, spec in shipped.items()}
    found = cluster("0.11.2", isvc("iris"), isvc("trees", "lightgbm"), images=mirror)
    assert {row.why for row in direct(found, "0.12.1").rows()} == {Why.RELEASED}
    mine = cluster("0.11.2", isvc("iris"), isvc("trees", "lightgbm"), images=mirror | OURS)
    told = {name: row.why for name, row in rows(direct(mine, "0.12.1")).items()}
    assert told == {"iris": Why.LOST_EDIT, "trees": Why.RELEASED}


OURS = {"kserve-sklearnserver": OVER}


def test_a_pin_behind_another_repository_is_told() -> None:
    found = cluster("0.8.0", isvc("net", "pytorch", runtimeVersion="0.5.3"), images={})
    row = rows(direct(found, "0.9.0"))["net"]
    assert row.image_before == "kserve/torchserve-kfs:0.5.3"
    assert row.image_after == "pytorch/torchserve-kfs:0.5.3"
    assert row.why is Why.PIN


def test_a_protocol_that_is_not_named_means_another_one_from_0_11_on() -> None:
    """Up to 0.10 any runtime of the format may serve it, from 0.11 on only one with v1."""
    mine = own("only-v2", "mine", spec={"protocolVersions": ["v2"]})
    found = cluster("0.10.1", isvc("iris", "mine"), own=(mine,), images={})
    step = direct(found, "0.11.2")
    row = rows(step)["iris"]
    assert (row.protocol_before, row.why, row.verdict) == ("v2", Why.NO_IMAGE, Verdict.BROKEN)


def test_another_runtime_is_told() -> None:
    """0.8 looks at no protocol when it looks for a runtime, 0.9 does."""
    found = cluster("0.8.0", isvc("iris", protocolVersion="v2"), images={})
    row = rows(direct(found, "0.9.0"))["iris"]
    assert row.runtime_before is not None
    assert row.runtime_after is not None
    assert (row.runtime_before.name, row.runtime_after.name) == (
        "kserve-sklearnserver",
        "kserve-mlserver",
    )
    assert (row.why, row.is_other_protocol) == (Why.OTHER_RUNTIME, False)
    assert row.image_after == "docker.io/seldonio/mlserver:1.0.0"


def test_another_protocol_is_told() -> None:
    formats = [{"name": "huggingface", "autoSelect": True}]
    mine = own("mine", spec={"protocolVersions": ["v2"], "supportedModelFormats": formats})
    wide = {**mine, "kind": "ClusterServingRuntime", "metadata": {"name": "mine"}}
    found = installed(cluster("0.10.1", isvc("llm", "huggingface"), images={}), wide)
    row = rows(direct(found, "0.12.1"))["llm"]
    assert (row.protocol_before, row.protocol_after) == ("v2", "v1")
    assert (row.why, row.image_after) == (
        Why.OTHER_RUNTIME,
        "kserve/huggingfaceserver:v0.12.1",
    )


def test_who_names_no_protocol_and_is_served_by_v2_alone_has_no_runtime_from_0_11_on() -> None:
    found = cluster("0.10.1", isvc("a", "triton"), isvc("b", "mlflow"), images={})
    step = direct(found, "0.11.2")
    assert {row.why for row in step.rows()} == {Why.NO_IMAGE}
    # Nothing is written, so no pod is replaced.
    assert not any(row.other_pods for row in step.rows())
