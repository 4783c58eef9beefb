"""`--from-history`: what services ran before the upgrade, when that was, and what is inferred."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import Exit
from migrate.kserve import terms
from migrate.objects import Manifest, ObjectRef
from tests.commands.formerly import (
    EARLIER,
    LATER,
    SERVICES,
    UPGRADE,
    after,
    controllers,
    image_of,
    of_services,
    replica_set,
    revision,
)
from tests.commands.formerplans import (
    HELM,
    HISTORY,
    OTHER,
    SHIPPED,
    STOCK,
    planned,
    texts,
    wanted,
)
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.planning.copies import OVER, SKLEARN

CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")


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


def test_what_an_upgrade_that_was_given_up_left_is_not_former(make: Make) -> None:
    """The former release was installed again, and its own image ran between the two."""
    owner, image = "kserve/kserve-controller-manager", "kserve/kserve-controller:v"
    tried = replica_set(owner, f"{image}0.20.0", 1, UPGRADE)
    again = replica_set(owner, f"{image}0.16.0", 2, EARLIER, former="0")
    left = [
        replica_set(f"{name}-predictor", "kserve/sklearnserver:v0.20.0", 2, UPGRADE)
        for name in SERVICES
    ]
    ran = of_services()
    plan = planned(make(found=after(tried, again, *ran, *left)))
    assert wanted(plan) == {SKLEARN: OVER}
    assert "with KServe 0.20.0, which was given up" in texts(plan, "KM530")[0]


def test_an_image_without_a_name_was_run_by_nobody(make: Make) -> None:
    """0.9 writes one where half an upgrade took `predictors` away."""
    half = [
        replica_set(f"{name}-predictor", ":v0.7.0", 3, "2026-11-01T09:00:00Z") for name in SERVICES
    ]
    plan = planned(make(found=after(*controllers(), *of_services(), *half)))
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
