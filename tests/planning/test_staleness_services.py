"""What becomes of services while a plan is kept: runtimes that take them over, variables, drift."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.kserve import terms
from migrate.kserve.running import Running
from migrate.kserve.runtimes import Runtime
from migrate.objects import ObjectRef
from migrate.operations.model import Patch
from migrate.operations.patching import apply_edits
from migrate.operations.stale import SHOWN
from migrate.planning.change.staleness import differences
from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Activate, Desired, EnvVar, Options
from migrate.planning.world.changed import with_runtimes
from migrate.planning.world.snapshot import Snapshot
from tests.planning.clusters import IRIS, NOW, service, snapshot
from tests.planning.runtimes import MLSERVER, SKLEARN, model, world
from tests.planning.test_staleness import (
    IN_RUNTIME,
    SET,
    moved,
    plan,
    text,
    told,
)


def test_a_namespaced_runtime_that_takes_services_over() -> None:
    found = world(model("iris"))
    made = plan(found, *IN_RUNTIME)
    name = {"name": "kserve-sklearnserver", "namespace": "team"}
    own = {**SKLEARN, "kind": "ServingRuntime", "metadata": name}
    now = replace(found, runtimes=with_runtimes(found.runtimes, [own]))
    (one,) = told(made, now)
    assert one.target.name == "iris"
    assert "ClusterServingRuntime kserve-sklearnserver" in one.planned
    assert "ServingRuntime team/kserve-sklearnserver" in one.found
    capturing = ObjectRef(terms.RUNTIME_VERSION, "ServingRuntime", "kserve-sklearnserver", "team")
    assert [place.target for place in one.places] == [one.target, capturing]
    assert isinstance(msgspec.convert(own, Runtime), Runtime)


def test_more_changed_fields_than_were_told() -> None:
    """The arguments of a namespaced runtime, say: it is not sealed, what comes of it is told."""
    found = snapshot(IRIS, images=NOW)
    planned = plan(found, *SET)
    (row,) = planned.forecast
    assert row.changes == ("image",)
    more = msgspec.structs.replace(row, changes=("args", "image"))
    fresh = msgspec.structs.replace(planned, forecast=(more,))
    (one,) = differences(planned, fresh, {found.config_ref: found.config}.get)
    assert "more of its container" in one.why
    assert list(differences(fresh, planned, {found.config_ref: found.config}.get)) == []


def test_very_many_differences_are_cut_short() -> None:
    many = [service(f"s{i}", sklearn={"runtimeVersion": "v0.7.0"}) for i in range(SHOWN + 3)]
    made = plan(snapshot(IRIS, images=NOW), *SET)
    message = text(made, snapshot(IRIS, *many, images=NOW))
    assert message.endswith("\n  and 3 more")
    assert message.count("came since") == SHOWN


PROBA = Desired(format="sklearn", env=(EnvVar("PREDICT_PROBA", "True"), EnvVar("A", "1")))


def with_env(name: str, *names: str) -> Any:
    return model(name, env=[{"name": each, "value": "own"} for each in names])


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ((), (), ""),
        ((), ("B",), ""),
        ((), ("A",), "it would not get the variables and flags"),
        ((), ("A", "PREDICT_PROBA"), "it would not get the variables and flags"),
        (("A",), (), "more of its container changes"),
        (("A", "PREDICT_PROBA"), (), "it was not to change"),
    ],
)
def test_a_service_that_gets_other_variables_than_told_is_stale(
    before: tuple[str, ...], after: tuple[str, ...], why: str
) -> None:
    """The image is the same on all sides."""
    made = make_plan(world(with_env("iris", *before)), Options((PROBA,)))
    found = told(made, world(with_env("iris", *after)))
    assert [one.why.startswith(why) for one in found] == [True] * bool(why)


def test_variables_that_somebody_else_set_meanwhile_are_not_missed() -> None:
    made = make_plan(world(model("iris")), Options((PROBA,)))
    [operation] = made.operations
    assert isinstance(operation.change, Patch)
    ours = apply_edits(operation.change.edits, SKLEARN)
    assert told(made, moved(world(model("iris")), ours)) == []


def with_image(found: Snapshot, **images: str) -> Snapshot:
    workloads = {
        ObjectRef("serving.knative.dev/v1", "Service", f"{name}-predictor", "team"): Running(image)
        for name, image in images.items()
    }
    return replace(found, workloads=workloads)


@pytest.mark.parametrize("how", [Activate.EACH, Activate.RESTART])
def test_who_differs_meanwhile_matters_where_the_plan_has_it_reconciled(how: Activate) -> None:
    found = world(model("iris"), model("rows", protocolVersion="v2"))
    image = MLSERVER["spec"]["containers"][0]["image"]
    made = plan(with_image(found, rows=image), *IN_RUNTIME, activate=how)
    stale = told(made, with_image(found, rows="edited:1"))
    assert [one.target.name for one in stale] == (["rows"] if how is Activate.RESTART else [])


def test_who_was_not_to_restart_by_the_plan_and_would_now_matters() -> None:
    """It differs on both sides; at first it has an image of its own, which the plan spares."""
    own = model("rows", image="own:1", runtime="kserve-sklearnserver")
    made = plan(with_image(world(own), rows="edited:1"), *IN_RUNTIME, activate=Activate.EACH)
    assert [row.restarts for row in made.forecast] == [False]
    by_plan = model("rows", runtime="kserve-sklearnserver")
    (one,) = told(made, with_image(world(by_plan), rows="edited:1"))
    assert one.why == "it was not to change"
