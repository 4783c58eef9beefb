"""What is left of a manifest for Git."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from migrate.objects import ObjectRef
from migrate.planning.world.bare import bare, part
from tests.planning.owned import (
    HELM,
    INSTANCE,
    KSERVE,
    KUSTOMIZATION,
    LAST_APPLIED,
    ODH,
    RELEASE,
    TRACKING,
    runtime,
    written,
)

SERVER_TYPE = {"serving.kserve.io/server-type": "sklearn"}


def test_what_the_api_server_writes_is_left_out() -> None:
    servers: dict[str, Any] = {
        "uid": "u",
        "resourceVersion": "7",
        "generation": 2,
        "creationTimestamp": "2026-01-02T03:04:05Z",
        "finalizers": ["x"],
        "ownerReferences": [KSERVE],
        **written("helm"),
    }
    found = bare({**runtime(**servers), "status": {"ready": True}})
    assert found == runtime()


@pytest.mark.parametrize("labels", [KUSTOMIZATION, RELEASE, ODH["labels"], HELM["labels"]])
def test_marks_of_owners_are_left_out_and_labels_stay(labels: dict[str, str]) -> None:
    annotations = {
        TRACKING: "x",
        LAST_APPLIED: "{}",
        "argocd.argoproj.io/installation-id": "x",
        "kmigrate.dev/run": "x",
        "argocd.argoproj.io/sync-options": "Prune=false",
        **HELM["annotations"],
        **SERVER_TYPE,
    }
    before = runtime(labels={**labels, INSTANCE: "kserve"}, annotations=annotations)
    found = bare(copy.deepcopy(before))["metadata"]
    assert found["annotations"] == {
        "argocd.argoproj.io/sync-options": "Prune=false",
        **SERVER_TYPE,
    }
    kept = {key for key in ODH["labels"] if not key.startswith("platform.")} & set(labels)
    assert set(found["labels"]) == {INSTANCE, *kept}


def test_the_label_of_helm_template_stays() -> None:
    label = HELM["labels"]
    assert bare(runtime(labels=dict(label)))["metadata"]["labels"] == label


def test_a_part_has_the_fields_asked_for_alone() -> None:
    ref = ObjectRef("v1", "ConfigMap", "c", "kserve")
    source = {"metadata": {"labels": {"a": "b"}}, "data": {"x": "1", "y": "2"}, "spec": {"a": {}}}
    found = part(ref, source, ["/data/y", "/spec/a/b", "/spec/a"])
    assert found == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "kserve"},
        "data": {"y": "2"},
        "spec": {"a": {}},
    }
