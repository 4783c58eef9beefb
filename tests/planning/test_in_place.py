"""Plans for `predictors`: what is done, what becomes of whom, and what is found."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from migrate.errors import BlockedError, UsageError
from migrate.kserve.metadata import Metadata
from migrate.operations.model import Direction, Patch
from migrate.planning.model.plan import Outlook
from tests.planning.clusters import (
    GPU,
    IRIS,
    NOW,
    STOCK,
    codes,
    lot,
    plan,
    service,
    snapshot,
)


def test_a_new_repository_moves_who_uses_it() -> None:
    made = plan(snapshot(IRIS, images=NOW), "sklearn=r/s:v0.7.0")
    old, new = "kserve/sklearnserver:v0.7.0", "r/s:v0.7.0"
    assert lot(made, "iris") == (Outlook.CHANGES, old, new, old)
    assert codes(made) == {}
    (stage,) = made.apply
    assert [c.target.name for c in stage.conditions] == [
        "kserve-controller-manager",
        "iris-predictor-default",
    ]


def test_without_images_nothing_is_done_and_everything_told() -> None:
    made = plan(snapshot(IRIS, images={"iris": "old/image:1"}))
    assert (made.operations, made.apply, made.seals) == ((), (), ())
    assert lot(made, "iris")[0] is Outlook.CHANGES_ANYWAY
    assert codes(made) == {"KM202": ["iris"]}
    assert {row.entry: row.image for row in made.images}["pytorch/v2/gpu"] == (
        "pytorch/torchserve-kfs:0.4.1-gpu"
    )


def test_what_is_set_already_is_not_set_again() -> None:
    made = plan(snapshot(IRIS, images=NOW), "sklearn=kserve/sklearnserver:v0.7.0")
    assert made.operations == ()
    assert made.apply == ()


def test_what_is_set_but_has_not_acted_yet_is_restarted() -> None:
    made = plan(snapshot(IRIS, images={"iris": "x/y:z"}), "sklearn=kserve/sklearnserver:v0.7.0")
    assert made.operations == ()
    (stage,) = made.apply
    assert stage.activations


def test_predictors_is_sealed_also_where_only_pins_move() -> None:
    """Everybody follows all of it at the restart, so an edit in between must be noticed."""
    moved = json.loads(json.dumps(STOCK))
    moved["sklearn"]["v1"] = {"image": "r/s", "defaultImageVersion": "t"}
    made = plan(snapshot(IRIS, predictors=moved), "sklearn=r/s:t", repin=True)
    assert [op.target.name for op in made.operations] == ["iris"]
    (seal,) = made.seals
    assert seal.before == seal.after


def test_repin_puts_the_config_map_first_in_both_directions() -> None:
    found = snapshot(service("b", sklearn={"runtimeVersion": "v1"}), IRIS, images=NOW)
    made = plan(found, "sklearn=r/s:t", repin=True)
    for direction in Direction:
        (wave,) = made.waves(direction)
        assert [op.target.name for op in wave.operations] == [
            "inferenceservice-config",
            "b",
            "iris",
        ]
    assert lot(made, "iris")[2] == lot(made, "b")[2] == "r/s:t"
    assert "KM201" not in codes(made)


def test_an_unpinned_service_that_was_reconciled_is_broken_and_left_alone() -> None:
    """KServe 0.7 dereferences nil for it; a pin of ours would be another's decision."""
    made = plan(snapshot(service("raw", sklearn={})), "sklearn=r/s:t", repin=True)
    assert [op.target.name for op in made.operations] == ["inferenceservice-config"]
    assert lot(made, "raw")[0] is Outlook.BROKEN
    assert codes(made)["KM209"] == ["raw"]
    (told,) = (one for one in made.findings if one.code == "KM209")
    assert told.fix == ""


def test_a_service_that_waits_for_its_first_reconcile_gets_the_new_tag() -> None:
    new = msgspec.structs.replace(
        service("new", sklearn={}),
        metadata=msgspec.convert({"name": "new", "namespace": "team"}, type=Metadata),
    )
    made = plan(snapshot(new), "sklearn=r/s:t")
    assert lot(made, "new")[1:3] == ("kserve/sklearnserver:v0.7.0", "r/s:t")


@pytest.mark.parametrize(
    ("spec", "entry"),
    [
        ({"sklearn": {"runtimeVersion": "0.2.1", "protocolVersion": "v2"}}, "sklearn/v2"),
        ({"pytorch": {"runtimeVersion": "v0.7.0", "modelClassName": "Net"}}, "pytorch/v1"),
        ({"pytorch": {"runtimeVersion": "0.4.1"}}, "pytorch/v2"),
        ({"pytorch": {"runtimeVersion": "0.4.1-gpu", **GPU}}, "pytorch/v2/gpu"),
        ({"tensorflow": {"runtimeVersion": "1.14.0"}}, "tensorflow"),
        ({"tensorflow": {"runtimeVersion": "1.14.0-gpu", **GPU}}, "tensorflow/gpu"),
    ],
)
def test_repin_finds_the_entry_that_a_service_uses(spec: dict[str, Any], entry: str) -> None:
    tag = "t-gpu" if entry.endswith("gpu") else "t"
    sets = [f"{entry}=r/s:{tag}"]
    if entry.endswith("/gpu"):
        sets.append(f"{entry.removesuffix('/gpu')}=r/s:t")
    made = plan(snapshot(service("s", **spec)), *sets, repin=True)
    assert lot(made, "s")[2] == f"r/s:{tag}"


def test_gpu_tags_are_separate() -> None:
    gpu = service("gpu", tensorflow={"runtimeVersion": "1.14.0-gpu", **GPU})
    made = plan(snapshot(gpu), "tensorflow=r/tf:1.15", repin=True)
    assert lot(made, "gpu")[2] == "r/tf:1.14.0-gpu"
    assert codes(made)["KM204"] == ["gpu"]
    assert len(made.operations) == 1


def test_a_pin_that_the_webhook_would_refuse_is_not_moved() -> None:
    gpu = service("gpu", tensorflow={"runtimeVersion": "1.14.0-gpu", **GPU})
    sets = ("tensorflow=r/tf:1.15", "tensorflow/gpu=r/tf:1.15-cuda")
    made = plan(snapshot(gpu), *sets, repin=True)
    assert [op.target.name for op in made.operations] == ["inferenceservice-config"]
    (finding,) = [f for f in made.findings if f.code == "KM201"]
    assert finding.blocks
    assert "-gpu" in finding.fix


def test_who_names_an_image_keeps_it() -> None:
    own = service("own", sklearn={"runtimeVersion": "v0.7.0", "image": "mine:1"})
    made = plan(snapshot(own, images={"own": "mine:1"}), "sklearn=r/s:t")
    assert lot(made, "own") == (Outlook.NOT_AFFECTED, "mine:1", "mine:1", "mine:1")
    assert codes(made) == {"KM207": [], "KM208": ["own"]}


def test_a_container_of_ones_own_is_not_affected() -> None:
    custom = service("custom", containers=[{"name": "kserve-container", "image": "mine:1"}])
    made = plan(snapshot(custom, images={"custom": "mine:1"}), "sklearn=r/s:t")
    assert lot(made, "custom")[0] is Outlook.NOT_AFFECTED


def test_the_model_form_is_never_called_unchanged() -> None:
    model = service("m", model={"modelFormat": {"name": "sklearn"}})
    made = plan(snapshot(model, images={"m": "x:1"}, release="0.9.0"), "sklearn=r/s:t")
    assert lot(made, "m") == (Outlook.BROKEN, None, None, None)
    assert codes(made)["KM209"] == ["m"]
    assert "KM205" in codes(made)


@pytest.mark.parametrize("release", ["0.8.0", "0.9.0"])
def test_pytorch_nested_where_it_is_read_flat(release: str) -> None:
    torch = service("torch", pytorch={"runtimeVersion": "0.4.1"})
    found = snapshot(torch, release=release)
    assert lot(plan(found), "torch")[:2] == (Outlook.BROKEN, ":0.4.1")
    made = plan(found, "pytorch=r/torch:0.4.1")
    assert lot(made, "torch")[2] == "r/torch:0.4.1"
    assert "KM110" in codes(made)


@pytest.mark.parametrize("release", ["0.8.0", "0.9.0"])
def test_pins_cannot_be_moved_where_a_write_converts(release: str) -> None:
    with pytest.raises(BlockedError, match="converts a service"):
        plan(snapshot(IRIS, release=release), "sklearn=r/s:t", repin=True)
    made = plan(snapshot(IRIS, release=release), "sklearn=r/s:t")
    (finding,) = [f for f in made.findings if f.code == "KM201"]
    assert "--repin" not in finding.fix


def test_a_missing_entry_is_written_whole_and_taken_away_again() -> None:
    text = '{\r\n "xgboost" : {"v1": {"image":"x"},"v2":{}} }'
    found = snapshot(IRIS, predictors=text)
    made = plan(found, "sklearn=r/s:v0.7.0")
    assert lot(made, "iris")[1:] == (None, "r/s:v0.7.0", None)
    (operation,) = made.operations
    assert isinstance(operation.change, Patch)
    (edit,) = operation.change.edits
    assert (edit.within, edit.before) == ("/sklearn", msgspec.UNSET)
    assert "KM111" in codes(made)


def test_without_a_controller_nothing_can_be_done() -> None:
    made = plan(snapshot(IRIS, controllers=()), "sklearn=r/s:v0.7.0")
    assert [f.code for f in made.blocking] == ["KM103"]


@pytest.mark.parametrize(
    ("accept", "blocked"),
    [
        ((), True),
        (("KM201",), False),
        (("KM201=team/iris",), True),
        (("KM201=team/iris", "KM201=team/other"), False),
        (("KM202",), True),
    ],
)
def test_accepting_a_finding_or_its_objects(accept: tuple[str, ...], blocked: bool) -> None:
    other = service("other", sklearn={"runtimeVersion": "v0.7.0"})
    made = plan(snapshot(IRIS, other), "sklearn=r/s:t", accept=accept)
    assert bool(made.blocking) is blocked


def test_equal_clusters_give_equal_plans() -> None:
    found = snapshot(IRIS, service("b", xgboost={"runtimeVersion": "v0.7.0"}), images=NOW)
    turned = snapshot(*reversed(list(found.services.values())), images=NOW)
    assert plan(found, "sklearn=r/s:v0.7.0").digest == plan(turned, "sklearn=r/s:v0.7.0").digest


def test_one_entry_under_two_names_cannot_want_two_images() -> None:
    with pytest.raises(UsageError, match="sklearn/v1 is wanted as r/a:1 and as r/b:2"):
        plan(snapshot(IRIS), "sklearn=r/a:1", "sklearn/v1=r/b:2")
    assert plan(snapshot(IRIS), "sklearn=r/a:1", "sklearn/v1=r/a:1").operations
