"""What is kept of former workloads, as far as it tells what ran."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.replicas import ReplicaSet, Revision, kept_of


def replica_set(image: str | None, **meta: Any) -> ReplicaSet:
    owners = [{"kind": "Deployment", "name": "iris-predictor", "uid": "d"}]
    container = {"name": "kserve-container"} | ({} if image is None else {"image": image})
    spec = {"template": {"spec": {"containers": [container]}}}
    found = {"metadata": {"name": "r", "ownerReferences": owners, **meta}, "spec": spec}
    return msgspec.convert(found, ReplicaSet)


def test_it_has_each_number_under_which_it_ran() -> None:
    notes = {
        "deployment.kubernetes.io/revision": "10",
        "deployment.kubernetes.io/revision-history": "2,7",
    }
    kept = kept_of(replica_set("a/b:1", annotations=notes))
    assert kept is not None
    assert (kept.owner, kept.image, kept.numbers) == ("iris-predictor", "a/b:1", (2, 7, 10))


@pytest.mark.parametrize("image", [None, "", ":v0.7.0"])
def test_where_no_image_has_a_name_nothing_ran(image: str | None) -> None:
    """So 0.9 leaves it where the ConfigMap of 0.10, without `predictors`, came before 0.10."""
    assert kept_of(replica_set(image)) is None


def test_one_that_is_nobodys_tells_nothing() -> None:
    assert kept_of(replica_set("a/b:1", ownerReferences=[])) is None
    alone = {"metadata": {"name": "r"}, "spec": {"containers": [{"name": "kserve-container"}]}}
    assert kept_of(msgspec.convert(alone, Revision)) is None
