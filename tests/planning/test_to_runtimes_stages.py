"""In which order copies are made, who is woken, and what is awaited."""

from __future__ import annotations

import pytest

from migrate.errors import UsageError
from migrate.objects import value_at
from migrate.operations.model import Holds
from migrate.planning.model.desired import Activate, Selection
from tests.planning.clusters import codes
from tests.planning.copies import (
    MLSERVER,
    SKLEARN,
    applied,
    cluster,
    isvc,
    plan,
    woken_by,
)

NEW = "registry.example.com/ml/sklearnserver:next"


@pytest.mark.parametrize("release", ["0.15.2", "0.16.0", "0.20.0"])
def test_what_is_awaited_is_what_the_release_reports(release: str) -> None:
    made = plan(cluster(release, isvc("iris")))
    held = {
        (one.path, one.value)
        for stage in made.apply
        for one in stage.conditions
        if one.target.kind == "InferenceService" and isinstance(one, Holds)
    }
    told = {("/status/servingRuntimeName", SKLEARN), ("/status/clusterServingRuntimeName", None)}
    assert held == (set() if release == "0.15.2" else told)


def test_waves_and_pauses() -> None:
    services = [isvc(f"m{n:02}") for n in range(5)]
    found = cluster("0.20.0", *services)
    made = plan(found, wave_size=2, pause=30.0)
    assert [(len(s.activations), s.pause) for s in made.apply] == [
        (0, 0.0),
        (2, 0.0),
        (2, 30.0),
        (1, 30.0),
    ]
    assert [(len(s.activations), s.pause) for s in made.rollback] == [
        (0, 0.0),
        (2, 0.0),
        (2, 30.0),
        (1, 30.0),
    ]
    none = plan(found, activate=Activate.NONE)
    assert [(s.operations, s.activations) for s in none.apply] == [((0,), ())]
    assert none.rollback == none.apply
    restart = plan(found, activate=Activate.RESTART)
    assert [len(s.activations) for s in restart.apply] == [0, 1]


def test_units_are_taken_together_up_to_the_size_of_a_wave() -> None:
    services = [isvc(f"m{n}", namespace=f"team-{n}") for n in range(5)]
    found = cluster("0.15.2", *services, images={})
    sizes = [len(s.operations) for s in plan(found, f"sklearn={NEW}", wave_size=2).apply]
    assert sizes == [2, 2, 1]


def test_no_way_begins_with_a_pause() -> None:
    services = [isvc(f"m{n}", namespace=f"team-{n}") for n in range(3)]
    found = cluster("0.15.2", *services, images={})
    made = plan(found, f"sklearn={NEW}", pause=30.0)
    for way in (made.apply, made.rollback):
        assert [(len(s.operations), s.pause) for s in way] == [(1, 0.0), (1, 30.0), (1, 30.0)]


def test_the_source_of_a_copy_is_sealed() -> None:
    made = plan(cluster("0.15.2", isvc("iris")))
    [seal] = made.seals
    assert seal.target.name == SKLEARN
    assert (seal.target.kind, seal.before) == ("ClusterServingRuntime", seal.after)
    assert value_at(made.operations[0].change.manifest, "/metadata/namespace") == "team"  # type: ignore[union-attr]


def test_an_edit_that_acts_at_once_cannot_be_held_back() -> None:
    for release in ("0.15.2", "0.20.0"):
        found = cluster(release, isvc("iris"))
        after = applied(found, plan(found))
        if release == "0.15.2":
            assert plan(after, f"sklearn={NEW}", activate=Activate.NONE).has_work
        else:
            with pytest.raises(UsageError, match="cannot be held back"):
                plan(after, f"sklearn={NEW}", activate=Activate.NONE)


def test_who_is_not_woken_is_told() -> None:
    found = cluster("0.20.0", isvc("iris"), isvc("rows"))
    assert codes(plan(found, activate=Activate.NONE))["KM236"] == ["iris", "rows"]
    assert "KM236" not in codes(plan(found))
    assert "KM236" not in codes(plan(found, activate=Activate.RESTART))
    chosen = plan(found, selection=Selection(exclude=("team/rows",)))
    assert codes(chosen)["KM236"] == ["rows"]


def test_before_a_copy_there_are_those_whose_services_it_would_take() -> None:
    """Two namespaces: in one nobody is taken, so its copy need not wait."""
    found = cluster(
        "0.20.0",
        isvc("named", runtime=SKLEARN),
        isvc("both", protocolVersion="v2"),
        isvc("alone", namespace="other", runtime=SKLEARN),
    )
    made = plan(found)
    order = [
        [str(made.operations[at].target) for at in stage.operations]
        for stage in made.apply
        if stage.operations
    ]
    assert order == [
        [f"ServingRuntime other/{SKLEARN}", f"ServingRuntime team/{MLSERVER}"],
        [f"ServingRuntime team/{SKLEARN}"],
    ]
    back = [
        [str(made.operations[at].target) for at in stage.operations]
        for stage in made.rollback
        if stage.operations
    ]
    assert back == order[::-1]


@pytest.mark.parametrize(("release", "woken"), [("0.15.2", []), ("0.16.0", ["iris"])])
def test_who_sleeps_on_is_woken_by_the_next_plan(release: str, woken: list[str]) -> None:
    """From 0.16 on it is reported; before, a reconcile would change nothing that can be seen."""
    found = cluster(release, isvc("iris"))
    after = applied(found, plan(found, activate=Activate.NONE))
    made = plan(after)
    assert made.operations == ()
    assert woken_by(made) == woken
