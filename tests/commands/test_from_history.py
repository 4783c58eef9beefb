"""`--from-history`: what each source tells, which one counts, and what no source tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.commands.checkpoints import write
from migrate.errors import Exit, ForbiddenError
from migrate.kserve import terms
from migrate.objects import Manifest, ObjectRef
from tests.commands.formerly import (
    EARLIER,
    FORMER,
    LATER,
    UPGRADE,
    after,
    before,
    checkpoint,
    controllers,
    helm_secret,
    image_of,
    of_services,
    replica_set,
    revision,
    runtime,
)
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.planning.copies import OVER, SKLEARN

HISTORY = ("--from-history",)
HELM = (*HISTORY, "--read-helm-releases")
OTHER = "registry.example.com/ml/other:1"
STOCK = "kserve/sklearnserver:v0.16.0"
SHIPPED = "kserve/sklearnserver:v0.15.2"
CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")


def planned(verbs: Verbs, *flags: str, code: int = 0) -> Manifest:
    found, out, said = verbs("plan", *(flags or HISTORY), "-o", "json")
    assert found == code, said
    plan: Manifest = json.loads(out)["plan"]
    return plan


def texts(plan: Manifest, code: str) -> list[str]:
    return [one["text"] for one in plan["findings"] if one["code"] == code]


def wanted(plan: Manifest) -> dict[str, str]:
    return {one["runtime"]: one.get("image", "") for one in plan["options"]["images"]}


def test_replica_sets_tell_what_services_ran_and_what_was_set_is_inferred(make: Make) -> None:
    verbs = make(found=after(*controllers(), *of_services()))
    plan = planned(verbs)
    assert wanted(plan) == {SKLEARN: OVER}
    former = {row["service"]["name"]: row.get("former") for row in plan["forecast"]}
    assert former == {"iris": OVER, "rows": OVER, "far": OVER, "both": None}
    (source,) = texts(plan, "KM530")
    assert source.startswith("3 of 3 services")
    assert f"ReplicaSets from before the upgrade ({UPGRADE})" in source
    assert "first ReplicaSet with KServe 0.16.0" in source
    assert "inferred from 3 services" in texts(plan, "KM541")[0]
    assert any("1 service ran before is not told: team/both" in t for t in texts(plan, "KM536"))
    code, _, said = verbs("apply", *HISTORY, "-y", "--timeout", "1")
    assert code == Exit.OK, said
    assert image_of(verbs.cluster) == OVER


def test_what_ran_since_the_upgrade_is_not_former(make: Make) -> None:
    """Somebody tried another image after it, and went back to the one that is shipped."""
    since = [
        replica_set("team/iris-predictor", OVER, 1, EARLIER),
        replica_set("team/iris-predictor", OTHER, 3, LATER),
        replica_set("team/iris-predictor", STOCK, 4, LATER, former="2"),
    ]
    plan = planned(make(found=after(*controllers(), *since)))
    assert wanted(plan) == {SKLEARN: OVER}


def test_a_replica_set_that_was_used_again_counts_by_its_number(make: Make) -> None:
    """Number 2 was tried before the upgrade, and number 1 came back as 3."""
    used = [
        replica_set("team/iris-predictor", OVER, 3, EARLIER, former="1"),
        replica_set("team/iris-predictor", OTHER, 2, "2026-11-01T09:00:00Z"),
        replica_set("team/iris-predictor", STOCK, 4, LATER),
    ]
    plan = planned(make(found=after(*controllers(), *used)))
    assert wanted(plan) == {SKLEARN: OVER}


def test_one_that_is_used_again_since_the_upgrade_is_not_former(make: Make) -> None:
    """Number 2 ran before the upgrade, number 3 after it, and then number 1 came back as 4."""
    used = [
        replica_set("team/iris-predictor", OTHER, 4, EARLIER, former="1"),
        replica_set("team/iris-predictor", OVER, 2, "2026-11-01T09:00:00Z"),
        replica_set("team/iris-predictor", STOCK, 3, LATER),
    ]
    plan = planned(make(found=after(*controllers(), *used)))
    assert wanted(plan) == {SKLEARN: OVER}


def test_revisions_tell_it_of_knative_services(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = after(*controllers("0.9.0", "0.10.2"), release="0.10.2")
    config = found.get(CONFIG)
    patch = {"data": {**config["data"], "deploy": '{"defaultDeploymentMode": "Serverless"}'}}
    found.patch(CONFIG, patch)
    for name in ("iris", "rows"):
        workload = f"team/{name}-predictor-default"
        found.create(revision(workload, OVER, 1, EARLIER))
        found.create(revision(workload, "kserve/sklearnserver:v0.10.2", 2, LATER))
    # An API server gives its own time to what is made.
    plan = planned(Verbs(_aged(found), monkeypatch, capsys))
    assert wanted(plan) == {SKLEARN: OVER}
    assert "Revisions from before the upgrade" in texts(plan, "KM530")[0]


def _aged(found: MemoryCluster) -> MemoryCluster:
    """The same with Revisions as old as their numbers say."""
    kinds = (
        ("v1", "Namespace"),
        ("v1", "ConfigMap"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "ReplicaSet"),
        ("serving.knative.dev/v1", "Revision"),
        ("serving.kserve.io/v1beta1", "InferenceService"),
        ("serving.kserve.io/v1alpha1", "ClusterServingRuntime"),
    )

    def each() -> Iterator[Manifest]:
        for version, kind in kinds:
            for one in found.list(version, kind, dict):
                made = {"apiVersion": version, "kind": kind, **one}
                if kind == "Revision":
                    at = EARLIER if made["metadata"]["name"].endswith("1") else LATER
                    made["metadata"]["creationTimestamp"] = at
                yield made

    return MemoryCluster(each())


def test_services_that_ran_different_images_are_told_and_nothing_is_inferred(make: Make) -> None:
    ran = [
        replica_set("team/iris-predictor", OVER, 1, EARLIER),
        replica_set("team/rows-predictor", OTHER, 1, EARLIER),
    ]
    plan = planned(make(found=after(*controllers(), *ran)))
    assert wanted(plan) == {}
    assert any(OVER in text and OTHER in text for text in texts(plan, "KM535"))


def test_what_is_shipped_is_never_inferred_also_behind_a_mirror(make: Make) -> None:
    for image in (SHIPPED, f"mirror.example.com/hub/{SHIPPED}"):
        plan = planned(make(found=after(*controllers(), *of_services(image))))
        assert wanted(plan) == {}
        assert not texts(plan, "KM541")


def test_a_tag_that_the_former_release_does_not_ship_is_told_and_not_inferred(make: Make) -> None:
    """It may have been set, or be left from the release before that one."""
    ran = of_services("kserve/sklearnserver:patched")
    plan = planned(make(found=after(*controllers(), *ran)))
    assert wanted(plan) == {}
    (doubt,) = texts(plan, "KM535")
    assert "kserve/sklearnserver:patched, which KServe 0.15.2 does not ship" in doubt
    assert not texts(planned(make(found=after(*controllers(), *of_services(SHIPPED)))), "KM535")


def test_services_with_a_pin_do_not_decide_about_the_tag(make: Make) -> None:
    found = after(*controllers(), *of_services())
    pinned = OVER.replace("ours", "pinned")
    for name in ("iris", "rows"):
        ref = ObjectRef(terms.SERVING_VERSION, terms.INFERENCE_SERVICE, name, "team")
        found.patch(ref, {"spec": {"predictor": {"model": {"runtimeVersion": "pinned"}}}})
        kept = ObjectRef("apps/v1", "ReplicaSet", f"{name}-predictor-ours-1", "team")
        template = found.get(kept)["spec"]["template"]
        template["spec"]["containers"][0]["image"] = pinned
        found.patch(kept, {"spec": {"template": template}})
    plan = planned(make(found=found))
    assert wanted(plan) == {SKLEARN: OVER}
    rows = {
        row["service"]["name"]: (row.get("former"), row["afterPlan"]) for row in plan["forecast"]
    }
    assert (rows["iris"], rows["far"]) == ((pinned,) * 2, (OVER,) * 2)


def test_what_is_applied_as_it_is_there_is_no_source(make: Make) -> None:
    found = after(*controllers(), *of_services())
    ref = ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, SKLEARN)
    live = found.get(ref)
    applied = {key: live[key] for key in ("apiVersion", "kind", "metadata", "spec")}
    found.patch(ref, _annotated(json.dumps(applied), EARLIER))
    plan = planned(make(found=found))
    assert "last-applied" not in texts(plan, "KM530")[0]


def test_what_a_source_tells_of_one_runtime_is_not_inferred_for_another(make: Make) -> None:
    """Who runs on another runtime now, and ran that image, was moved by the upgrade."""
    moved = replica_set("team/both-predictor", OVER, 1, EARLIER)
    found = after(*controllers(), *of_services(), moved)
    ref = ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, SKLEARN)
    found.patch(ref, _annotated(json.dumps(runtime(FORMER, OVER)), EARLIER))
    plan = planned(make(found=found))
    assert wanted(plan) == {SKLEARN: OVER}
    assert not texts(plan, "KM541")


def test_what_was_applied_with_kubectl_tells_what_was_set(make: Make) -> None:
    """The manifests came by a server-side apply of another manager than kubectl."""
    found = after(*controllers(), *of_services())
    applied = json.dumps(runtime(FORMER, OVER))
    ref = ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, SKLEARN)
    found.patch(ref, _annotated(applied, EARLIER))
    plan = planned(make(found=found))
    assert wanted(plan) == {SKLEARN: OVER}
    assert not texts(plan, "KM541")
    text = f"last-applied-configuration of {SKLEARN} ({EARLIER})"
    assert text in texts(plan, "KM531")[0]


def _annotated(applied: str, at: str) -> Manifest:
    managed = {"manager": "kubectl-client-side-apply", "time": at, "fieldsV1": {}}
    notes = {terms.LAST_APPLIED: applied}
    return {"metadata": {"annotations": notes, "managedFields": [managed]}}


def test_what_was_applied_since_the_upgrade_tells_nothing(make: Make) -> None:
    found = after(*controllers())
    ref = ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, SKLEARN)
    found.patch(ref, _annotated(json.dumps(runtime(FORMER, OVER)), LATER))
    assert wanted(planned(make(found=found))) == {}


def test_what_no_service_ran_is_left_out_and_told(make: Make) -> None:
    """It was applied once, and replaced before the upgrade."""
    found = after(*controllers(), *of_services(SHIPPED))
    ref = ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, SKLEARN)
    found.patch(ref, _annotated(json.dumps(runtime(FORMER, OVER)), EARLIER))
    plan = planned(make(found=found))
    assert wanted(plan) == {}
    assert any("no service ran it" in text for text in texts(plan, "KM535"))


def test_helm_tells_it_only_when_it_may_be_read(make: Make) -> None:
    secrets = [
        helm_secret(1, "superseded", EARLIER, runtime(FORMER, OVER), app="v0.15.2"),
        helm_secret(2, "deployed", LATER, runtime("0.16.0", STOCK), app="v0.16.0"),
    ]
    verbs = make(found=after(*controllers(), *secrets))
    assert wanted(planned(verbs)) == {}
    plan = planned(verbs, *HELM)
    assert wanted(plan) == {SKLEARN: OVER}
    assert f"revision 1 of Helm release kserve ({EARLIER})" in texts(plan, "KM531")[0]


def test_secrets_of_others_are_passed_over(make: Make) -> None:
    secret = helm_secret(1, "superseded", EARLIER, runtime(FORMER, OVER), app="v0.15.2")
    plan = planned(make(found=after(*controllers(), {**secret, "type": "Opaque"})), *HELM)
    assert wanted(plan) == {}


@pytest.mark.parametrize("text", ["", "bm9uZQ==", "!"])
def test_a_record_that_cannot_be_read_is_passed_over(make: Make, text: str) -> None:
    secret = helm_secret(1, "superseded", EARLIER, runtime(FORMER, OVER), app="v0.15.2")
    secret["data"]["release"] = text
    plan = planned(make(found=after(*controllers(), secret)), *HELM)
    assert wanted(plan) == {}
    assert any("no record of Helm" in gap for gap in texts(plan, "KM536"))


def test_two_sources_that_differ_are_told_and_what_services_ran_counts(make: Make) -> None:
    secret = helm_secret(1, "superseded", EARLIER, runtime(FORMER, OTHER), app="v0.15.2")
    found = after(*controllers(), *of_services(), secret)
    ref = ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, SKLEARN)
    found.patch(ref, _annotated(json.dumps(runtime(FORMER, OVER)), "2026-10-01T00:00:00Z"))
    plan = planned(make(found=found), *HELM)
    assert wanted(plan) == {SKLEARN: OVER}
    assert any(OTHER in text and OVER in text for text in texts(plan, "KM535"))


def test_a_checkpoint_from_before_the_upgrade_is_a_source_and_one_from_since_is_none(
    make: Make,
) -> None:
    found = after(*controllers())
    write(found, checkpoint(before()))
    plan = planned(make(found=found))
    assert wanted(plan) == {SKLEARN: OVER}
    assert texts(plan, "KM530")[0].startswith("3 of 3 services")
    assert "checkpoint before" in texts(plan, "KM530")[0]
    late = after(*controllers())
    write(late, checkpoint(before(), name="late", created=LATER))
    assert wanted(planned(make(found=late))) == {}


def test_the_last_run_of_kmigrate_is_a_source(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It set an image in the runtime, and the upgrade took it back. Nothing else tells of it."""
    earlier = after(release=FORMER)
    verbs = Verbs(earlier, monkeypatch, capsys)
    code, _, said = verbs("apply", "--set", f"runtime/{SKLEARN}={OTHER}", "-y", "--timeout", "1")
    assert code == Exit.OK, said
    records = list(earlier.list("v1", "ConfigMap", dict, namespace="kserve"))
    later = after()
    for one in records:
        if one["metadata"]["name"].startswith("kmigrate-run"):
            meta = {k: one["metadata"][k] for k in ("name", "namespace", "labels")}
            kept = {k: v for k, v in one.items() if k in ("data", "binaryData")}
            later.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, **kept})
    plan = planned(Verbs(later, monkeypatch, capsys))
    assert wanted(plan) == {SKLEARN: OTHER}
    assert any("run " in text and "of KServe 0.15.2" in text for text in texts(plan, "KM531"))


class Closed(MemoryCluster):
    """A cluster in which some kinds may not be listed."""

    closed: tuple[str, ...] = ("ReplicaSet", "Secret", "Revision")

    def list(self, api_version: str, kind: str, into: Any, **more: Any) -> Any:
        if kind in self.closed:
            raise ForbiddenError(f"cannot list {kind}")
        return super().list(api_version, kind, into, **more)


def test_what_may_not_be_read_is_a_gap_and_no_error(make: Make) -> None:
    found = Closed(base=after(*controllers(), *of_services()))
    plan = planned(make(found=found), *HELM)
    gaps = " ".join(texts(plan, "KM536"))
    assert "ReplicaSets may not be listed" in gaps
    assert "Helm's records may not be read" in gaps
    assert "nothing tells when KServe was upgraded" in gaps
    assert wanted(plan) == {}
    assert "no source tells what was set for runtime/kserve-" in gaps


def test_without_another_release_the_configmap_tells_the_moment(make: Make) -> None:
    """As after 0.8, whose controller was a StatefulSet."""
    found = after(controllers()[1], *of_services())
    managed = [
        {"manager": "kubectl", "time": UPGRADE, "fieldsV1": {"f:data": {}}},
        {"manager": "labels", "time": "2026-11-02T00:00:00Z", "fieldsV1": {"f:metadata": {}}},
    ]
    found.patch(CONFIG, {"metadata": {"managedFields": managed}})
    plan = planned(make(found=found))
    assert wanted(plan) == {SKLEARN: OVER}
    assert "inferenceservice-config was last written then" in texts(plan, "KM530")[0]


def test_only_what_is_asked_for_is_read_and_the_least_role_has_it(make: Make) -> None:
    verbs = make(found=after(*controllers(), *of_services()))
    roles = {flags: verbs("plan", *flags, "--rbac")[1] for flags in ((), HISTORY, HELM)}
    assert "replicasets" not in roles[()]
    assert "secrets" not in roles[HISTORY]
    assert "replicasets" in roles[HISTORY]
    assert "revisions" in roles[HISTORY]
    assert "secrets" in roles[HELM]
