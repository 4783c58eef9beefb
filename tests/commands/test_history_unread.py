"""`--from-history`: `predictors` that stand in a ConfigMap whose release no longer reads them."""

from __future__ import annotations

import json

from migrate.cluster.memory import MemoryCluster
from migrate.kserve import terms
from migrate.objects import Manifest, ObjectRef
from tests.commands.formerly import (
    EARLIER,
    LATER,
    after,
    annotated,
    controllers,
    replica_set,
)
from tests.commands.formerplans import (
    HISTORY,
    planned,
    texts,
    wanted,
)
from tests.commands.wording import Make
from tests.planning.converting import old
from tests.planning.copies import SKLEARN

REPOSITORY = "registry.example.com/ml/sklearnserver"


CONVERTED = (*HISTORY, "--to-runtimes", "--convert")


def unread(now: str, repository: str = REPOSITORY, former: str = "0.9.0") -> MemoryCluster:
    """A cluster whose ConfigMap still has `predictors`, and a service stored before 0.8."""
    service = {"apiVersion": terms.SERVING_VERSION, "kind": terms.INFERENCE_SERVICE}
    image = f"{REPOSITORY}:v0.7.0"
    ran = replica_set("alone/was-predictor", image, 1, EARLIER)
    was = {**service, **old("was", namespace="alone")}
    found = after(*controllers(former, now), was, ran, release=now)
    entry = {"image": repository, "defaultImageVersion": "v0.9.0"}
    text = json.dumps({"sklearn": {"v1": entry, "v2": entry}})
    fields: Manifest = {"f:data": {"f:predictors": {}}}
    managed = [
        {"manager": "edit", "time": EARLIER, "fieldsV1": fields},
        {"manager": "upgrade", "time": LATER, "fieldsV1": {"f:data": {"f:deploy": {}}}},
    ]
    config = ObjectRef("v1", "ConfigMap", terms.CONFIG_MAP, "kserve")
    data = {**found.get(config)["data"], terms.PREDICTORS_KEY: text}
    found.patch(config, {"data": data, "metadata": {"managedFields": managed}})
    return found


def test_predictors_that_the_release_no_longer_reads_are_a_source(make: Make) -> None:
    """The tag is told as well: of the service that ran it only its pin would be."""
    plan = planned(make(found=unread("0.10.2")), *CONVERTED)
    assert wanted(plan) == {SKLEARN: f"{REPOSITORY}:v0.9.0"}
    source = f"predictors of ConfigMap inferenceservice-config, unread by KServe 0.10 ({EARLIER})"
    assert source in texts(plan, "KM530")[0]
    assert any(text.endswith(f"told by {source}") for text in texts(plan, "KM531"))
    assert not texts(plan, "KM541")
    rows = {row["service"]["name"]: row for row in plan["forecast"]}
    assert rows["was"]["former"] == rows["was"]["afterPlan"] == f"{REPOSITORY}:v0.7.0"


def test_what_stands_there_counts_before_what_was_applied(make: Make) -> None:
    """The annotation is of an older tag, and kubectl touched it since."""
    found = unread("0.10.2")
    config = ObjectRef("v1", "ConfigMap", terms.CONFIG_MAP, "kserve")
    text = found.get(config)["data"][terms.PREDICTORS_KEY].replace("v0.9.0", "v0.8.0")
    applied = {"data": {terms.PREDICTORS_KEY: text}}
    found.patch(config, annotated(json.dumps(applied), "2026-11-01T09:00:00Z"))
    plan = planned(make(found=found), *CONVERTED)
    assert wanted(plan) == {SKLEARN: f"{REPOSITORY}:v0.9.0"}
    assert any("v0.8.0 by last-applied" in text for text in texts(plan, "KM535"))


def test_what_nobody_ran_of_them_is_left_out(make: Make) -> None:
    """Edited in vain, after the upgrade or long before it."""
    plan = planned(make(found=unread("0.10.2", f"{REPOSITORY}-other")), *CONVERTED)
    assert wanted(plan) == {SKLEARN: f"{REPOSITORY}:v0.7.0"}
    assert any("unread by KServe 0.10" in text for text in texts(plan, "KM535"))
    assert texts(plan, "KM541")


def test_what_the_former_release_did_not_read_either_is_no_source(make: Make) -> None:
    plan = planned(make(found=unread("0.11.2", former="0.10.2")), *CONVERTED)
    assert "predictors of ConfigMap" not in texts(plan, "KM530")[0]
    assert wanted(plan) == {SKLEARN: f"{REPOSITORY}:v0.7.0"}
    assert texts(plan, "KM541")
