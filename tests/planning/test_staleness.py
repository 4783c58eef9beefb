"""What makes a plan stale, who did it, and what does not matter."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from migrate.objects import Manifest, ref_of
from migrate.operations.stale import Difference, refusal, signed
from migrate.planning.change.staleness import differences
from migrate.planning.hold.make import make_plan
from migrate.planning.model import planfile
from migrate.planning.model.desired import Activate, Options
from migrate.planning.model.plan import Plan
from migrate.planning.model.typed import merged, parse_set
from migrate.planning.world.changed import with_runtimes
from migrate.planning.world.snapshot import Snapshot
from tests.planning.clusters import IRIS, NOW, STOCK, service, snapshot
from tests.planning.owned import DATA, entry
from tests.planning.runtimes import MLSERVER, OTHER, RUNTIME, SKLEARN, cluster_runtime, model, world

SET = ("sklearn=r/s:v0.7.0",)
IN_RUNTIME = (f"sklearn={OTHER}",)


def plan(found: Snapshot, *sets: str, **options: Any) -> Plan:
    return make_plan(found, Options(merged(map(parse_set, sets)), **options))


def told(made: Plan, found: Snapshot) -> list[Difference]:
    objects = {found.config_ref: found.config, **found.originals}
    return differences(made, make_plan(found, made.options), objects.get)


def text(made: Plan, found: Snapshot) -> str:
    return refusal(told(made, found)).message


def edited(predictors: dict[str, Any], format_: str, key: str, value: str) -> dict[str, Any]:
    made = copy.deepcopy(predictors)
    made[format_]["v1"][key] = value
    return made


def moved(found: Snapshot, manifest: Manifest) -> Snapshot:
    """The snapshot with another ClusterServingRuntime of that name."""
    originals = {**found.originals, ref_of(manifest): manifest}
    return replace(found, originals=originals, runtimes=with_runtimes(found.runtimes, [manifest]))


def other_spec(manifest: Manifest, **spec: Any) -> Manifest:
    return {**manifest, "spec": {**manifest["spec"], **spec}}


def test_the_same_cluster_is_as_planned() -> None:
    made = plan(snapshot(IRIS, images=NOW), *SET)
    assert told(made, snapshot(IRIS, images=NOW)) == []


@pytest.mark.parametrize(
    ("format_", "key", "planned"),
    [
        ("sklearn", "image", '"kserve/sklearnserver"'),
        ("xgboost", "image", '"kserve/xgbserver"'),
        ("pytorch", "defaultImageVersion", '"v0.7.0"'),
        ("xgboost", "note", "(none)"),
    ],
)
def test_an_edit_of_predictors(format_: str, key: str, planned: str) -> None:
    made = plan(snapshot(IRIS, images=NOW), *SET)
    now = snapshot(IRIS, images=NOW, predictors=edited(STOCK, format_, key, "x/y"))
    first = told(made, now)[0]
    assert (first.target, first.where) == (
        now.config_ref,
        f"/data/predictors /{format_}/v1/{key}",
    )
    assert (first.planned, first.found) == (planned, '"x/y"')
    assert "everybody follows" in first.why


def test_predictors_that_is_laid_out_in_another_way() -> None:
    made = plan(snapshot(IRIS, images=NOW), *SET)
    (one,) = told(made, snapshot(IRIS, images=NOW, predictors=json.dumps(STOCK, indent=4)))
    assert "the same values" in one.found


def test_only_who_is_reconciled_follows_without_a_restart() -> None:
    made = plan(snapshot(IRIS, images=NOW), *SET, activate=Activate.EACH)
    now = snapshot(IRIS, images=NOW, predictors=edited(STOCK, "xgboost", "note", "x"))
    assert "everybody" not in told(made, now)[0].why


def test_what_the_plan_leads_to_is_not_stale() -> None:
    """Somebody else did the very same."""
    made = plan(snapshot(IRIS, images=NOW), *SET)
    after = edited(STOCK, "sklearn", "image", "r/s")
    assert told(made, snapshot(IRIS, images=NOW, predictors=after)) == []
    assert told(made, snapshot(IRIS, images={"iris": "r/s:v0.7.0"}, predictors=after)) == []


def test_who_wrote_it_and_when_is_told() -> None:
    made = plan(snapshot(IRIS, images=NOW), *SET)
    now = snapshot(IRIS, images=NOW, predictors=edited(STOCK, "xgboost", "image", "x/y"))
    meta = {**now.config["metadata"], "managedFields": [entry("kubectl-edit", "Update", DATA)]}
    live = {now.config_ref: {**now.config, "metadata": meta}}
    message = refusal(signed(told(made, now), live.get)).message
    assert "by kubectl-edit (Update, 2026-08-20T15:58:20Z)" in message
    assert "ConfigMap kserve/inferenceservice-config" in message


def test_a_service_that_has_gone_does_not_matter() -> None:
    made = plan(snapshot(IRIS, images=NOW), *SET)
    assert told(made, snapshot(images=NOW)) == []


def test_a_service_that_came_matters_where_it_would_move() -> None:
    made = plan(snapshot(IRIS, images=NOW), *SET)
    late = service("late", sklearn={"runtimeVersion": "v0.7.0"})
    aside = service("aside", xgboost={"runtimeVersion": "v0.7.0"})
    assert told(made, snapshot(IRIS, aside, images=NOW)) == []
    (one,) = told(made, snapshot(IRIS, late, images=NOW))
    assert (one.target.name, one.planned) == ("late", "there was no such service")
    assert "r/s:v0.7.0" in one.found


def test_a_service_that_follows_another_pin_matters() -> None:
    made = plan(snapshot(IRIS, images=NOW), *SET, accept=("KM201",))
    repinned = service("iris", sklearn={"runtimeVersion": "v5"})
    (one,) = told(made, snapshot(repinned, images=NOW))
    assert "r/s:v0.7.0" in one.planned
    assert "r/s:v5" in one.found
    assert [(p.target.name, p.path) for p in one.places] == [("iris", "/spec/predictor")]


def test_a_service_that_took_an_image_of_its_own_would_not_follow() -> None:
    made = plan(snapshot(IRIS, images=NOW), *SET)
    own = service("iris", sklearn={"runtimeVersion": "v0.7.0", "image": "mine:1"})
    (one,) = told(made, snapshot(own, images={"iris": "mine:1"}))
    assert "not get the image" in one.why


def test_another_image_of_who_has_nothing_to_do_with_it_does_not_matter() -> None:
    custom = [{"name": "kserve-container", "image": "mine:1"}]
    newer = [{"name": "kserve-container", "image": "mine:2"}]
    made = plan(snapshot(IRIS, service("own", containers=custom), images=NOW), *SET)
    assert told(made, snapshot(IRIS, service("own", containers=newer), images=NOW)) == []


def test_another_deployment_mode_moves_everybody() -> None:
    aside = service("aside", xgboost={"runtimeVersion": "v0.7.0"})
    found = snapshot(IRIS, aside, images={**NOW, "aside": "kserve/xgbserver:v0.7.0"})
    made = plan(found, *SET)
    data = {
        **found.config["data"],
        "deploy": json.dumps({"defaultDeploymentMode": "RawDeployment"}),
    }
    now = replace(found, config={**found.config, "data": data})
    assert {one.target.name for one in told(made, now)} == {"iris", "aside"}


def test_a_pin_that_came_is_one_write_more_than_was_shown() -> None:
    made = plan(snapshot(IRIS, images=NOW), "sklearn=r/s:t", repin=True)
    late = service("late", sklearn={"runtimeVersion": "v0.7.0"})
    message = text(made, snapshot(IRIS, late, images=NOW))
    assert "not to be written" in message
    assert "move its pin along" in message


def test_a_finding_that_would_block_now() -> None:
    made = plan(snapshot(IRIS, images=NOW), *SET, max_restarts=1)
    late = service("late", sklearn={"runtimeVersion": "v0.7.0"})
    fresh = make_plan(snapshot(IRIS, late, images=NOW), made.options)
    (code,) = [finding.code for finding in fresh.blocking]
    assert code in text(made, snapshot(IRIS, late, images=NOW))


def test_a_runtime_is_sealed_where_services_follow_it() -> None:
    """At a restart all that serve; else those whose services the plan moves."""
    found = world(model("iris"), model("prices", "xgboost", protocolVersion="v2"))
    seals = plan(found, *IN_RUNTIME).seals
    assert {(seal.target, seal.path) for seal in seals} == {
        (ref_of(SKLEARN), "/spec"),
        (ref_of(MLSERVER), "/spec"),
    }
    changed = {seal.target for seal in seals if seal.before != seal.after}
    assert changed == {RUNTIME}
    each = plan(found, *IN_RUNTIME, activate=Activate.EACH)
    assert [seal.target for seal in each.seals] == [RUNTIME]
    assert plan(found).seals == ()


def test_an_edit_of_a_runtime_by_somebody_else() -> None:
    found = world(model("iris"), model("prices", "xgboost", protocolVersion="v2"))
    made = plan(found, *IN_RUNTIME)
    image = cluster_runtime("kserve-sklearnserver", "x/y:z", "sklearn", protocolVersions=["v1"])
    first = told(made, moved(found, image))[0]
    assert (first.target, first.where) == (RUNTIME, "/spec /containers/0/image")
    assert (first.planned, first.found) == ('"kserve/sklearnserver:v0.15.2"', '"x/y:z"')
    (one,) = told(made, moved(found, other_spec(SKLEARN, nodeSelector={"gpu": "yes"})))
    assert (one.target, one.where) == (RUNTIME, "/spec /nodeSelector/gpu")
    assert "decides for 1 InferenceService" in one.why


def test_arguments_and_variables_are_not_shown_for_they_may_be_credentials() -> None:
    found = world(model("iris"))
    made = plan(found, *IN_RUNTIME)
    (container,) = SKLEARN["spec"]["containers"]
    secret = {**container, "args": ["--token=hunter2"], "env": [{"name": "A", "value": "hunter2"}]}
    differing = told(made, moved(found, other_spec(SKLEARN, containers=[secret])))
    assert [one.where for one in differing] == [
        "/spec /containers/0/args/0",
        "/spec /containers/0/env/0/name",
        "/spec /containers/0/env/0/value",
    ]
    assert "hunter2" not in refusal(differing).message
    again = plan(moved(found, other_spec(SKLEARN, containers=[secret])), *IN_RUNTIME)
    assert b"hunter2" not in planfile.dump(again)


def test_an_edit_of_a_runtime_that_nobody_follows_does_not_matter() -> None:
    found = world(model("iris"))
    made = plan(found, *IN_RUNTIME)
    assert told(made, moved(found, other_spec(MLSERVER, nodeSelector={"gpu": "yes"}))) == []
    marked = {**SKLEARN, "metadata": {**SKLEARN["metadata"], "annotations": {"note": "x"}}}
    assert told(made, moved(found, marked)) == []
