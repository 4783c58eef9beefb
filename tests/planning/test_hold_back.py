"""The way back of a plan that holds images, before the upgrade."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from migrate.kserve.releases import parse_release
from migrate.operations.model import Delete, Wake
from migrate.planning.back.rollback import plan_rollback
from migrate.planning.stock.upgraded import upgraded
from migrate.planning.world.changed import carried_out
from tests.planning.converting import SKLEARN, old
from tests.planning.copies import cluster, isvc, plan, reconciled
from tests.planning.holding import done, holding
from tests.planning.upgrading import seven


def test_the_fields_go_and_nobody_moves() -> None:
    found = seven(old("iris"), old("prices", "xgboost"), sklearn_v1=SKLEARN)
    made = holding(found, "0.9.0")
    back = plan_rollback(made, done(found, made), {})
    assert [row.after_plan for row in back.forecast] == [row.now for row in made.forecast]
    assert not any(row.restarts for row in back.forecast)
    assert [op.target.name for wave in back.waves for op in wave.operations] == ["iris"]
    assert not [act for wave in back.waves for act in wave.activations]


def test_who_would_follow_what_was_set_meanwhile_is_told() -> None:
    found = seven(old("iris"), sklearn_v1=SKLEARN)
    made = holding(found, "0.9.0")
    after = done(found, made)
    document = json.loads(after.config["data"]["predictors"])
    document["sklearn"]["v1"]["image"] = "r/other"
    data = {"predictors": json.dumps(document)}
    back = plan_rollback(made, replace(after, config={**after.config, "data": data}), {})
    (row,) = back.forecast
    assert row.after_plan == "r/other:v0.7.0"
    assert [one.code for one in back.findings] == ["KM302"]


@pytest.mark.parametrize("release", ["0.11.2", "0.15.2", "0.16.0"])
def test_copies_go_as_those_of_a_move_into_runtimes_do(release: str) -> None:
    found = cluster(release, isvc("iris"), isvc("both", protocolVersion="v2"))
    made, moved = holding(found, "0.20.0"), plan(found)
    assert made.operations == moved.operations
    assert made.apply == moved.apply
    after = reconciled(carried_out(found, made.operations))
    waves = plan_rollback(made, after, {}).waves
    assert waves == plan_rollback(moved, after, {}).waves
    assert any(isinstance(op.change, Delete) for wave in waves for op in wave.operations)
    assert any(isinstance(act, Wake) for wave in waves for act in wave.activations)


@pytest.mark.parametrize("release", ["0.8.0", "0.9.0", "0.10.2"])
def test_after_the_upgrade_the_images_stay_and_nothing_is_written(release: str) -> None:
    found = seven(old("iris"), old("prices", "xgboost"), sklearn_v1=SKLEARN)
    made = holding(found, "0.9.0")
    later_on = upgraded(done(found, made), parse_release(release))
    back = plan_rollback(made, later_on, {})
    assert (back.waves, back.to_do) == ((), ())
    images = {row.service.name: row.after_plan for row in back.forecast}
    assert images["iris"] == "registry.example.com/ml/sklearnserver:v0.7.0"
    (told,) = (one for one in back.findings if one.code == "KM556")
    assert [ref.name for ref in told.objects] == ["iris"]
    assert told.text.startswith("the images that the run wrote into them stay, ")
    lost = [one.text for one in back.findings if one.code == "KM302"]
    gone = ["ran kserve/xgbserver:v0.7.0, will run no image"]
    assert lost == (gone if release == "0.10.2" else [])
