"""`--from-history`: sources that are older than what was set, damaged, or not from before it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import Exit, ForbiddenError
from migrate.execute.checkpoints import ref_of_head
from migrate.kserve import terms
from migrate.objects import Manifest, ObjectRef
from tests.commands.formerly import (
    EARLIER,
    FORMER,
    LATER,
    after,
    before,
    checkpoint,
    controllers,
    helm_secret,
    of_services,
    replica_set,
    runtime,
)
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.execute.checkpoints import write
from tests.planning.copies import OVER, SKLEARN

HISTORY = ("--from-history",)
HELM = (*HISTORY, "--read-helm-releases")
OTHER = "registry.example.com/ml/other:1"
STOCK = "kserve/sklearnserver:v0.16.0"
BEGUN = "2026-11-01T09:59:58Z"
"""Helm notes when it began; the controller's ReplicaSet came two seconds later."""


def planned(verbs: Verbs, *flags: str) -> Manifest:
    code, out, said = verbs("plan", *(flags or HISTORY), "-o", "json")
    assert code == Exit.OK, said
    plan: Manifest = json.loads(out)["plan"]
    return plan


def texts(plan: Manifest, code: str) -> list[str]:
    return [one["text"] for one in plan["findings"] if one["code"] == code]


def wanted(plan: Manifest) -> dict[str, str]:
    return {one["runtime"]: one.get("image", "") for one in plan["options"]["images"]}


def test_a_checkpoint_that_is_older_than_the_override_does_not_hide_it(make: Make) -> None:
    """It tells what was shipped; all services ran what was set since, up to the upgrade."""
    found = after(*controllers(), *of_services())
    write(found, checkpoint(after(release=FORMER)))
    plan = planned(make(found=found))
    assert wanted(plan) == {SKLEARN: OVER}
    assert "inferred from 3 services" in texts(plan, "KM541")[0]
    assert any("checkpoint before" in text and "ran" in text for text in texts(plan, "KM535"))


def test_in_place_of_a_damaged_checkpoint_the_one_before_it_tells_it(make: Make) -> None:
    found = after(*controllers())
    write(found, checkpoint(before(), name="a-former", created="2026-11-01T07:00:00Z"))
    write(found, checkpoint(before(), name="b-torn", created=EARLIER))
    head = found.get(ref_of_head("kserve", "b-torn"))
    row = json.loads(head["data"]["checkpoint"])
    found.patch(ref_of_head("kserve", "b-torn"), {"data": {"checkpoint": json.dumps(_torn(row))}})
    plan = planned(make(found=found))
    assert wanted(plan) == {SKLEARN: OVER}
    assert "checkpoint a-former" in texts(plan, "KM530")[0]
    assert any("checkpoint b-torn: it is damaged" in text for text in texts(plan, "KM536"))


def _torn(row: Manifest) -> Manifest:
    return {**row, "pieces": ["sha256:0" for _ in row["pieces"]]}


def test_the_helm_upgrade_itself_is_no_former_revision(make: Make) -> None:
    secrets = [
        helm_secret(1, "superseded", EARLIER, runtime(FORMER, OVER), app="v0.15.2"),
        helm_secret(2, "deployed", BEGUN, runtime("0.16.0", STOCK), app="v0.16.0"),
    ]
    plan = planned(make(found=after(*controllers(), *secrets)), *HELM)
    assert wanted(plan) == {SKLEARN: OVER}
    assert "revision 1 of Helm release kserve" in texts(plan, "KM531")[0]


def test_a_helm_release_that_kubectl_went_over_is_a_source(make: Make) -> None:
    """Helm still calls it deployed: the manifests of the newer release came past it."""
    secret = helm_secret(1, "deployed", EARLIER, runtime(FORMER, OVER), app="v0.15.2")
    assert wanted(planned(make(found=after(*controllers(), secret)), *HELM)) == {SKLEARN: OVER}


def test_a_rollback_to_a_checkpoint_left_what_that_held(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its record is all that is left; the upgrade came after it."""
    earlier = after(release=FORMER)
    write(earlier, checkpoint(before(), cluster_uid=_uid(earlier)))
    verbs = Verbs(earlier, monkeypatch, capsys)
    code, _, said = verbs("rollback", "before", "-y", "--timeout", "1")
    assert code in (Exit.OK, Exit.MIXED), said
    records = [
        one
        for one in earlier.list("v1", "ConfigMap", dict, namespace="kserve")
        if one["metadata"]["name"].startswith("kmigrate-run")
    ]
    later = after()
    for one in records:
        meta = {key: one["metadata"][key] for key in ("name", "namespace", "labels")}
        kept = {key: value for key, value in one.items() if key in ("data", "binaryData")}
        later.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, **kept})
    assert wanted(planned(Verbs(later, monkeypatch, capsys))) == {SKLEARN: OVER}


def _uid(found: MemoryCluster) -> str:
    (uid,) = (
        one["metadata"].get("uid", "")
        for one in found.list("v1", "Namespace", dict)
        if one["metadata"]["name"] == "kube-system"
    )
    return str(uid)


def test_that_an_image_was_set_for_another_runtime_is_told_where_nothing_is_inferred(
    make: Make,
) -> None:
    """Who speaks v2 ran it as well: by its own runtime, or moved by the upgrade."""
    moved = replica_set("team/both-predictor", OVER, 1, EARLIER)
    found = after(*controllers(), *of_services(), moved)
    ref = ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, SKLEARN)
    applied = {terms.LAST_APPLIED: json.dumps(runtime(FORMER, OVER))}
    managed = {"manager": "kubectl-client-side-apply", "time": EARLIER, "fieldsV1": {}}
    found.patch(ref, {"metadata": {"annotations": applied, "managedFields": [managed]}})
    plan = planned(make(found=found))
    assert wanted(plan) == {SKLEARN: OVER}
    (doubt,) = texts(plan, "KM535")
    assert "runtime/kserve-mlserver" in doubt
    assert OVER in doubt


def test_what_kubectl_applied_server_side_since_the_upgrade_tells_nothing(make: Make) -> None:
    """That writes the annotation anew, too; then somebody edited the runtime."""
    found = after(*controllers(), *of_services())
    ref = ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, SKLEARN)
    applied = {terms.LAST_APPLIED: json.dumps(runtime("0.16.0", OTHER))}
    managed = {"manager": "kubectl", "operation": "Apply", "time": LATER, "fieldsV1": {}}
    found.patch(ref, {"metadata": {"annotations": applied, "managedFields": [managed]}})
    plan = planned(make(found=found))
    assert wanted(plan) == {SKLEARN: OVER}
    assert not texts(plan, "KM535")


def test_numbers_of_a_workload_under_its_former_name_are_its_own(make: Make) -> None:
    """There number 1 came back as 3; under the new name the numbers begin anew."""
    found = after(
        *controllers(),
        replica_set("team/iris-predictor-default", OVER, 3, EARLIER, former="1"),
        replica_set("team/iris-predictor-default", OTHER, 2, "2026-11-01T09:00:00Z"),
        replica_set("team/iris-predictor", STOCK, 1, LATER),
    )
    assert wanted(planned(make(found=found))) == {SKLEARN: OVER}


def test_what_ran_in_another_mode_before_the_upgrade_counts(make: Make) -> None:
    """0.16 takes RawDeployment in a status for Knative: its Deployment ran up to then."""
    found = after(*controllers(), *of_services())
    for name in ("iris", "rows"):
        ref = ObjectRef(terms.SERVING_VERSION, terms.INFERENCE_SERVICE, name, "team")
        found.patch(ref, {"status": {"deploymentMode": "RawDeployment"}}, subresource="status")
    plan = planned(make(found=found))
    assert "inferred from 3 services" in texts(plan, "KM541")[0]
    former = {row["service"]["name"]: row.get("former") for row in plan["forecast"]}
    assert former == {"iris": OVER, "rows": OVER, "far": OVER, "both": None}


def test_a_record_of_a_run_that_is_damaged_is_a_gap(make: Make) -> None:
    found = after(*controllers(), *of_services(), _damaged_run())
    plan = planned(make(found=found))
    assert wanted(plan) == {SKLEARN: OVER}
    assert any("expected the record of a run" in text for text in texts(plan, "KM536"))


def _damaged_run() -> Manifest:
    labels = {"app.kubernetes.io/managed-by": "kmigrate", "kmigrate.dev/part": "head"}
    meta = {"name": "kmigrate-run-x-0", "namespace": "kserve", "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {}}


class WithoutConfigMaps(MemoryCluster):
    """ConfigMaps may be read by name, and not listed."""

    def list(self, api_version: str, kind: str, into: Any, **more: Any) -> Any:
        if kind == "ConfigMap":
            raise ForbiddenError("cannot list configmaps")
        return super().list(api_version, kind, into, **more)


def test_checkpoints_and_runs_that_may_not_be_listed_are_a_gap(make: Make) -> None:
    found = WithoutConfigMaps(base=after(*controllers(), *of_services()))
    plan = planned(make(found=found))
    assert wanted(plan) == {SKLEARN: OVER}
    assert any("may not be listed" in text for text in texts(plan, "KM536"))


def test_who_ran_what_nobody_can_tell_is_not_told_that_nothing_was_set(make: Make) -> None:
    """Two images in one runtime: neither is inferred, and both services lose theirs."""
    found = after(
        *controllers(),
        replica_set("team/iris-predictor", OVER, 1, EARLIER),
        replica_set("team/rows-predictor", OTHER, 1, EARLIER),
    )
    plan = planned(make(found=found))
    assert wanted(plan) == {}
    assert not any(OVER in text or OTHER in text for text in texts(plan, "KM534"))
    told = " ".join(texts(plan, "KM533"))
    for image in (OVER, OTHER):
        assert f"they ran {image}, and get {STOCK}: no source tells what was set" in told


@pytest.mark.parametrize(("status", "told"), [("superseded", {SKLEARN: OVER}), ("deployed", {})])
def test_of_a_revision_of_unknown_age_helm_says_whether_it_is_a_former_one(
    make: Make, status: str, told: dict[str, str]
) -> None:
    secret = helm_secret(1, status, "", runtime(FORMER, OVER), app="v0.15.2")
    assert wanted(planned(make(found=after(*controllers(), secret)), *HELM)) == told
