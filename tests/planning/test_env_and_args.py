"""Plans that change variables and flags: who moves, what is awaited, and the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from migrate.errors import BlockedError
from migrate.kserve.running import Running
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.operations.model import Direction, Edit, Holds, Patch
from migrate.planning.change.proof import prove_services, prove_settings, settings_in, together
from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Activate, Desired, EnvVar, Options
from migrate.planning.model.plan import Outlook, Plan
from migrate.planning.world.activation import CONTAINER_PATH
from migrate.planning.world.changed import changed
from migrate.planning.world.snapshot import Snapshot
from tests.planning.clusters import IRIS, codes, service, snapshot
from tests.planning.runtimes import OTHER, RUNTIME, SKLEARN, STOCK, model, world

PROBA = Desired(format="sklearn", env=(EnvVar("PREDICT_PROBA", "True"),))
BOTH = Desired(
    runtime=RUNTIME.name, env=(EnvVar("PREDICT_PROBA", "True"),), args=("--workers=2", "--x")
)
ENV = "/spec/containers/name=kserve-container/env"


def workload(name: str, release: str) -> ObjectRef:
    end = "-predictor-default" if release == "0.9.0" else "-predictor"
    return ObjectRef("serving.knative.dev/v1", "Service", f"{name}{end}", "team")


def running(*services: Any, release: str = "0.15.2") -> Snapshot:
    found = world(*services, release=release)
    return replace(
        found, workloads={workload(s.metadata.name, release): Running(STOCK) for s in services}
    )


def plan(found: Snapshot, *wanted: Desired, **options: Any) -> Plan:
    return make_plan(found, Options(wanted, **options))


def awaited(made: Plan) -> list[tuple[str, str, Any]]:
    found = [c for stage in made.apply for c in stage.conditions if isinstance(c, Holds)]
    return [(c.target.name, c.path.removeprefix(CONTAINER_PATH), c.value) for c in found]


def with_env(found: Snapshot, *env: Manifest) -> Snapshot:
    """The snapshot with these variables in the runtime."""
    edit = Edit(ENV, None, list(env))
    return changed(found, {RUNTIME: (edit,)})


def test_a_variable_alone() -> None:
    made = plan(running(model("iris"), model("rows", protocolVersion="v2")), PROBA)
    [operation] = made.operations
    item = {"name": "PREDICT_PROBA", "value": "True"}
    assert (operation.target, operation.change) == (RUNTIME, Patch((Edit(ENV, UNSET, [item]),)))
    assert operation.reason == "set the env of sklearn"
    rows = {row.service.name: (row.outlook, row.settings, row.after_plan) for row in made.forecast}
    assert rows["iris"] == (Outlook.CHANGES, ("env PREDICT_PROBA",), STOCK)
    assert rows["rows"][:2] == (Outlook.CHANGES_ANYWAY, ())
    assert ("iris-predictor", "/env/name=PREDICT_PROBA/value", "True") in awaited(made)


def test_what_is_awaited_of_a_service() -> None:
    made = plan(running(model("iris")), BOTH)
    assert awaited(made) == [
        ("iris-predictor", "/env/name=PREDICT_PROBA/value", "True"),
        ("iris-predictor", "/args/1", "--workers=2"),
    ]
    assert made.forecast[0].settings == ("env PREDICT_PROBA", "args --workers, --x")
    image = msgspec.structs.replace(BOTH, image=OTHER)
    assert awaited(plan(running(model("iris")), image))[0] == ("iris-predictor", "/image", OTHER)


def test_a_placeholder_is_awaited_as_kserve_fills_it_in() -> None:
    wanted = Desired(runtime=RUNTIME.name, env=(EnvVar("WHO", "{{.Name}}-x"),))
    assert awaited(plan(running(model("iris")), wanted))[0][2] == "iris-x"


def test_who_is_woken_is_waited_for_too() -> None:
    made = plan(running(model("iris")), BOTH, activate=Activate.EACH)
    assert [len(stage.activations) for stage in made.apply] == [0, 1]
    assert len(made.apply[1].conditions) == 2


def test_nothing_is_to_be_done_where_all_is_there() -> None:
    found = with_env(running(model("iris")), {"name": "PREDICT_PROBA", "value": "True"})
    made = plan(found, PROBA)
    assert not made.has_work
    assert made.forecast[0].outlook is Outlook.UNCHANGED


def test_a_variable_of_the_service_itself_stays() -> None:
    own: dict[str, Any] = {
        "env": [{"name": "PREDICT_PROBA", "value": "False"}],
        "args": ["--workers", "8"],
    }
    made = plan(running(model("iris"), model("own", **own)), BOTH)
    told = {f.text: [ref.name for ref in f.objects] for f in made.findings if f.code == "KM208"}
    assert [text.split()[2:4] for text in told] == [["args", "--workers"], ["env", "PREDICT_PROBA"]]
    assert list(told.values()) == [["own"], ["own"]]
    rows = {row.service.name: row.settings for row in made.forecast}
    assert rows["own"] == ("args --workers, --x",)


@pytest.mark.parametrize("mode", ["RawDeployment", "Serverless"])
def test_who_would_break_blocks_the_plan(mode: str) -> None:
    """0.15 merges the two into a variable with both kinds of value, which no pod can have."""
    source = {"configMapKeyRef": {"name": "c", "key": "k"}}
    own = model("own", env=[{"name": "PREDICT_PROBA", "valueFrom": source}])
    annotations = {"serving.kserve.io/deploymentMode": mode}
    meta = msgspec.structs.replace(own.metadata, annotations=annotations)
    own = msgspec.structs.replace(own, metadata=meta)
    made = plan(running(model("iris"), own), PROBA)
    assert codes(made)["KM217"] == ["own"]
    assert made.blocking
    assert "KM217" not in codes(plan(running(own, release="0.20.0"), PROBA))
    lost = model("lost", "unheard-of")
    assert "KM217" not in codes(plan(running(lost, model("iris")), PROBA))


def test_wishes_that_share_a_runtime_are_one() -> None:
    one = Desired(format="sklearn", protocol="v2", image="x:1")
    other = Desired(format="xgboost", protocol="v2", args=("--a",))
    made = plan(world(model("a", protocolVersion="v2")), one, other)
    [operation] = made.operations
    assert isinstance(operation.change, Patch)
    assert [e.path.rpartition("/")[2] for e in operation.change.edits] == ["image", "args"]
    assert [row.wanted for row in made.images if row.wanted] == ["x:1"]


@pytest.mark.parametrize("wanted", [PROBA, Desired(format="sklearn", image="a:1", args=("--a",))])
def test_predictors_hold_images_alone(wanted: Desired) -> None:
    with pytest.raises(BlockedError, match="predictors hold images alone") as caught:
        make_plan(snapshot(IRIS), Options((wanted,)))
    assert "spec.predictor.sklearn; a runtime holds them from KServe 0.8 on" in caught.value.hint
    early = snapshot(IRIS, release="0.9.0")
    with pytest.raises(BlockedError, match=r"on KServe 0\.9"):
        make_plan(early, Options((wanted,)))


def test_who_is_still_in_the_framework_form_does_not_get_them() -> None:
    old = service("old", sklearn={"storageUri": "gs://m", "runtimeVersion": "v0.9.0"})
    made = plan(world(model("new"), old, release="0.9.0"), PROBA)
    assert [op.target for op in made.operations] == [RUNTIME]
    assert codes(made)["KM214"] == ["old"]
    assert made.blocking
    accepted = plan(world(model("new"), old, release="0.9.0"), PROBA, accept=("KM214=team/old",))
    assert not accepted.blocking
    assert "KM214" not in codes(plan(world(model("new"), release="0.9.0"), PROBA))
    assert "KM214" not in codes(plan(world(old, release="0.9.0"), BOTH))


def test_what_is_proven_of_variables_and_flags() -> None:
    made = plan(running(model("iris")), msgspec.structs.replace(BOTH, image=OTHER))
    expected = settings_in(made.waves(Direction.APPLY))
    assert [c.path.removeprefix(CONTAINER_PATH)[:5] for c in expected] == ["/env/", "/args"]
    found = {one: one.value for one in expected}
    [result] = prove_settings(made.forecast, Direction.APPLY, expected, found)
    assert (result.holds, result.subject) == (True, model("iris").ref)
    assert result.text == "env PREDICT_PROBA, args --workers, --x as planned"
    [back] = prove_settings(made.forecast, Direction.ROLLBACK, expected, found)
    assert back.text.endswith("--x as before")
    wrong = {**found, expected[0]: "False"}
    [result] = prove_settings(made.forecast, Direction.APPLY, expected, wrong)
    assert not result.holds
    assert "PREDICT_PROBA" in result.text
    assert "False" not in result.text
    assert prove_settings(made.forecast, Direction.APPLY, expected, {}) == ()


@pytest.mark.parametrize("image", ["", OTHER])
def test_who_gets_variables_alone_is_not_told_as_one_that_stayed(image: str) -> None:
    services = (model("iris"), model("aside", env=[{"name": "PREDICT_PROBA", "value": "own"}]))
    made = plan(running(*services), msgspec.structs.replace(PROBA, image=image))
    images = dict.fromkeys((r.workload for r in made.forecast if r.workload), image or STOCK)
    expected = settings_in(made.waves(Direction.APPLY))
    settings = prove_settings(
        made.forecast, Direction.APPLY, expected, {c: c.value for c in expected}
    )
    proven = together(prove_services(made, made.forecast, Direction.APPLY, images), settings)
    told = sorted((r.subject.name, r.changed, r.text.split()[0]) for r in proven)
    by_image = [(name, bool(image), "runs") for name in ("aside", "iris")]
    assert told == sorted([("iris", True, "env"), *(by_image if image else by_image[:1])])


def test_a_copy_in_a_namespace_keeps_its_variables() -> None:
    meta = {**SKLEARN["metadata"], "namespace": "team"}
    copy = {**SKLEARN, "kind": "ServingRuntime", "metadata": meta}
    found = running(model("iris"))
    every = [msgspec.convert(m, Runtime) for m in (*found.originals.values(), copy)]
    made = plan(replace(found, runtimes=Runtimes(every)), PROBA)
    assert ref_of(copy) == made.forecast[0].runtime_after_plan
    assert made.forecast[0].outlook is Outlook.UNCHANGED
    assert codes(made)["KM210"] == ["iris"]


def test_a_credential_that_is_wanted_is_a_finding_without_its_value() -> None:
    secret = Desired(
        format="sklearn", env=(EnvVar("API_TOKEN", "s3cr3t"),), args=("--auth-password=s3cr3t",)
    )
    [found] = [f for f in plan(running(model("iris")), secret).findings if f.code == "KM410"]
    assert "API_TOKEN, --auth-password" in found.text
    assert "s3cr3t" not in found.text
    assert not found.blocks
    assert "KM410" not in codes(plan(running(model("iris")), BOTH))
