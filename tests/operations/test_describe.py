"""What is said of an edit in plans, errors and results: never a credential."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.credentials import MASK
from migrate.execute.drift import drifted
from migrate.objects import ObjectRef
from migrate.operations.describe import describe_condition, found_value, shown_value
from migrate.operations.model import Direction, Edit, Holds, Operation, Patch
from migrate.planning.change.proof import prove_objects
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan, Stage

RUNTIME = ObjectRef("serving.kserve.io/v1alpha1", "ClusterServingRuntime", "r")
ISVC = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "iris", "team")
TOKEN = Edit("/spec/containers/name=c/env/name=API_TOKEN/value", "old-v4lue", "new-v4lue")


def live(value: str) -> dict[str, Any]:
    env = [{"name": "API_TOKEN", "value": value}]
    return {"spec": {"containers": [{"name": "c", "env": env}]}}


def test_an_error_about_drift_tells_where_and_not_what() -> None:
    told = drifted([(Operation(RUNTIME, Patch((TOKEN,)), ""), live("s3cr3t-v4lue"))]).message
    assert TOKEN.path in told
    assert told.count(MASK) == 2
    assert "v4lue" not in told


def test_a_result_that_is_not_as_expected_tells_where_and_not_what() -> None:
    plan = Plan(
        cluster_uid="",
        kserve_namespace="kserve",
        release="0.15.2",
        options=Options(),
        operations=(Operation(RUNTIME, Patch((TOKEN,)), ""),),
        apply=(Stage((0,)),),
        rollback=(Stage((0,)),),
    )
    (result,) = prove_objects(plan, Direction.APPLY, {RUNTIME: live("s3cr3t-v4lue")})
    assert not result.holds
    assert result.text.count(MASK) == 2
    assert "v4lue" not in result.text


@pytest.mark.parametrize("source", ['{"a":  "v1"}', '"v1"', "12", "[ 1 ]", "{broken"])
def test_source_text_is_shown_as_it_is_written(source: str) -> None:
    edit = Edit("/data/predictors", source, "null", "/sklearn/v1")
    assert shown_value(edit, source) == source
    assert found_value(edit, {"data": {"predictors": "{"}}) == "(no readable JSON)"


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("image", "r/s:1"),
        ("env/name=API_TOKEN/value", "its env API_TOKEN as wanted"),
        ("env/name=A~1B", "its env A/B as wanted"),
        ("env/0/name", "its variables in the order as wanted"),
        ("args/3", "its args as wanted"),
        ("args", "its args as wanted"),
    ],
)
def test_what_is_awaited_is_told_by_its_name(field: str, told: str) -> None:
    one = Holds(RUNTIME, f"/spec/containers/name=c/{field}", "r/s:1", owner=RUNTIME)
    assert describe_condition(one) == f"{RUNTIME} has {told}"


def test_an_image_may_be_awaited_anywhere() -> None:
    assert (
        describe_condition(Holds(RUNTIME, "/spec/image", "r/s:1", RUNTIME))
        == f"{RUNTIME} has r/s:1"
    )


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("/spec/predictor/model/modelFormat/name", "sklearn", "is in the model form (sklearn)"),
        ("/status/conditions/type=Ready/status", "True", "is Ready"),
        ("/status/servingRuntimeName", "r", "is on ServingRuntime r"),
        ("/status/clusterServingRuntimeName", None, "is on no ClusterServingRuntime"),
    ],
)
def test_what_a_service_is_by_a_field_is_told_in_words(
    path: str, value: str | None, told: str
) -> None:
    assert describe_condition(Holds(ISVC, path, value, ISVC)) == f"{ISVC} {told}"
