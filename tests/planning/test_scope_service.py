"""Who is pinned to a runtime of its own and who cannot be; in which waves."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.errors import UsageError
from migrate.kserve.rollouts import Rollout
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.operations.model import Holds, RolledOut
from migrate.planning.model.desired import Activate, Selection
from migrate.planning.model.plan import Outlook, Plan
from tests.planning.clusters import codes, service
from tests.planning.copies import SKLEARN, cluster, isvc, own
from tests.planning.pinned import pinning_plan, settled

NEW, NEWER = (f"registry.example.com/ml/sklearnserver:{tag}" for tag in ("next", "later"))
SET, SET_NEWER = f"runtime/{SKLEARN}={NEW}", f"runtime/{SKLEARN}={NEWER}"
RAW = {"deploy": '{"defaultDeploymentMode": "RawDeployment"}'}


def mesh(name: str) -> dict[str, Any]:
    one = isvc(name)
    one["metadata"]["annotations"] = {"serving.kserve.io/deploymentMode": "ModelMesh"}
    return one


def with_predictor(name: str, **fields: Any) -> dict[str, Any]:
    one = isvc(name)
    one["spec"]["predictor"] |= fields
    return one


def test_who_cannot_be_pinned_is_named_and_stays() -> None:
    canaries = isvc("canaries")
    canaries["spec"]["canary"] = [{"trafficPercent": 10, "predictor": {"name": "next"}}]
    canaries["metadata"]["annotations"] = {"serving.kserve.io/deploymentMode": "Standard"}
    found = settled(
        "0.20.0",
        isvc("plain"),
        with_predictor("canary", canaryTrafficPercent=20),
        with_predictor("promoted", canaryTrafficPercent=100),
        with_predictor(
            "refused", model={**isvc("x")["spec"]["predictor"]["model"], "name": "kserve-container"}
        ),
        canaries,
        mesh("mesh"),
    )
    made = pinning_plan(found, SET)
    told = {
        ref.name: one.text for one in made.findings if one.code == "KM250" for ref in one.objects
    }
    assert sorted(told) == ["canaries", "canary", "refused"]
    assert "canaryTrafficPercent 20" in told["canary"]
    assert "spec.canary" in told["canaries"]
    assert "has a name" in told["refused"]
    assert [op.target.name for op in made.operations[1:]] == ["plain", "promoted"]
    assert made.blocking
    workers = with_predictor("workers", workerSpec={})
    workers["spec"]["predictor"]["model"] |= {"runtime": "kserve-huggingfaceserver-multinode"}
    workers["spec"]["predictor"]["model"]["modelFormat"]["name"] = "huggingface"
    workers["spec"]["predictor"]["model"]["storageUri"] = "pvc://models/x"
    workers["metadata"]["annotations"] = {"serving.kserve.io/autoscalerClass": "none"}
    many = pinning_plan(
        settled("0.15.2", workers), f"runtime/kserve-huggingfaceserver-multinode={NEW}"
    )
    assert (codes(many)["KM250"], many.operations) == (["workers"], ())
    assert "its generation is in its pods" in next(f.text for f in many.findings)


def test_the_framework_form_is_refused_by_name() -> None:
    old = service("old", sklearn={"runtimeVersion": "v0.9.0", "storageUri": "gs://m/x"})
    found = settled("0.9.0", isvc("new", protocolVersion="v1"))
    found = replace(found, services=found.services.changed([old]))
    predictors = '{"sklearn": {"v1": {"image": "a", "defaultImageVersion": "1"}}}'
    found = replace(found, config={**found.config, "data": {"predictors": predictors}})
    made = pinning_plan(found)
    [told] = [one for one in made.findings if one.code == "KM250"]
    assert [ref.name for ref in told.objects] == ["old"]
    assert "kmigrate apply --to-runtimes --convert" in told.fix
    assert [op.target.name for op in made.operations[1:]] == ["new"]


def test_what_the_write_alone_restarts_is_told_as_a_restart() -> None:
    """Without `inferenceService` in the ConfigMap nothing stays off the pods, not even what the
    webhook of 0.17 and later adds to a service that an older one stored."""
    made = pinning_plan(cluster("0.20.0", isvc("iris")))
    [row] = made.forecast
    assert (row.outlook, row.restarts, row.now) == (Outlook.CHANGES, True, row.after_plan)
    assert "modelFormat=sklearn" in next(f.text for f in made.findings if f.code == "KM252")
    assert "KM252" not in codes(pinning_plan(settled("0.20.0", isvc("iris"))))


def sizes(made: Plan) -> list[tuple[list[str], float]]:
    return [([made.operations[at].target.name for at in s.operations], s.pause) for s in made.apply]


def test_copies_come_first_then_canaries_then_the_rest_in_waves() -> None:
    found = settled("0.20.0", *(isvc(f"m{n}") for n in range(5)))
    made = pinning_plan(found, SET, canary=("team/m3", "team/m1"), max_unavailable=2, pause=30.0)
    assert sizes(made)[1:] == [(["m3", "m1"], 0.0), (["m0", "m2"], 30.0), (["m4"], 30.0)]
    assert [made.operations[at].target.kind for at in made.apply[0].operations] == [
        "ServingRuntime"
    ]
    assert [(len(s.operations), s.pause) for s in made.rollback] == [
        (2, 0.0),
        (2, 30.0),
        (1, 30.0),
        (1, 0.0),
    ]
    assert made.rollback[-1].operations == made.apply[0].operations
    assert [len(w) for w, _ in sizes(pinning_plan(found, SET, wave_size=4))] == [1, 4, 1]
    as_it_is = pinning_plan(found, max_unavailable=1)
    assert [len(names) for names, _ in sizes(as_it_is)] == [1, 5]


def test_each_is_awaited_until_it_reports_its_runtime_and_is_ready_again() -> None:
    ready = isvc("iris")
    ready["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
    made = pinning_plan(settled("0.20.0", ready, isvc("other")))
    name = made.operations[0].target.name
    found = {
        (one.path, one.value)
        for one in made.apply[-1].conditions
        if isinstance(one, Holds) and one.target.name == "iris"
    }
    assert {
        ("/status/servingRuntimeName", name),
        ("/status/clusterServingRuntimeName", None),
        ("/status/conditions/type=Ready/status", "True"),
    } <= found
    assert "KM236" not in codes(made)
    assert {seal.target.name for seal in made.seals} == {SKLEARN}
    others = [one for one in made.apply[-1].conditions if one.target.name == "other"]
    assert not any("conditions" in getattr(one, "path", "") for one in others)


@pytest.mark.parametrize("how", [Activate.RESTART, Activate.NONE])
def test_how_it_is_made_to_act_cannot_be_chosen(how: Activate) -> None:
    with pytest.raises(UsageError, match="reconciled at once"):
        pinning_plan(settled("0.20.0", isvc("iris")), activate=how)


def test_a_canary_must_be_among_those_that_are_pinned() -> None:
    found = settled("0.20.0", isvc("iris"), isvc("trees", "xgboost"))
    with pytest.raises(UsageError, match=r"team/trees.*it pins team/iris"):
        pinning_plan(found, canary=("team/trees",))


def test_a_canary_is_looked_for_among_names_that_are_like_it() -> None:
    found = settled("0.20.0", *(isvc(f"m{number:02}") for number in range(12)), isvc("payments"))
    with pytest.raises(UsageError, match=r"did you mean team/payments\?.* and 3 more") as raised:
        pinning_plan(found, canary=("team/paymets",))
    assert "another --canary" in raised.value.hint


def test_who_is_left_alone_while_ready_is_pinned_and_told() -> None:
    frozen = isvc("frozen")
    frozen["metadata"]["annotations"] = {"serving.kserve.io/disable-auto-update": "true"}
    frozen["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
    made = pinning_plan(settled("0.16.0", frozen), SET)
    assert codes(made)["KM409"] == ["frozen"]
    assert [op.target.name for op in made.operations[1:]] == ["frozen"]
    assert not made.forecast[0].restarts


def test_a_runtime_of_somebody_else_is_left_alone() -> None:
    made = pinning_plan(settled("0.15.2", isvc("iris"), own=(own(SKLEARN),)), SET)
    assert (codes(made)["KM230"], made.operations) == (["iris"], ())
    assert made.blocking
    as_it_is = pinning_plan(settled("0.15.2", isvc("iris"), own=(own(SKLEARN),)))
    assert (as_it_is.has_work, "KM230" in codes(as_it_is)) == (False, False)


def test_who_is_not_ready_counts_where_no_more_may_be_rolled_out_at_one_time() -> None:
    found = settled("0.15.2", isvc("iris"), data=RAW)
    [workload] = found.workloads
    rollout = Rollout(pods=1, surge=1, unavailable=0, ready=False)
    running = msgspec.structs.replace(found.workloads[workload], rollout=rollout)
    found = replace(found, workloads={workload: running})

    def waits(made: Plan) -> bool:
        return RolledOut(workload, made.forecast[0].service) in made.apply[-1].conditions

    assert waits(pinning_plan(found, SET, max_unavailable=1))
    assert not waits(pinning_plan(found, SET))
    assert not waits(pinning_plan(found, max_unavailable=1))


def test_a_copy_that_serves_every_model_alike_is_refused() -> None:
    found = settled("0.15.2", isvc("rows"))
    ref = next(ref for ref in found.originals if ref.name == SKLEARN)
    whole = copy.deepcopy(found.originals[ref])
    whole["spec"]["containers"][0]["args"] = ["--model_name=iris"]
    others = [one for one in found.runtimes.everywhere if one.ref != ref]
    runtimes = Runtimes([*others, msgspec.convert(whole, Runtime)])
    made = pinning_plan(
        replace(found, runtimes=runtimes, originals={**found.originals, ref: whole})
    )
    [told] = [one for one in made.findings if one.code == "KM401"]
    assert (told.blocks, [ref.name for ref in told.objects]) == (True, ["rows"])


def test_a_service_that_argo_cd_takes_back_is_not_written() -> None:
    owned = isvc("iris")
    tracked = "models:serving.kserve.io/InferenceService:team/iris"
    owned["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": tracked}
    made = pinning_plan(settled("0.15.2", owned))
    assert (codes(made)["KM106"], bool(made.blocking)) == (["iris"], True)
    assert not pinning_plan(settled("0.15.2", owned), take_ownership=True).blocking


def test_who_names_what_is_not_there_yet_would_get_it_and_is_told() -> None:
    made = pinning_plan(settled("0.15.2", isvc("iris")), SET)
    name = made.operations[0].target.name
    waiting = settled("0.15.2", isvc("iris"), isvc("waiting", runtime=name))
    told = pinning_plan(waiting, SET, selection=Selection(exclude=("team/waiting",)))
    assert codes(told)["KM231"] == ["waiting"]
    assert told.blocking


def test_what_the_webhook_of_runtimes_refuses_is_told() -> None:
    found = settled("0.18.1", isvc("iris"))
    ref = next(ref for ref in found.originals if ref.name == SKLEARN)
    whole = copy.deepcopy(found.originals[ref])
    whole["spec"]["containers"][0]["env"] = [{"name": "PYTHONPATH", "value": "/x"}]
    others = [one for one in found.runtimes.everywhere if one.ref != ref]
    runtimes = Runtimes([*others, msgspec.convert(whole, Runtime)])
    found = replace(found, runtimes=runtimes, originals={**found.originals, ref: whole})
    assert "KM232" in codes(pinning_plan(found))


def test_the_room_that_a_rollout_takes_is_that_of_a_wave() -> None:
    found = settled("0.15.2", *(isvc(f"m{n}") for n in range(4)), data=RAW)
    rollout = Rollout(pods=1, surge=1, unavailable=0, ready=True)
    running = {
        ref: msgspec.structs.replace(one, rollout=rollout) for ref, one in found.workloads.items()
    }
    found = replace(found, workloads=running)

    def room(made: Plan) -> str:
        return next(one.text for one in made.findings if one.code == "KM220")

    assert room(pinning_plan(found, SET)).startswith("up to 4 more pods")
    assert "up to 1 more pod during" in room(pinning_plan(found, SET, max_unavailable=1))
