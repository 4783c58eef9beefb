"""Former images wanted back after an upgrade: for each service, in the terms of the new release."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from migrate.kserve.shapes import Services
from migrate.objects import value_at
from migrate.operations.model import Create
from migrate.planning.changed import carried_out
from migrate.planning.desired import Options, Selection, without_release
from migrate.planning.formerof import FormerOf
from migrate.planning.make import make_plan
from migrate.planning.plan import Plan
from migrate.planning.strategy import Scope, Strategy
from migrate.planning.worlds import world_of
from tests.planning.converting import (
    GPU,
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
from tests.planning.copies import OVER, cluster, isvc, reconciled
from tests.planning.copies import SKLEARN as RUNTIME
from tests.planning.formerly import after_upgrade, brought, former_of, lots

INTO: dict[str, Any] = {"strategy": Strategy.TO_RUNTIMES}
UPGRADES = (("0.8.0", "0.9.0"), ("0.9.0", "0.10.2"), ("0.15.2", "0.16.0"), ("0.16.0", "0.20.0"))


def texts(made: Plan, code: str) -> str:
    return " | ".join(one.text for one in found(made, code))


@pytest.mark.parametrize("upgrade", UPGRADES)
@pytest.mark.parametrize("how", [{}, INTO], ids=["in place", "to runtimes"])
def test_an_edited_runtime_comes_back(upgrade: tuple[str, str], how: dict[str, Any]) -> None:
    services = [isvc("iris", protocolVersion="v1"), isvc("prices", "xgboost")]
    before = cluster(upgrade[0], *services)
    now = after_upgrade(before, upgrade[1])
    assert {row.image for row in now.workloads.values()}.isdisjoint({OVER})
    made = brought(now, former_of(before), **how)
    stock = f"kserve/xgbserver:v{upgrade[1]}"
    assert lots(made) == {"iris": (OVER, OVER), "prices": (UNSET, stock)}
    assert blocked(made) == set()
    assert names(made, "KM534") == ["prices"]
    assert f"runtime/{RUNTIME} was {OVER}" in texts(made, "KM531")
    assert "1 of 1 service" in texts(made, "KM530")
    is_create = [isinstance(op.change, Create) for op in made.operations]
    assert is_create == [bool(how)] * len(is_create)
    assert is_create


def test_stock_comes_back_when_it_is_asked_for_and_only_where_it_is_used() -> None:
    before = cluster("0.15.2", isvc("prices", "xgboost"), images={})
    now = after_upgrade(before, "0.16.0")
    assert not brought(now, former_of(before)).has_work
    made = brought(now, former_of(before), with_stock=True)
    assert lots(made) == {"prices": ("kserve/xgbserver:v0.15.2",) * 2}
    assert [op.target.name for op in made.operations] == ["kserve-xgbserver"]


@pytest.mark.parametrize("how", [{}, INTO], ids=["in place", "to runtimes"])
def test_without_anything_to_bring_back_no_strategy_does_a_thing(how: dict[str, Any]) -> None:
    """--to-runtimes alone would move whatever is overridden now."""
    before = cluster("0.15.2", isvc("iris", protocolVersion="v1"), images={})
    now = cluster("0.16.0", isvc("iris", protocolVersion="v1"))
    made = brought(now, former_of(before), **how)
    assert not made.has_work
    assert made.options.strategy is how.get("strategy", Strategy.IN_PLACE)
    assert "0 of 0 services" in texts(made, "KM530")


def test_variables_and_flags_come_back_and_the_rest_is_told() -> None:
    before = cluster("0.15.2", isvc("iris", protocolVersion="v1"), images={})
    ref, manifest = next((r, m) for r, m in before.originals.items() if r.name == RUNTIME)
    container = manifest["spec"]["containers"][0]
    container |= {
        "env": [{"name": "A", "value": "1"}, {"name": "S", "valueFrom": {"fieldRef": {}}}],
        "args": [*container["args"], "--workers", "2"],
        "workingDir": "/srv",
    }
    before = carried_out(replace(before, originals={**before.originals, ref: manifest}), ())
    made = brought(after_upgrade(before, "0.16.0"), former_of(before))
    (operation,) = made.operations
    paths = {edit.path.rpartition("/")[2] for edit in operation.change.edits}  # type: ignore[union-attr]
    assert paths == {"env", "args"}
    (wanted,) = made.options.images
    assert (wanted.image, [v.name for v in wanted.env], wanted.args) == (
        "",
        ["A"],
        ("--workers=2",),
    )
    assert "env S, workingDir" in texts(made, "KM532")
    assert lots(made) == {"iris": (UNSET, "kserve/sklearnserver:v0.16.0")}


@pytest.mark.parametrize("release", ["0.8.0", "0.9.0"])
def test_predictors_come_back_for_services_in_the_framework_form(release: str) -> None:
    services = [old("iris"), old("two", protocolVersion="v2"), old("prices", "xgboost")]
    before = upgraded("0.7.0", *services, sklearn_v1=SKLEARN, sklearn_v2=MLSERVER)
    now = after_upgrade(before, release)
    made = brought(now, former_of(before))
    assert lots(made) == {
        "iris": (f"{SKLEARN}:v0.7.0",) * 2,
        "two": (f"{MLSERVER}:v0.7.0",) * 2,
        "prices": (UNSET, "kserve/xgbserver:v0.7.0"),
    }
    assert [op.target.kind for op in made.operations] == ["ConfigMap"]
    assert blocked(made) == set()


def test_a_pin_that_makes_the_former_image_is_no_error() -> None:
    """The tag of the entry is another one than that of its services, then as now."""
    one = old("iris", runtimeVersion="v0.6.1")
    before = upgraded("0.7.0", one, sklearn_v1=SKLEARN)
    made = brought(after_upgrade(before, "0.9.0"), former_of(before))
    assert lots(made) == {"iris": (f"{SKLEARN}:v0.6.1",) * 2}
    assert not found(made, "KM201")


def test_a_pin_that_came_since_is_told() -> None:
    before = upgraded("0.7.0", old("iris"), sklearn_v1=SKLEARN)
    now = after_upgrade(before, "0.9.0")
    moved = upgraded("0.9.0", old("iris", runtimeVersion="v0.6.1"))
    made = brought(replace(now, services=moved.services), former_of(before))
    assert lots(made) == {"iris": (f"{SKLEARN}:v0.7.0", f"{SKLEARN}:v0.6.1")}
    assert names(made, "KM533") == names(made, "KM201") == ["iris"]
    assert "another tag" in texts(made, "KM533")
    assert blocked(made) == set()


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
    assert "0 of 1 service" in texts(made, "KM530")


def test_an_entry_that_names_no_image_any_more_comes_back_though_it_was_stock() -> None:
    """0.8 and 0.9 ship `pytorch` in a shape that they do not read."""
    one = old("torch", "pytorch", runtimeVersion="0.4.1")
    before = upgraded("0.7.0", one)
    now = after_upgrade(before, "0.9.0")
    assert {row.image for row in now.workloads.values()} == {":0.4.1"}
    made = brought(now, former_of(before))
    assert lots(made) == {"torch": ("pytorch/torchserve-kfs:0.4.1",) * 2}


def test_an_image_of_another_server_does_not_come_back() -> None:
    """0.7 served onnx with the server of ONNX, later releases with Triton."""
    before = upgraded("0.7.0", old("net", "onnx"), onnx=f"{REGISTRY}/server")
    made = brought(after_upgrade(before, "0.10.2"), former_of(before), convert=True, **INTO)
    assert not made.has_work
    assert "is an image of server, and runtime kserve-tritonserver" in texts(made, "KM532")


def test_two_entries_that_meet_in_one_runtime_are_ambiguous() -> None:
    v2 = {"protocolVersion": "v2"}
    services = [old("a", **v2), old("b", "xgboost", **v2)]
    other = f"{REGISTRY}/other"
    before = upgraded("0.7.0", *services, sklearn_v2=MLSERVER, xgboost_v2=other)
    now = after_upgrade(before, "0.9.0")
    made = brought(now, former_of(before), convert=True, **INTO)
    assert not made.has_work
    assert "its services share runtime kserve-mlserver" in texts(made, "KM532")
    assert lots(brought(now, former_of(before)))["b"] == (f"{other}:v0.7.0",) * 2


def test_two_entries_of_pytorch_cannot_both_come_back_where_there_is_one() -> None:
    services = [
        old("plain", "pytorch", runtimeVersion="0.4.1"),
        old("classy", "pytorch", modelClassName="Net"),
    ]
    set_ = {"pytorch_v1": f"{REGISTRY}/one", "pytorch_v2": f"{REGISTRY}/two"}
    before = upgraded("0.7.0", *services, **set_)
    assert {one.entry for one in former_of(before).services} == {"pytorch/v1", "pytorch/v2"}
    made = brought(after_upgrade(before, "0.9.0"), former_of(before))
    assert not made.has_work
    assert texts(made, "KM532").count("KServe 0.9 has one image for pytorch") == 4


def test_what_a_runtime_itself_had_comes_before_what_predictors_had() -> None:
    """Both were set on 0.9: for services in the framework form, and for those in the model form."""
    other = f"{REGISTRY}/other:1"
    services = [old("iris"), isvc("new", protocolVersion="v1")]
    set_: dict[str, Any] = {"sklearn_v1": SKLEARN, "runtimes": {RUNTIME: other}}
    before = upgraded("0.9.0", *services, **set_)
    now = after_upgrade(before, "0.10.2")
    made = brought(now, former_of(before), convert=True, **INTO)
    assert lots(made)["new"] == (other, other)
    assert f"share runtime {RUNTIME}, and it comes back with {other}" in texts(made, "KM532")
    both = brought(upgraded("0.9.0", *services), former_of(before))
    assert lots(both) == {"iris": (f"{SKLEARN}:v0.7.0",) * 2, "new": (other, other)}


def test_with_pins_only_the_repository_must_be_the_same() -> None:
    """The tags of the entries and of the runtime differ, and reach nobody who has a pin."""
    v2 = {"protocolVersion": "v2"}
    services = [old("a", **v2), old("b", "xgboost", **v2), old("iris")]
    repositories = {"sklearn_v2": MLSERVER, "xgboost_v2": MLSERVER, "sklearn_v1": SKLEARN}
    set_: dict[str, Any] = {**repositories, "runtimes": {RUNTIME: f"{SKLEARN}:ours"}}
    before = upgraded("0.9.0", *services, **set_)
    made = brought(after_upgrade(before, "0.10.2"), former_of(before), convert=True, **INTO)
    assert lots(made) == {
        "a": (f"{MLSERVER}:v0.7.0",) * 2,
        "b": (f"{MLSERVER}:v0.7.0",) * 2,
        "iris": (f"{SKLEARN}:v0.7.0",) * 2,
    }
    assert not found(made, "KM532")


def test_variables_of_a_runtime_and_an_image_of_predictors_come_back_in_one() -> None:
    before = upgraded("0.9.0", old("iris"), sklearn_v1=SKLEARN)
    ref = next(ref for ref in before.originals if ref.name == RUNTIME)
    manifest = before.originals[ref]
    manifest["spec"]["containers"][0]["env"] = [{"name": "A", "value": "1"}]
    before = replace(before, originals={**before.originals, ref: manifest})
    made = brought(after_upgrade(before, "0.10.2"), former_of(before))
    (wanted,) = made.options.images
    assert (wanted.runtime, [one.name for one in wanted.env]) == (RUNTIME, ["A"])
    assert wanted.image.startswith(SKLEARN)


def test_what_was_not_lost_is_no_wish() -> None:
    before = upgraded("0.9.0", old("iris"), sklearn_v1=SKLEARN)
    made = brought(before, former_of(before))
    assert (made.has_work, found(made, "KM531")) == (False, [])
    assert "1 of 1 service" in texts(made, "KM530")


def test_who_had_not_taken_up_what_was_set_is_told() -> None:
    before = upgraded("0.9.0", old("iris"), sklearn_v1=SKLEARN)
    stock = "kserve/sklearnserver:v0.7.0"
    ran = dict.fromkeys(before.services, stock)
    now = after_upgrade(before, "0.9.0")
    made = brought(now, former_of(before, ran=ran))
    assert lots(made) == {"iris": (stock, f"{SKLEARN}:v0.7.0")}
    assert "was set then as well, and had not reached them" in texts(made, "KM533")


def test_who_would_get_what_only_others_had_blocks_the_plan() -> None:
    """Under 0.9 the override was in `predictors`, and the runtime of the others was stock."""
    services = [old("iris"), isvc("new", protocolVersion="v1")]
    before = upgraded("0.9.0", *services, sklearn_v1=SKLEARN)
    now = after_upgrade(before, "0.10.2")
    made = brought(now, former_of(before), convert=True, **INTO)
    assert names(made, "KM537") == ["new"]
    assert "KM537" in blocked(made)
    apart = brought(now, former_of(before), accept=("KM537=team/new",), convert=True, **INTO)
    assert "KM537" not in blocked(apart)


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


def test_where_no_service_of_then_is_known_a_runtime_comes_back_for_all() -> None:
    """A backup may have no more than runtimes."""
    services = [isvc("iris", protocolVersion="v1"), isvc("far", namespace="other")]
    before = cluster("0.15.2", *services)
    alone = msgspec.structs.replace(former_of(before), services=())
    made = brought(after_upgrade(before, "0.16.0"), alone, **INTO)
    assert {f"team/{RUNTIME}", f"other/{RUNTIME}"} <= set(copies(made))


def test_who_has_another_runtime_now_is_told_once() -> None:
    """0.8 took a runtime whatever the protocol; 0.9 looks at that, too."""
    before = cluster("0.8.0", isvc("two", protocolVersion="v2"))
    made = brought(after_upgrade(before, "0.9.0"), former_of(before))
    assert names(made, "KM533") == ["two"]
    assert "ClusterServingRuntime kserve-mlserver decides about it" in texts(made, "KM533")
    assert not found(made, "KM534")


def test_runtimes_of_their_own_can_have_the_former_image() -> None:
    before = cluster("0.15.2", isvc("iris", protocolVersion="v1"), isvc("prices", "xgboost"))
    now = after_upgrade(before, "0.16.0")
    made = brought(now, former_of(before), scope=Scope.SERVICE, **INTO)
    assert lots(made)["iris"] == (OVER, OVER)
    assert {op.target.kind for op in made.operations} == {"ServingRuntime", "InferenceService"}


def test_who_has_a_runtime_of_its_namespace_with_its_image_needs_nothing_of_the_cluster() -> None:
    """So it is where a plan for the upgrade came before it."""
    services = [isvc("iris", protocolVersion="v1"), isvc("far", namespace="other")]
    before = cluster("0.15.2", *services)
    now = after_upgrade(before, "0.16.0")
    own = brought(now, former_of(before), **INTO)
    held = reconciled(carried_out(now, own.operations))
    made = brought(held, former_of(before))
    assert not made.has_work
    assert lots(made) == {"iris": (OVER, OVER), "far": (OVER, OVER)}
    assert not found(made, "KM531")
    in_part = [op for op in own.operations if op.target.namespace == "other"]
    half = brought(reconciled(carried_out(now, in_part)), former_of(before))
    assert [op.target.name for op in half.operations] == [RUNTIME]


def test_each_runtime_is_written_for_what_is_set_in_it() -> None:
    before = cluster("0.15.2", isvc("iris", protocolVersion="v1"), isvc("prices", "xgboost"))
    made = brought(after_upgrade(before, "0.16.0"), former_of(before), with_stock=True)
    reasons = {op.target.name: op.reason for op in made.operations}
    assert reasons == {
        name: f"set the image of runtime/{name}" for name in (RUNTIME, "kserve-xgbserver")
    }


def test_predictors_and_runtimes_are_told_apart_where_both_count() -> None:
    """On 0.9 a wish for a format is one for both; what was set in one comes back there alone."""
    services = [old("iris"), isvc("new", protocolVersion="v1")]
    before = upgraded("0.9.0", *services, sklearn_v1=SKLEARN)
    made = brought(upgraded("0.9.0", *services), former_of(before))
    stock = "kserve/sklearnserver:v0.9.0"
    assert lots(made)["new"] == (UNSET, stock)
    assert lots(made)["iris"] == (f"{SKLEARN}:v0.7.0",) * 2
    assert [op.target.kind for op in made.operations] == ["ConfigMap"]
    assert made.options.former == FormerOf("checkpoint before", predictors=("sklearn/v1",))


def test_gpu_tags_come_back_with_their_repository() -> None:
    one = old("flow", "tensorflow", runtimeVersion="1.14.0-gpu", resources=GPU)
    before = upgraded("0.7.0", one, tensorflow=f"{REGISTRY}/serving")
    made = brought(after_upgrade(before, "0.9.0"), former_of(before))
    assert lots(made) == {"flow": (f"{REGISTRY}/serving:1.14.0-gpu",) * 2}


def test_a_gpu_tag_alone_takes_the_other_one_along() -> None:
    """As history infers it: `predictors` have one repository for both."""
    one = old("flow", "tensorflow", runtimeVersion="1.14.0-gpu", resources=GPU)
    before = upgraded("0.7.0", one, tensorflow=f"{REGISTRY}/serving")
    whole = former_of(before)
    images = tuple(image for image in whole.images if image.entry == "tensorflow/gpu")
    made = brought(after_upgrade(before, "0.9.0"), msgspec.structs.replace(whole, images=images))
    assert lots(made) == {"flow": (f"{REGISTRY}/serving:1.14.0-gpu",) * 2}
    assert {str(wish): wish.image for wish in made.options.images} == {
        "tensorflow": f"{REGISTRY}/serving:2.6.2",
        "tensorflow/gpu": f"{REGISTRY}/serving:1.14.0-gpu",
    }
    assert made.options.former == FormerOf(
        "checkpoint before", predictors=("tensorflow", "tensorflow/gpu")
    )


def test_who_is_gone_or_new_is_told() -> None:
    before = cluster("0.15.2", isvc("iris", protocolVersion="v1"), isvc("gone"))
    now = after_upgrade(
        cluster("0.15.2", isvc("iris", protocolVersion="v1"), isvc("new")), "0.16.0"
    )
    made = brought(now, former_of(before))
    assert names(made, "KM538") == ["gone", "new"]


@pytest.mark.parametrize("name", ["iris", "{{.Name}}"])
def test_a_service_of_the_same_name_that_was_made_anew_is_told(name: str) -> None:
    """Also one with placeholders: it is kept whole, and shares its shape with no other."""
    before = cluster("0.15.2", isvc("iris", protocolVersion="v1", args=[f"--model={name}"]))
    now = after_upgrade(before, "0.16.0")

    def with_uid(uid: str) -> Services:
        (one,) = before.services.values()
        meta = msgspec.structs.replace(one.metadata, uid=uid)
        return Services([msgspec.structs.replace(one, metadata=meta)])

    was = former_of(replace(before, services=with_uid("1")))
    made = brought(replace(now, services=with_uid("2")), was)
    assert "made anew" in texts(made, "KM538")
    same = brought(replace(now, services=with_uid("1")), was)
    assert not found(same, "KM538")


def test_a_backup_of_another_cluster_is_told() -> None:
    before = cluster("0.15.2", isvc("iris", protocolVersion="v1"))
    now = after_upgrade(before, "0.16.0")
    assert not found(brought(now, former_of(before)), "KM540")
    other = former_of(replace(before, cluster_uid="another"))
    assert "is of another cluster" in texts(brought(now, other), "KM540")
    untold = former_of(replace(before, cluster_uid=""))
    assert "does not tell its cluster" in texts(brought(now, untold), "KM540")


def test_those_outside_the_selection_count_for_nothing() -> None:
    services = [isvc("iris", protocolVersion="v1"), isvc("far", namespace="other")]
    before = cluster("0.15.2", *services)
    now = after_upgrade(before, "0.16.0")
    chosen = Selection(namespaces=("team",))
    made = brought(now, former_of(before), selection=chosen, **INTO)
    assert set(copies(made)) >= {f"team/{RUNTIME}"}
    assert not [name for name in copies(made) if name.startswith("other/")]
    assert lots(made)["far"][0] is UNSET


def test_the_same_command_asks_for_the_same_whatever_was_made_of_it() -> None:
    before = upgraded("0.7.0", old("iris"), sklearn_v1=SKLEARN)
    made = brought(after_upgrade(before, "0.9.0"), former_of(before))
    assert made.options.images
    asked = Options(former=FormerOf("checkpoint before"))
    assert without_release(made.options) == without_release(asked)
    assert without_release(made.options) != Options()


def test_the_plan_made_anew_from_its_options_is_the_same() -> None:
    """So it is compared right before the first write, and nobody reads the source again."""
    before = upgraded("0.7.0", old("iris"), sklearn_v1=SKLEARN)
    now = after_upgrade(before, "0.9.0")
    made = brought(now, former_of(before), convert=True, **INTO)
    fresh = make_plan(now, made.options)
    assert fresh.operations == made.operations
    assert fresh.apply == made.apply
    assert not fresh.blocking


IMAGES = st.sampled_from([f"{REGISTRY}/one:1", f"{REGISTRY}/two:2"])
FORMATS = {"sklearn": RUNTIME, "xgboost": "kserve-xgbserver", "lightgbm": "kserve-lgbserver"}


@settings(max_examples=60, deadline=None)
@given(
    upgrade=st.sampled_from(UPGRADES),
    images=st.dictionaries(st.sampled_from(sorted(FORMATS.values())), IMAGES),
    formats=st.lists(st.sampled_from(sorted(FORMATS)), max_size=5),
    own=st.booleans(),
)
def test_what_an_upgrade_only_lost_comes_back_whole(
    upgrade: tuple[str, str], images: dict[str, str], formats: list[str], own: bool
) -> None:
    services = [
        isvc(f"s{at}", one, protocolVersion="v1", namespace=f"team-{at % 2}")
        for at, one in enumerate(formats)
    ]
    before = cluster(upgrade[0], *services, images=images)
    now = after_upgrade(before, upgrade[1])
    made = brought(now, former_of(before), **(INTO if own else {}))
    assert blocked(made) == set()
    after = carried_out(now, made.operations)
    assert after.rules is not None
    world = world_of(after, after.rules)
    for at, format_ in enumerate(formats):
        ref = next(ref for ref in now.services if ref.name == f"s{at}")
        runtime = FORMATS[format_]
        if runtime in images:
            assert world.shared(ref).image == images[runtime]
        else:
            assert world.shared(ref).image == world_of(now, after.rules).shared(ref).image
    if not own:
        for ref, manifest in after.originals.items():
            image = value_at(manifest, "/spec/containers/0/image")
            assert ref.name not in images or image == images[ref.name]
    again = brought(after, former_of(before), **(INTO if own else {}))
    if not own:
        assert not again.has_work


@settings(max_examples=40, deadline=None)
@given(
    release=st.sampled_from(["0.8.0", "0.9.0"]),
    repositories=st.fixed_dictionaries(
        {}, optional={k: st.sampled_from([SKLEARN, MLSERVER]) for k in ("sklearn_v1", "xgboost_v1")}
    ),
    pins=st.lists(st.sampled_from(["v0.7.0", "v0.6.1"]), min_size=1, max_size=4),
)
def test_what_was_set_in_predictors_comes_back_whole(
    release: str, repositories: dict[str, str], pins: list[str]
) -> None:
    services = [
        old(f"{format_}-{at}", format_, runtimeVersion=pin)
        for at, pin in enumerate(pins)
        for format_ in ("sklearn", "xgboost", "lightgbm")
    ]
    before = upgraded("0.7.0", *services, **repositories)
    former = former_of(before)
    now = after_upgrade(before, release)
    made = brought(now, former)
    assert blocked(made) == set()
    for row in made.forecast:
        was = former.by_service[row.service]
        key = f"{row.service.name.partition('-')[0]}_v1"
        assert was.is_set == (key in repositories)
        assert row.after_plan == (was.image if was.is_set else row.after_reconcile)
