"""Former images wanted back for services in the framework form, which have to be written for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from migrate.planning.model.desired import Selection
from tests.planning.converting import (
    MLSERVER,
    REGISTRY,
    SKLEARN,
    blocked,
    converted,
    copies,
    found,
    names,
    old,
    upgraded,
)
from tests.planning.copies import SKLEARN as RUNTIME
from tests.planning.copies import cluster, isvc
from tests.planning.formerly import INTO, after_upgrade, brought, former_of, lots, texts


@pytest.mark.parametrize("release", ["0.9.0", "0.10.2", "0.15.2"])
def test_converted_services_get_their_image_from_a_runtime(release: str) -> None:
    services = [old("iris"), old("far", namespace="other"), old("prices", "xgboost")]
    before = upgraded("0.7.0", *services, sklearn_v1=SKLEARN)
    made = brought(after_upgrade(before, release), former_of(before), convert=True, **INTO)
    images = lots(made)
    assert images["iris"] == images["far"] == (f"{SKLEARN}:v0.7.0",) * 2
    assert {"far", "iris"} <= set(converted(made))
    assert {f"team/{RUNTIME}", f"other/{RUNTIME}"} <= set(copies(made))
    assert blocked(made) == set()
    assert not found(made, "KM245")


@pytest.mark.parametrize("how", [{}, INTO], ids=["in place", "to runtimes"])
def test_who_has_no_image_until_it_is_written_is_told_with_what_helps(how: dict[str, Any]) -> None:
    before = upgraded("0.9.0", old("iris"), sklearn_v1=SKLEARN)
    made = brought(after_upgrade(before, "0.10.2"), former_of(before), **how)
    assert names(made, "KM539") == ["iris"]
    assert "--to-runtimes --convert" in found(made, "KM539")[0].fix
    assert not found(made, "KM533")
    assert "0 of 1 service" in texts(made, "KM530")


def test_who_is_not_selected_is_not_told_of_its_image() -> None:
    before = upgraded("0.9.0", old("iris"), old("far", namespace="other"), sklearn_v1=SKLEARN)
    now = after_upgrade(before, "0.10.2")
    made = brought(now, former_of(before), selection=Selection(namespaces=("team",)), **INTO)
    assert names(made, "KM539") == ["iris"]


def test_an_image_of_another_server_does_not_come_back() -> None:
    """0.7 served onnx with the server of ONNX, later releases with Triton."""
    before = upgraded("0.7.0", old("net", "onnx"), onnx=f"{REGISTRY}/server")
    made = brought(after_upgrade(before, "0.10.2"), former_of(before), convert=True, **INTO)
    assert (made.operations, converted(made)) == ((), ["net"])
    assert "is an image of server, and runtime kserve-tritonserver" in texts(made, "KM532")
    assert names(made, "KM533") == ["net"]


def test_who_would_get_what_only_others_had_blocks_the_plan() -> None:
    """Under 0.9 the override was in `predictors`, and the runtime of the others was stock."""
    services = [old("iris"), isvc("new", protocolVersion="v1")]
    before = upgraded("0.9.0", *services, sklearn_v1=SKLEARN)
    now = after_upgrade(before, "0.10.2")
    made = brought(now, former_of(before), convert=True, **INTO)
    assert names(made, "KM537") == ["new"]
    assert "KM537" in blocked(made)
    [there] = found(made, "KM537")
    [in_place] = found(brought(now, former_of(before)), "KM537")
    told = [("--to-runtimes" in one.fix, "--accept KM537" in one.fix) for one in (there, in_place)]
    assert told == [(False, True), (True, True)]
    apart = brought(now, former_of(before), accept=("KM537=team/new",), convert=True, **INTO)
    assert "KM537" not in blocked(apart)


def test_no_way_out_is_told_that_is_refused_beside_what_was_asked() -> None:
    """--set and a plan without the source are refused, or would give another image."""
    before = upgraded("0.9.0", old("iris"), sklearn_v1=SKLEARN)
    now = replace(after_upgrade(before, "0.10.2"), workloads={})
    [first] = found(brought(now, former_of(before), convert=True, **INTO), "KM558")
    [broken] = found(brought(now, former_of(before)), "KM209")
    assert (first.fix, "kmigrate plan" in broken.fix) == ("", False)
    assert "--to-runtimes --convert" in broken.fix


def test_in_their_own_namespaces_nobody_else_is_reached() -> None:
    services = [old("iris"), isvc("new", protocolVersion="v1", namespace="other")]
    before = upgraded("0.9.0", *services, sklearn_v1=SKLEARN)
    now = after_upgrade(before, "0.10.2")
    assert names(brought(now, former_of(before)), "KM537") == ["new"]
    apart = brought(now, former_of(before), convert=True, **INTO)
    assert blocked(apart) == set()
    assert lots(apart)["iris"] == (f"{SKLEARN}:v0.7.0",) * 2


def test_who_came_since_elsewhere_is_neither_converted_nor_reached() -> None:
    before = upgraded("0.7.0", old("iris"), sklearn_v1=SKLEARN)
    later = upgraded("0.9.0", old("iris"), old("late", namespace="later"))
    made = brought(later, former_of(before), convert=True, **INTO)
    assert converted(made) == ["iris"]
    assert set(copies(made)) == {f"team/{RUNTIME}"}


@pytest.mark.parametrize("release", ["0.10.2", "0.15.2"])
def test_one_command_gives_an_image_to_everybody_without_one(release: str) -> None:
    """Who had one that was set gets that, all others what the release ships for their pin."""
    services = [
        old("iris"),
        old("two", protocolVersion="v2", runtimeVersion="0.2.1"),
        old("trees", "lightgbm"),
        old("torch", "pytorch", runtimeVersion="0.4.1"),
    ]
    before = upgraded("0.9.0", *services, sklearn_v1=SKLEARN, sklearn_v2=MLSERVER)
    now = after_upgrade(before, release)
    made = brought(now, former_of(before), convert=True, **INTO)
    assert blocked(made) == set()
    assert converted(made) == ["iris", "torch", "trees", "two"]
    assert lots(made) == {
        "iris": (f"{SKLEARN}:v0.7.0",) * 2,
        "two": (f"{MLSERVER}:0.2.1",) * 2,
        "trees": (UNSET, "kserve/lgbserver:v0.7.0"),
        "torch": (UNSET, "pytorch/torchserve-kfs:0.4.1"),
    }
    assert not found(made, "KM539")


def test_who_has_no_image_is_written_though_nothing_was_set() -> None:
    """And what is set for the cluster now stays where it is: nobody asked for copies of it."""
    services = [old("iris"), isvc("new", protocolVersion="v1")]
    before, now = upgraded("0.9.0", *services), cluster("0.10.2", *services)
    made = brought(now, former_of(before), convert=True, **INTO)
    assert (made.operations, converted(made)) == ((), ["iris"])
    assert not brought(now, former_of(before), **INTO).has_work


def test_a_backup_of_the_configmap_alone_tells_whom_it_does_not_reach() -> None:
    """It tells of no service what it ran; the runtime comes back, and gives nobody an image yet."""
    before = upgraded("0.9.0", old("iris"), old("far"), sklearn_v1=SKLEARN)
    alone = msgspec.structs.replace(former_of(before), services=())
    now = after_upgrade(before, "0.10.2")
    made = brought(now, alone)
    assert [op.target.name for op in made.operations] == [RUNTIME]
    assert f"it comes back as runtime/{RUNTIME}, for 2 services once written" in texts(
        made, "KM531"
    )
    assert names(made, "KM531") == []
    assert names(made, "KM539") == ["far", "iris"]
    written = brought(now, alone, convert=True, **INTO)
    assert "once written" not in texts(written, "KM531")
    assert names(written, "KM531") == ["far", "iris"]
    assert {after for _, after in lots(written).values()} == {f"{SKLEARN}:v0.7.0"}
    assert not found(written, "KM539")
