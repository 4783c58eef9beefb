"""Services of 0.7 under 0.9, converted: on runtimes of their namespaces, with the same images.

A Knative Service whose generation stays got no new Revision, whatever was written in between.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrate.cluster.kube import connect
from migrate.commands.reading import read_snapshot
from migrate.kserve.conversion import stored, unlike
from tests.conftest import StartKServe
from tests.real.claims import only_if_all
from tests.real.cli import kmigrate, runs_of
from tests.real.upgraded import GPU, ROLL, STAY, Field, made, override, ref_of_service, upgraded
from tests.testbed.samples import framework_service
from tests.testbed.waiting import wait_until


@pytest.mark.parametrize("setup", ["0.9.0 Knative", *only_if_all("0.8.0", "0.9.0")])
def test_overrides_move_into_runtimes_and_every_image_stays(
    start_kserve: StartKServe, setup: str
) -> None:
    release, _, knative = setup.partition(" ")
    field = upgraded(start_kserve, release, knative=bool(knative))
    former = override(field)
    images, generations = field.images(), field.generations()
    pods = {name: uids for name, uids in field.pods().items() if name not in ROLL}
    assert bool(pods) == bool(knative)
    _without_the_flag_it_is_named(field)
    plan = _planned(field)
    assert (field.images(), field.generations()) == (images, generations)
    assert {name for name, row in plan.items() if row["restarts"]} == set(ROLL)

    done = kmigrate(field.kserve.admin, "apply", "--to-runtimes", "--convert", "--yes")
    assert "! convert InferenceService team-a/iris" in done.stderr
    assert field.images() == images
    assert {n for n, times in field.generations().items() if times != generations[n]} == set(ROLL)
    # Knative's autoscaler may have put another pod of the same Revision beside them.
    now = field.pods()
    assert all(uids <= now[name] for name, uids in pods.items())
    forms = field.forms()
    assert {name for name, form in forms.items() if form == "model"} == {*STAY, *ROLL}
    assert field.copies() == {
        "team-a/kserve-sklearnserver",
        "team-a/kserve-mlserver",
        "team-b/kserve-sklearnserver",
        "team-c/kserve-tensorflow-serving",
    }
    generations = field.generations()
    _again_there_is_nothing_to_do(field)
    _the_global_setting_goes_back_and_nobody_notices(field, former, images, generations)

    _, moved = runs_of(field.kserve.admin)
    done = kmigrate(field.kserve.admin, "rollback", moved, "--yes")
    assert "they stay in the model form" in " ".join(done.stderr.split())
    assert (field.images(), field.generations()) == (images, generations)
    assert len(field.copies()) == 4
    assert field.forms() == forms
    assert "rolled back in part" in kmigrate(field.kserve.admin, "status", moved).stdout


def _without_the_flag_it_is_named(field: Field) -> None:
    done = kmigrate(field.kserve.admin, "plan", "--to-runtimes")
    assert "KM234" in done.stdout + done.stderr
    assert "--convert" in done.stdout + done.stderr


def _planned(field: Field) -> dict[str, Any]:
    """Plan, and see that the server was asked, and said nothing else."""
    done = kmigrate(field.kserve.admin, "plan", "--to-runtimes", "--convert", "-o", "json")
    plan = json.loads(done.stdout)["plan"]
    assert not {"KM243", "KM244"} & {found["code"] for found in plan["findings"]}
    return {f"{r['service']['namespace']}/{r['service']['name']}": r for r in plan["forecast"]}


def _again_there_is_nothing_to_do(field: Field) -> None:
    done = kmigrate(field.kserve.admin, "apply", "--to-runtimes", "--convert", "--yes")
    assert "nothing to change" in done.stdout + done.stderr


def _the_global_setting_goes_back_and_nobody_notices(
    field: Field, former: str, images: dict[str, str], generations: dict[str, int]
) -> None:
    kmigrate(field.kserve.admin, "apply", "--reset-global", "--yes")
    assert json.loads(field.predictors()) == json.loads(former)
    field.reconcile(*images)
    namespace = field.kserve.create_namespace("later")
    field.kserve.api.create(framework_service("last", namespace, "sklearn"))
    field.kserve.wait_knative_service(namespace, "last")
    now = {name: image for name, image in field.images().items() if name in images}
    assert now == images
    assert {n: t for n, t in field.generations().items() if n in images} == generations
    field.kserve.api.delete(framework_service("last", namespace, "sklearn"))
    wait_until(lambda: len(field.knative()) == len(images), 60, "the last service to go")


@pytest.mark.parametrize("release", [*only_if_all("0.8.0"), "0.9.0"])
def test_the_webhook_does_what_is_predicted(start_kserve: StartKServe, release: str) -> None:
    """A merge patch without fields converts; the dry run of it says how, and stores nothing."""
    kserve = start_kserve("0.7.0")
    one_each = {f"team-a/{fw}": (fw, more) for fw, more in KINDS.items()}
    made(kserve, one_each)
    kserve.upgrade(release)
    cluster = connect(str(kserve.admin))
    snapshot = read_snapshot(cluster, "kserve", "")
    assert snapshot.rules is not None
    config = snapshot.config_of(snapshot.config["data"], snapshot.rules)
    for name in one_each:
        live = cluster.get(ref_of_service(name))
        answer = cluster.would_patch(ref_of_service(name), {})
        assert answer is not None
        assert unlike(stored(live, config), answer) == [], name
        assert cluster.get(ref_of_service(name))["spec"] == live["spec"]
        cluster.patch(ref_of_service(name), {})
        after = cluster.get(ref_of_service(name))
        assert unlike(answer, after) == []
        assert "model" in after["spec"]["predictor"]
    cluster.close()


KINDS: dict[str, dict[str, Any]] = {
    "sklearn": {"protocolVersion": "v2", "env": [{"name": "A", "value": "b"}]},
    "xgboost": {"args": ["--x=1"]},
    "tensorflow": {"runtimeVersion": "1.14.0-gpu", "resources": GPU},
    "pytorch": {},
    "triton": {},
    "onnx": {},
    "pmml": {},
    "lightgbm": {},
    "paddle": {},
}
