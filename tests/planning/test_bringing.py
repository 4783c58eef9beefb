"""Former images wanted back after an upgrade: what is planned, in the terms of the new release."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from migrate.operations.model import Create
from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Options, without_release
from migrate.planning.model.formerof import FormerOf
from migrate.planning.model.plan import Severity
from migrate.planning.model.strategy import Scope, Strategy
from migrate.planning.world.changed import carried_out
from tests.planning.converting import (
    SKLEARN,
    blocked,
    copies,
    found,
    names,
    old,
    upgraded,
)
from tests.planning.copies import OVER, cluster, isvc, reconciled
from tests.planning.copies import SKLEARN as RUNTIME
from tests.planning.formerly import INTO, UPGRADES, after_upgrade, brought, former_of, lots, texts


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


def test_with_stock_that_was_not_lost_everybody_is_held_against_it() -> None:
    before, stock = (
        cluster("0.15.2", isvc("prices", "xgboost"), images={}),
        "kserve/xgbserver:v0.15.2",
    )
    made = brought(before, former_of(before), with_stock=True)
    assert (made.has_work, lots(made)) == (False, {"prices": (stock, stock)})
    assert lots(brought(before, former_of(before))) == {"prices": (UNSET, stock)}


@pytest.mark.parametrize("how", [{}, INTO], ids=["in place", "to runtimes"])
def test_without_anything_to_bring_back_no_strategy_does_a_thing(how: dict[str, Any]) -> None:
    """--to-runtimes alone would move whatever is overridden now."""
    before = cluster("0.15.2", isvc("iris", protocolVersion="v1"), images={})
    now = cluster("0.16.0", isvc("iris", protocolVersion="v1"))
    made = brought(now, former_of(before), **how)
    assert not made.has_work
    assert made.options.strategy is how.get("strategy", Strategy.IN_PLACE)
    assert "of no service is known that it ran an image that was set" in texts(made, "KM530")


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


def test_what_was_not_lost_is_no_wish() -> None:
    before = upgraded("0.9.0", old("iris"), sklearn_v1=SKLEARN)
    made = brought(before, former_of(before))
    assert (made.has_work, found(made, "KM531")) == (False, [])
    assert "1 of 1 service" in texts(made, "KM530")


def test_where_no_service_of_then_is_known_a_runtime_comes_back_for_all() -> None:
    """A backup may have no more than runtimes."""
    services = [isvc("iris", protocolVersion="v1"), isvc("far", namespace="other")]
    before = cluster("0.15.2", *services)
    alone = msgspec.structs.replace(former_of(before), services=())
    made = brought(after_upgrade(before, "0.16.0"), alone, **INTO)
    assert {f"team/{RUNTIME}", f"other/{RUNTIME}"} <= set(copies(made))
    (unknown,) = found(made, "KM538")
    assert (unknown.severity, len(unknown.objects)) == (Severity.WARNING, 2)


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


@pytest.mark.parametrize(("env", "written"), [([], []), ([{"name": "A", "value": "1"}], [RUNTIME])])
def test_who_has_its_image_for_its_own_needs_variables_of_the_cluster_alone(
    env: list[dict[str, str]], written: list[str]
) -> None:
    """A conversion leaves an image of one's own."""
    before = cluster("0.15.2", isvc("iris", protocolVersion="v1"))
    ref, manifest = next((r, m) for r, m in before.originals.items() if r.name == RUNTIME)
    manifest["spec"]["containers"][0]["env"] = env
    before = carried_out(replace(before, originals={**before.originals, ref: manifest}), ())
    now = cluster("0.16.0", isvc("iris", protocolVersion="v1", image=OVER), images={})
    made = brought(now, former_of(before))
    assert [op.target.name for op in made.operations] == written
    assert lots(made) == {"iris": (OVER, OVER)}


def test_each_runtime_is_written_for_what_is_set_in_it() -> None:
    before = cluster("0.15.2", isvc("iris", protocolVersion="v1"), isvc("prices", "xgboost"))
    made = brought(after_upgrade(before, "0.16.0"), former_of(before), with_stock=True)
    reasons = {op.target.name: op.reason for op in made.operations}
    assert reasons == {
        name: f"set the image of runtime/{name}" for name in (RUNTIME, "kserve-xgbserver")
    }


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
