"""Somebody edits, by hand, what a run wrote."""

from __future__ import annotations

import json
import re
from typing import Any

from migrate.cluster.memory import MemoryCluster
from migrate.errors import Exit
from migrate.objects import Manifest, ObjectRef
from tests.commands.verbs import Verbs
from tests.planning.copies import SKLEARN

CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
ENTRY = "ConfigMap/kserve/inferenceservice-config:/data/predictors/sklearn/v1"
COPY = ObjectRef("serving.kserve.io/v1alpha1", "ServingRuntime", SKLEARN, "team")
FAR = ObjectRef("serving.kserve.io/v1alpha1", "ServingRuntime", SKLEARN, "other")
NAME = f"ServingRuntime/team/{SKLEARN}"
EDITED = {
    "manager": "kubectl-edit",
    "operation": "Update",
    "time": "2026-08-20T15:58:20Z",
    "fieldsV1": {"f:data": {"f:predictors": {}}, "f:spec": {"f:containers": {}}},
}
ENV = [{"name": "THREADS", "value": "4"}, {"name": "API_TOKEN", "value": "hunter2-hunter2"}]


def by_somebody(found: MemoryCluster, ref: ObjectRef, **fields: Any) -> None:
    """Write the fields as kubectl edit does."""
    found.patch(ref, {**fields, "metadata": {"managedFields": [EDITED]}})


def predictors(found: MemoryCluster) -> str:
    return str(found.get(CONFIG)["data"]["predictors"])


def put(found: MemoryCluster, image: str) -> None:
    """Somebody puts another image in the place of the run's, in the ConfigMap."""
    text = re.sub(r"registry\.example\.com/ml/sklearnserver", image, predictors(found))
    by_somebody(found, CONFIG, data={"predictors": text})


def edited_copy(found: MemoryCluster, ref: ObjectRef = COPY) -> None:
    container = found.get(ref)["spec"]["containers"][0]
    by_somebody(found, ref, spec={"containers": [{**container, "env": ENV}]})


def status_of(verbs: Verbs) -> Manifest:
    code, out, _ = verbs("status", "-o", "json")
    assert code == Exit.OK
    found: Manifest = json.loads(out)["run"]
    return found
