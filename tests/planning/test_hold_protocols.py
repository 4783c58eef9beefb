"""Models of protocol v1 and v2 in one namespace, held from 0.8 on, whose runtimes list none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.kserve.releases import parse_release
from migrate.kserve.services import InferenceService
from migrate.kserve.shapes import Services
from migrate.objects import ObjectRef
from migrate.operations.model import Patch
from migrate.planning.check.check import check
from migrate.planning.model.codes import (
    ANY_PROTOCOL,
    HELD,
    LOST_BY_UPGRADE,
    LOST_BY_WRITE,
    NOT_CONVERTIBLE,
)
from migrate.planning.model.desired import Selection
from migrate.planning.model.plan import Plan
from migrate.planning.stock.upgraded import upgraded as after_manifests
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of
from tests.planning.converting import (
    MLSERVER,
    REGISTRY,
    blocked,
    converted,
    copies,
    found,
    old,
    upgraded,
)
from tests.planning.copies import OVER, isvc, own, plan, reconciled
from tests.planning.holding import done, holding, images, later, written

Body = dict[str, Any]
EARLY = isvc("early", runtime="kserve-sklearnserver", protocolVersion="v1")
SERVED_BY_SKLEARN = (EARLY, isvc("auto"), isvc("auto-two", protocolVersion="v2"))
TWO = old("two", image=f"{MLSERVER}:0.2.1", runtimeVersion="0.2.1", protocolVersion="v2")
STOCK = old("stock", runtimeVersion="0.2.1", protocolVersion="v2")
EDITED = {"kserve-sklearnserver": OVER}
COPY = "kserve-sklearnserver"


def eight(*services: Body, edited: dict[str, str] = EDITED) -> Snapshot:
    return upgraded("0.8.0", *services, runtimes=edited)


def nine(*services: Body, exclude: tuple[str, ...] = (), more: tuple[Body, ...] = ()) -> Snapshot:
    """A cluster under 0.9.0 that was held before the upgrade; ``more`` came after it."""
    before = eight(*services)
    made = holding(before, "0.9.0", selection=Selection(exclude=exclude))
    assert not made.blocking
    after = after_manifests(done(before, made), parse_release("0.9.0"))
    came = [msgspec.convert(one, InferenceService) for one in more]
    there = [after.services[ref] for ref in after.services]
    return reconciled(replace(after, services=Services([*there, *came])))


def listed(made: Plan) -> dict[str, object]:
    """What copies are to list, by namespace/name."""
    return {
        f"{op.target.namespace}/{op.target.name}": edit.after
        for op in made.operations
        if isinstance(op.change, Patch)
        for edit in op.change.edits
        if edit.path == "/spec/protocolVersions"
    }


def runtime_of(found: Snapshot, name: str) -> ObjectRef:
    """The runtime that a service uses."""
    assert found.rules is not None
    world = world_of(found, found.rules)
    (got,) = (world.resolved[ref] for ref in found.services if ref.name == name)
    assert got.runtime is not None
    return got.runtime.ref


@pytest.mark.parametrize("old_one", [TWO, STOCK], ids=["its own image", "the stock image"])
@pytest.mark.parametrize("model", SERVED_BY_SKLEARN, ids=["named", "chosen", "chosen for v2"])
def test_who_a_copy_would_take_once_written_is_converted_before(model: Body, old_one: Body) -> None:
    cluster = eight(model, old_one)
    made = holding(cluster, "0.9.0")
    assert (blocked(made), converted(made)) == (set(), [old_one["metadata"]["name"]])
    world = later(done(cluster, made), "0.9.0")
    assert images(world) == images(written(world)) == images(later(cluster))
    told = [one for one in found(made, HELD) if "a copy that others need" in one.text]
    assert [ref.name for one in told for ref in one.objects] == converted(made)


@pytest.mark.parametrize(
    ("services", "edited"),
    [
        ((TWO,), EDITED),
        ((EARLY, TWO), {}),
        ((EARLY, old("two", namespace="other", protocolVersion="v2")), EDITED),
        ((EARLY, old("iris", image=f"{REGISTRY}/sklearnserver:v0.7.0")), EDITED),
        ((EARLY, old("trees", "lightgbm")), EDITED),
    ],
    ids=["no copy", "no edit", "another namespace", "v1", "another format"],
)
def test_nobody_else_is_converted(services: tuple[Body, ...], edited: dict[str, str]) -> None:
    made = holding(eight(*services, edited=edited), "0.9.0")
    assert (blocked(made), converted(made)) == (set(), [])


def test_who_is_not_selected_and_would_be_taken_is_told() -> None:
    without_two = Selection(exclude=("team/two", "team/iris"))
    iris = old("iris", protocolVersion="v1")
    made = holding(eight(EARLY, TWO, iris), "0.9.0", selection=without_two)
    (told,) = found(made, LOST_BY_WRITE)
    assert ([ref.name for ref in told.objects], blocked(made)) == (["two"], set())
    assert "not selected" in told.text
    alone = holding(eight(EARLY, TWO), "0.9.0", selection=Selection(exclude=("team/early",)))
    assert found(alone, LOST_BY_WRITE) == []


def test_a_pin_that_a_conversion_would_put_over_the_image_is_named_with_what_parts_them() -> None:
    bad = old("two", image=f"{MLSERVER}:0.2.1", runtimeVersion="v0.7.0", protocolVersion="v2")
    made = holding(eight(EARLY, bad), "0.9.0")
    (told,) = found(made, LOST_BY_WRITE)
    assert [ref.name for ref in told.objects] == ["two"]
    assert f"ServingRuntime team/{COPY}, a copy for team/early" in told.text
    assert "set runtimeVersion in the field of their framework to 0.2.1" in told.fix
    assert blocked(holding(eight(EARLY, TWO), "0.9.0")) == set()


def test_an_image_that_0_8_would_cut_at_a_port_is_named_with_who_needs_the_copy() -> None:
    image = "registry.example.com:5000/ml/mlserver:0.2.1"
    bad = old("two", image=image, runtimeVersion="0.2.1", protocolVersion="v2")
    others = [isvc(f"s{n}", runtime=COPY) for n in range(4)]
    (told,) = found(holding(eight(*others, bad), "0.9.0"), LOST_BY_WRITE)
    assert "leave out team/s0, team/s1, team/s2, 1 more (--exclude)" in told.fix
    without = Selection(exclude=tuple(f"team/s{n}" for n in range(4)))
    assert blocked(holding(eight(*others, bad), "0.9.0", selection=without)) == set()


def test_a_runtime_with_another_image_is_not_copied_for_who_has_one_of_its_own() -> None:
    """A copy of MLServer of 0.8 would stand in the way of one that is needed under 0.9."""
    named = isvc("named", runtime="kserve-mlserver", protocolVersion="v2", image="own/mlserver:1")
    edited = {"kserve-mlserver": f"{MLSERVER}:1"}
    assert not holding(eight(named, edited=edited), "0.9.0").operations
    other = isvc("other", runtime="kserve-mlserver", protocolVersion="v2")
    made = holding(eight(named, other, edited=edited), "0.9.0")
    assert list(copies(made)) == ["team/kserve-mlserver"]


def test_who_stays_on_an_edited_runtime_of_the_cluster_is_an_error() -> None:
    """The name of its copy is taken by one that does not choose it: KServe gives the release's."""
    edited = {"kserve-mlserver": f"{MLSERVER}:1"}
    mine = own("kserve-mlserver", spec={"supportedModelFormats": [{"name": "sklearn"}]})
    mine["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "kmigrate"}
    later_one = isvc("later", protocolVersion="v2")
    made = holding(upgraded("0.9.0", later_one, runtimes=edited, own=(mine,)), "0.10.2")
    (told,) = found(made, LOST_BY_UPGRADE)
    assert f"{MLSERVER}:1" in told.text
    assert [ref.name for ref in told.objects] == ["later"]


@pytest.mark.parametrize("plan_of", [plan, lambda one: holding(one, "0.10.2")])
def test_since_the_upgrade_a_copy_of_ours_can_list_its_protocols(plan_of: Any) -> None:
    cluster = nine(EARLY, TWO)
    made = plan_of(cluster)
    assert (blocked(made), listed(made)) == (set(), {f"team/{COPY}": ["v1"]})
    assert not any(row.restarts for row in made.forecast)
    assert not any(stage.activations for stage in made.apply)
    assert listed(plan_of(done(cluster, made))) == {}


def test_with_it_a_model_of_v2_that_comes_later_has_its_server() -> None:
    came = isvc("later", protocolVersion="v2")
    assert runtime_of(nine(EARLY, more=(came,)), "later").namespace == "team"
    cluster = nine(EARLY)
    cluster = done(cluster, plan(cluster))
    later_one = msgspec.convert(came, InferenceService)
    there = [cluster.services[ref] for ref in cluster.services]
    cluster = replace(cluster, services=Services([*there, later_one]))
    assert runtime_of(cluster, "later").name == "kserve-mlserver"


def test_who_was_left_out_before_the_upgrade_is_converted_once_the_copy_lists_them() -> None:
    cluster = nine(EARLY, TWO, exclude=("team/two",))
    (told,) = found(holding(cluster, "0.10.2"), NOT_CONVERTIBLE)
    assert f"have ServingRuntime team/{COPY} list its protocols first: kmigrate check" in told.fix
    cluster = done(cluster, plan(cluster))
    made = holding(cluster, "0.10.2")
    assert (blocked(made), converted(made)) == (set(), ["two"])
    assert images(later(done(cluster, made), "0.10.2")) == images(later(cluster))


def test_it_is_left_where_a_service_would_move_by_it_and_where_none_is_selected() -> None:
    taken = nine(EARLY, more=(isvc("later", protocolVersion="v2"),))
    assert listed(plan(taken)) == {}
    assert listed(plan(nine(EARLY), selection=Selection(namespaces=("other",)))) == {}


def test_a_runtime_that_is_not_ours_is_left_as_it_is() -> None:
    mine = own(COPY, spec={"protocolVersions": None})
    assert listed(plan(upgraded("0.9.0", EARLY, own=(mine,)))) == {}


@pytest.mark.parametrize(
    ("cluster", "found_there"),
    [
        (eight(EARLY), []),
        (nine(EARLY), [COPY]),
        (nine(isvc("xgb", "xgboost", runtime="kserve-mlserver")), []),
        (upgraded("0.9.0", EARLY, own=(own(COPY, spec={"protocolVersions": None}),)), [COPY]),
        (upgraded("0.9.0", EARLY, own=(own(COPY),)), []),
        (upgraded("0.9.0", own=(own("my-own", spec={"protocolVersions": None}),)), []),
    ],
    ids=["0.8", "a copy", "no copy", "not ours", "listed", "no stock name"],
)
def test_check_tells_who_takes_models_of_any_protocol(
    cluster: Snapshot, found_there: list[str]
) -> None:
    told = [one for one in check(cluster, [], "", ()).findings if one.code == ANY_PROTOCOL]
    assert [ref.name for one in told for ref in one.objects] == found_there
    assert all('{"spec":{"protocolVersions":["v1"]}}' in one.fix for one in told)
