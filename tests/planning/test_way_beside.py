"""What is found beside the images of a step: owners, charts, modes, workloads; what is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.catalog.runtimes import stock
from migrate.kserve.services import InferenceService
from migrate.planning.check.check import check
from migrate.planning.check.waychanges import Why
from migrate.planning.check.waycheck import StepCheck
from migrate.planning.check.wayfindings import SAY
from migrate.planning.world.snapshot import Snapshot
from tests.planning.clusters import snapshot
from tests.planning.converting import SKLEARN, old
from tests.planning.copies import OVER, cluster, isvc
from tests.planning.upgrades import direct, objects, rows, told, way
from tests.planning.upgrading import seven

RAW = {"serving.kserve.io/deploymentMode": "RawDeployment"}
HELM = {
    "annotations": {
        "meta.helm.sh/release-name": "kserve",
        "meta.helm.sh/release-namespace": "kserve",
    },
    "labels": {"app.kubernetes.io/managed-by": "Helm"},
}
OPERATOR = {"labels": {"platform.opendatahub.io/part-of": "kserve"}}


def marked(found: Snapshot, **meta: Any) -> Snapshot:
    """The same with metadata more in each ClusterServingRuntime."""
    whole = {
        ref: {**one, "metadata": {**one["metadata"], **meta}}
        for ref, one in found.originals.items()
    }
    return replace(found, originals=whole)


def test_a_doubt_about_the_release_is_told_of_an_upgrade_too() -> None:
    found = replace(cluster("0.11.2", isvc("iris")), doubts=("two tags",))
    assert len(told(found, way(found, "0.12.1"), "KM104")) == 1


def test_a_chart_that_drops_its_runtimes_is_told_where_helm_made_them() -> None:
    found = cluster("0.16.0", isvc("iris"), images={})
    by_helm = marked(found, **HELM)
    config = {**found.config, "metadata": {**found.config["metadata"], **HELM}}
    by_helm = replace(by_helm, config=config)
    (one,) = told(by_helm, way(by_helm, "0.18.1"), "KM513")
    assert one.text.startswith("0.16.0 to 0.17.1: Helm made them")
    assert "helm.sh/resource-policy=keep" in one.fix
    assert len(one.objects) == len(found.originals)
    assert told(found, way(found, "0.18.1"), "KM513") == []
    later = marked(cluster("0.17.0", isvc("iris"), images={}), **HELM)
    assert told(later, way(later, "0.18.1"), "KM513") == []


def test_who_owns_the_runtimes_is_told_at_the_first_step_alone() -> None:
    found = marked(cluster("0.14.1", isvc("iris"), images={}), **OPERATOR)
    owned = told(found, way(found, "0.16.0"), "KM514")
    assert [one.text.partition(":")[0] for one in owned] == ["0.14.1 to 0.15.2"]
    assert "OpenDataHub operator" in owned[0].text
    assert "opendatahub.io/managed=false" in owned[0].fix
    left = marked(found, **OPERATOR, annotations={"opendatahub.io/managed": "false"})
    assert told(left, way(left, "0.16.0"), "KM514") == []


def test_a_mirror_is_told_at_the_first_step() -> None:
    shipped = {one.name: one.origins[0].spec for one in stock("0.11.2")}
    mirror = {n: f"m.example/{spec['containers'][0]['image']}" for n, spec in shipped.items()}
    found = cluster("0.11.2", isvc("iris"), images=mirror)
    (one,) = told(found, way(found, "0.13.1"), "KM105")
    assert one.text.startswith("0.11.2 to 0.12.1: images of the release are taken from m.example/")
    plain = cluster("0.11.2", isvc("iris"), images={})
    assert told(plain, way(plain, "0.13.1"), "KM105") == []


def test_a_form_of_a_release_without_images_is_told_where_one_is_stopped_at() -> None:
    found = seven(old("iris"), old("torch", "pytorch", runtimeVersion="0.4.1"))
    steps = way(found, "0.10.2")
    assert [
        (one.text.partition(" has no")[0], objects([one])) for one in (told(found, steps, "KM284"))
    ] == [
        ("0.7.0 to 0.8.0: the manifest at the tag of KServe 0.8.0", ["iris"]),
        ("0.8.0 to 0.9.0: the Helm chart of KServe 0.9.0", ["iris"]),
    ]


def test_deployments_that_0_16_takes_for_knative_are_told_before() -> None:
    raw = isvc("iris")
    raw["metadata"]["annotations"] = RAW
    found = cluster("0.14.1", raw, isvc("knative"), images={})
    (one,) = told(found, way(found, "0.16.0"), "KM416")
    assert one.text.startswith("0.15.2 to 0.16.0: ")
    assert objects([one]) == ["iris"]
    assert told(found, (direct(found, "0.16.0"),), "KM416") == []


def test_what_is_pending_already_is_told_at_the_first_step() -> None:
    found = cluster("0.11.2", isvc("iris"))
    ref = next(iter(found.services))
    workload, running = next(iter(found.workloads.items()))
    former = replace(found, workloads={workload: type(running)("former:1")})
    (one,) = told(former, way(former, "0.13.1"), "KM202")
    assert one.text == f"0.11.2 to 0.12.1: former:1 becomes {OVER} at their next reconcile"
    assert one.objects == (ref,)


def test_what_was_broken_before_is_told_of_the_last_release_alone() -> None:
    found = cluster("0.11.2", isvc("odd", "nothing"), images={})
    made = check(found, way(found, "0.13.1"), "", ())
    assert {one.code for one in made.findings} - {"KM415"} == {"KM406"}
    assert [one.findings for one in made.steps] == [(), ()]


@pytest.mark.parametrize("code", ["KM503", "KM503=team/iris"])
def test_what_is_suppressed_is_told_nowhere(code: str) -> None:
    found = seven(old("iris"))
    made = check(found, way(found, "0.10.2"), "", (code,))
    assert not {"KM503", "KM406", "KM414"} & {one.code for one in made.everything}


def test_one_namespace_is_told_where_one_is_asked_for() -> None:
    found = cluster("0.11.2", isvc("iris"), isvc("wine", namespace="other"))
    made = check(found, way(found, "0.12.1"), "other", ())
    named = {ref.namespace for one in made.everything for ref in one.objects}
    assert named == {"other", "kserve"}
    (step,) = made.steps
    assert (step.services, step.other_image) == (1, 1)


def test_a_step_is_counted() -> None:
    found = seven(old("iris"), old("prices", "xgboost"), sklearn_v1=SKLEARN)
    made = check(found, way(found, "0.10.2"), "", ())
    assert [counted(step) for step in made.steps] == [(2, 1, 0), (2, 0, 0), (2, 0, 2)]


def counted(step: StepCheck) -> tuple[int, int, int]:
    return (step.services, step.other_image, step.without)


def test_every_word_has_a_finding() -> None:
    assert set(SAY) == set(Why) - {Why.NOTHING}


def test_broken_predictors_of_now_are_put_back_by_the_first_step() -> None:
    services = [msgspec.convert(old("iris"), InferenceService)]
    found = snapshot(*services, release="0.7.0", predictors="{")
    (step,) = way(found, "0.8.0")
    row = rows(step)["iris"]
    assert (row.why, row.image_after) == (Why.AGAIN, "kserve/sklearnserver:v0.7.0")


@pytest.mark.parametrize(
    ("annotations", "kind"), [({}, "services.serving.knative.dev"), (RAW, "deployments")]
)
def test_workloads_that_0_16_writes_under_another_name_are_told(
    annotations: dict[str, str], kind: str
) -> None:
    services = [isvc("iris"), isvc("rates", namespace="other"), isvc("odd", runtime="nowhere")]
    for service in services:
        service["metadata"]["annotations"] = annotations
    found = cluster("0.10.2", *services, images={})
    (one,) = told(found, way(found, "0.20.0"), "KM515")
    assert one.text.startswith("0.15.2 to 0.16.0: KServe 0.16.0 writes a second workload, ")
    assert objects([one]) == ["iris", "rates"]
    assert f"kubectl delete {kind} -n" in one.fix
    assert one.fix.endswith(" -n NAMESPACE NAME-predictor-default")
    assert objects(told(found, (direct(found, "0.16.0"),), "KM515", "other")) == ["rates"]


def test_no_second_workload_where_the_name_is_looked_for_or_was_never_another() -> None:
    old_name, new_name = (cluster(one, isvc("iris"), images={}) for one in ("0.10.2", "0.11.2"))
    assert told(old_name, way(old_name, "0.15.2"), "KM515") == []
    assert told(new_name, way(new_name, "0.20.0"), "KM515") == []
