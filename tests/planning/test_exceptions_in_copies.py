"""Exceptions of desired.yaml that copies of runtimes carry: by namespace, and by label."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.operations.model import Create, Patch
from migrate.planning.hold.make import make_plan
from migrate.planning.model import planfile
from migrate.planning.model.desired import Desired, EnvVar, Exempt, Options, Selection
from migrate.planning.model.plan import Finding, Plan
from migrate.planning.model.strategy import Scope, Strategy
from migrate.planning.world.snapshot import Snapshot
from tests.planning.clusters import codes
from tests.planning.copies import (
    MLSERVER,
    RELEASES,
    SKLEARN,
    applied,
    cluster,
    copy,
    created,
    isvc,
    woken_by,
)
from tests.planning.pinned import settled

NEW, OLD = (f"registry.example.com/ml/sklearnserver:{tag}" for tag in ("next", "older"))
STAY = Exempt(namespaces=("fraud",))
OLDER = Exempt(namespaces=("fraud",), image=OLD)
GOLD = Exempt(selector="tier=gold", image=OLD)
V1 = {"protocolVersion": "v1"}


def gold(name: str, **more: Any) -> dict[str, Any]:
    made = isvc(name, **{**V1, **more})
    made["metadata"]["labels"] = {"tier": "gold"}
    return made


def plain(name: str, **more: Any) -> dict[str, Any]:
    return isvc(name, **{**V1, **more})


def plan(found: Snapshot, *exceptions: Exempt, scope: Scope = Scope.NAMESPACE, **more: Any) -> Plan:
    options = {key: more.pop(key) for key in ("selection", "accept") if key in more}
    wanted = Desired(**{"runtime": SKLEARN, "image": NEW, "exceptions": exceptions, **more})
    return make_plan(
        found, Options((wanted,), strategy=Strategy.TO_RUNTIMES, scope=scope, **options)
    )


def told(made: Plan) -> list[Finding]:
    return [found for found in made.findings if found.code == "KM213"]


def images(made: Plan) -> dict[str, str | None]:
    return {row.service.name: row.after_plan for row in made.forecast}


def container(made: Plan, namespace: str) -> Any:
    found = [op.change for op in made.operations if op.target.namespace == namespace]
    changes = [change for change in found if isinstance(change, Create)]
    return changes[0].manifest["spec"]["containers"][0]


TWO = (plain("iris"), plain("cards", namespace="fraud"))


@pytest.mark.parametrize("release", RELEASES)
def test_who_shall_stay_gets_no_copy_and_no_wake(release: str) -> None:
    found = cluster(release, *TWO, images={})
    before = images(plan(found, image="", env=(EnvVar("A", "1"),)))
    made = plan(found, STAY)
    assert created(made) == [f"team/{SKLEARN}"]
    assert woken_by(made) == ["iris"]
    assert images(made) == {"iris": NEW, "cards": before["cards"]}
    assert (told(made), made.blocking) == ([], ())
    assert images(plan(applied(found, made), STAY)) == images(made)
    assert not plan(applied(found, made), STAY).has_work


@pytest.mark.parametrize("release", RELEASES)
def test_each_namespace_gets_its_own_image(release: str) -> None:
    made = plan(cluster(release, *TWO, images={}), OLDER)
    assert created(made) == [f"fraud/{SKLEARN}", f"team/{SKLEARN}"]
    assert images(made) == {"iris": NEW, "cards": OLD}
    assert [row.service.name for row in made.forecast if row.restarts] == ["cards", "iris"]
    assert (told(made), made.blocking) == ([], ())
    assert not plan(applied(cluster(release, *TWO, images={}), made), OLDER).has_work


def test_what_an_exception_says_stands_in_the_place_of_all_that_the_item_says() -> None:
    exception = Exempt(namespaces=("fraud",), env=(EnvVar("B", "2"),), args=("--workers=3",))
    wanted: dict[str, Any] = {"env": (EnvVar("A", "1"),), "args": ("--workers=2",)}
    made = plan(cluster("0.15.2", *TWO, images={}), exception, **wanted)
    one, other = container(made, "team"), container(made, "fraud")
    assert one["image"] == NEW != other["image"]
    assert [v["name"] for v in one["env"]] == ["A"]
    assert [v["name"] for v in other["env"]] == ["B"]
    assert [a for a in one["args"] if "workers" in a] == ["--workers=2"]
    assert [a for a in other["args"] if "workers" in a] == ["--workers=3"]
    assert told(made) == []


def test_an_existing_copy_is_edited_to_what_the_exception_says_or_left_alone() -> None:
    found = cluster("0.15.2", *TWO, images={})
    after = applied(found, plan(found))
    assert [op.target for op in plan(after, STAY, image=OLD).operations] == [copy(SKLEARN)]
    made = plan(after, OLDER)
    assert [op.target for op in made.operations] == [copy(SKLEARN, "fraud")]
    assert isinstance(made.operations[0].change, Patch)
    assert images(made) == {"iris": NEW, "cards": OLD}


def test_labels_that_divide_a_namespace_block_and_name_scope_service() -> None:
    found = cluster("0.15.2", gold("best"), plain("iris"), images={})
    made = plan(found, GOLD)
    [one] = told(made)
    assert [ref.name for ref in one.objects] == ["best"]
    assert one.blocks
    assert "--scope service" in one.fix
    assert "for all of its namespace" in one.text
    assert not plan(found, GOLD, accept=("KM213",)).blocking


def test_labels_that_all_of_a_namespace_has_are_carried() -> None:
    found = cluster("0.15.2", gold("best"), gold("good"), plain("far", namespace="o"), images={})
    made = plan(found, GOLD)
    assert images(made) == {"best": OLD, "good": OLD, "far": NEW}
    assert (told(made), made.blocking) == ([], ())
    # Who uses another runtime does not share the copy.
    beside = cluster("0.15.2", gold("best"), isvc("trees", "xgboost", **V1), images={})
    assert (images(plan(beside, GOLD))["best"], told(plan(beside, GOLD))) == (OLD, [])


def test_who_is_not_selected_shares_the_copy_all_the_same() -> None:
    found = cluster("0.15.2", gold("best"), plain("iris"), images={})
    made = plan(found, Exempt(selector="tier=gold"), selection=Selection(exclude=("team/best",)))
    assert codes(made)["KM213"] == ["best"]


def test_who_is_not_selected_and_stays_is_promised_nothing() -> None:
    made = plan(cluster("0.15.2", *TWO, images={}), OLDER, selection=Selection(("team",)))
    assert (images(made)["iris"], told(made)) == (NEW, [])


@pytest.mark.parametrize("release", RELEASES)
def test_in_scope_service_each_has_its_own(release: str) -> None:
    found = settled(release, gold("best"), plain("iris"), plain("cards", namespace="fraud"))
    made = plan(found, GOLD, STAY, scope=Scope.SERVICE)
    got = images(made)
    assert (got["best"], got["iris"]) == (OLD, NEW)
    pinned = [op.target.name for op in made.operations if op.target.kind == "InferenceService"]
    assert pinned == ["best", "iris"]
    names = {row.runtime_after_plan for row in made.forecast}
    assert len(names) == 3
    assert (told(made), made.blocking) == ([], ())


def test_contradicting_exceptions_block() -> None:
    found = settled("0.15.2", gold("best", namespace="fraud"))
    for scope in Scope:
        made = plan(found, OLDER, Exempt(selector="tier=gold"), scope=scope)
        [one] = told(made)
        assert "one before it says otherwise" in one.text
        assert images(made) == {"best": OLD}


def test_an_image_of_its_own_wins_and_is_told() -> None:
    found = cluster("0.15.2", plain("own", namespace="fraud", image="mine:1"), images={})
    [one] = told(plan(found, OLDER))
    assert "image of their own" in one.text
    assert told(plan(found, STAY)) == []


def test_two_items_of_one_runtime_are_excepted_each_for_itself() -> None:
    both = (
        Desired(runtime=SKLEARN, image=NEW, exceptions=(STAY,)),
        Desired(format="sklearn", protocol="v1", env=(EnvVar("A", "1"),)),
    )
    found = cluster("0.15.2", *TWO, images={})
    made = make_plan(found, Options(both, strategy=Strategy.TO_RUNTIMES))
    assert container(made, "fraud")["image"] != NEW == container(made, "team")["image"]
    assert container(made, "fraud")["env"] == container(made, "team")["env"]
    assert told(made) == []


def test_a_runtime_kept_for_its_place_carries_nothing() -> None:
    """A copy of kserve-sklearnserver takes the services with protocol v2 from kserve-mlserver."""
    v2 = isvc("v2", namespace="fraud", protocolVersion="v2")
    found = cluster("0.15.2", plain("cards", namespace="fraud"), v2, images={})
    wanted = (
        Desired(runtime=SKLEARN, image=NEW),
        Desired(runtime=MLSERVER, image="m:1", exceptions=(STAY,)),
    )
    made = make_plan(found, Options(wanted, strategy=Strategy.TO_RUNTIMES))
    assert sorted(created(made)) == [f"fraud/{MLSERVER}", f"fraud/{SKLEARN}"]
    assert images(made)["v2"] != "m:1"
    assert (told(made), codes(made)["KM235"]) == ([], [MLSERVER])


def test_who_cannot_be_told_is_hit_only_where_the_plan_makes_something() -> None:
    """Only Go can fill its template in."""
    odd = {"env": [{"name": "A", "value": "{{ len .Name }}"}]}
    unknown = plain("unknown", namespace="fraud", **odd)
    wanted: dict[str, Any] = {"runtime": "", "format": "sklearn", "protocol": "v1"}
    apart = cluster("0.15.2", plain("iris"), unknown, images={})
    assert told(plan(apart, STAY, **wanted)) == []
    mixed = Exempt(namespaces=("fraud",), selector="tier=gold")
    unknown["metadata"]["labels"] = {"tier": "gold"}
    near = cluster("0.15.2", plain("cards", namespace="fraud"), unknown, images={})
    assert codes(plan(near, mixed, **wanted))["KM213"] == ["unknown"]


def test_equal_clusters_give_equal_plans() -> None:
    services = [gold(f"m{n}", namespace=f"team-{n % 3}") for n in range(9)]
    services += [plain(f"n{n}", namespace=f"team-{n % 2}") for n in range(4)]
    for scope in Scope:
        plans = [
            plan(settled("0.15.2", *order), GOLD, STAY, scope=scope)
            for order in (services, services[::-1])
        ]
        assert planfile.dump(plans[0]) == planfile.dump(plans[1])
