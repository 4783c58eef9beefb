"""Rollbacks: planned from the record and from the cluster as it is now."""

from __future__ import annotations

import json

from migrate.objects import ObjectRef
from migrate.planning.back.rollback import plan_rollback
from tests.planning.clusters import (
    IRIS,
    NOW,
    STOCK,
    plan,
    service,
    snapshot,
)


def test_a_rollback_is_resolved_again() -> None:
    made = plan(snapshot(IRIS, images=NOW), "sklearn=r/s:t", repin=True)
    after = json.loads(json.dumps(STOCK))
    after["sklearn"]["v1"] = {"image": "r/s", "defaultImageVersion": "t"}
    moved = service("iris", sklearn={"runtimeVersion": "t"})
    late = service("late", sklearn={"runtimeVersion": "t"})
    found = snapshot(moved, late, predictors=after, images={"iris": "r/s:t", "late": "r/s:t"})
    back = plan_rollback(made, found, {})
    images = {row.service.name: row.after_plan for row in back.forecast}
    assert images == {"iris": "kserve/sklearnserver:v0.7.0", "late": "kserve/sklearnserver:t"}
    assert {f.code: [r.name for r in f.objects] for f in back.findings} == {"KM301": ["late"]}


def test_what_somebody_changed_is_told_before_a_rollback() -> None:
    made = plan(snapshot(IRIS, images=NOW), "sklearn=r/s:t", repin=True)
    after = json.loads(json.dumps(STOCK))
    after["sklearn"]["v1"] = {"image": "their/own", "defaultImageVersion": "t"}
    found = snapshot(service("iris", sklearn={"runtimeVersion": "t"}), predictors=after)
    config = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
    back = plan_rollback(made, found, {config: found.config})
    assert [f.text for f in back.findings if f.code == "KM303"] == [
        '/data/predictors /sklearn/v1/defaultImageVersion stays "t"',
        '/data/predictors /sklearn/v1/image stays "their/own"',
    ]
    assert back.to_do == ()


def test_a_rollback_leaves_a_pin_that_somebody_else_moved() -> None:
    made = plan(snapshot(IRIS, images=NOW), "sklearn=r/s:t", repin=True)
    after = json.loads(json.dumps(STOCK))
    after["sklearn"]["v1"] = {"image": "r/s", "defaultImageVersion": "t"}
    found = snapshot(
        service("iris", sklearn={"runtimeVersion": "theirs"}),
        predictors=after,
        images={"iris": "r/s:theirs"},
    )
    back = plan_rollback(made, found, {})
    assert back.forecast[0].after_plan == "kserve/sklearnserver:theirs"
    assert [f.code for f in back.findings] == ["KM302"]
