"""A Revision of real Knative Serving that cannot come up: told early, and taken back whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.claims import add_service, image_of, only_if_all
from tests.real.failures import CONTAINER, END, applying, new_pod, no_pull
from tests.testbed.api import is_true
from tests.testbed.kserve import KServe


@pytest.mark.parametrize("kserve_cluster", only_if_all("0.9.0+knative"), indirect=True)
def test_the_way_back_waits_for_the_newest_revision(kserve_cluster: KServe, tmp_path: Path) -> None:
    cluster, namespace = kserve_cluster, kserve_cluster.create_namespace("team")
    add_service(cluster, namespace, "iris")
    former = image_of(cluster, namespace, "iris")
    with applying(cluster, tmp_path, "--rollback-on-failure") as run:
        pod = new_pod(cluster, namespace)
        no_pull(cluster, pod, 1)
        assert run.tells("ErrImagePull", 10) < 10
        no_pull(cluster, pod, 2)
        assert run.ends(END) == 3, run.text
    found = cluster.wait_knative_service(namespace, "iris")
    status = found["status"]
    assert is_true(found, "Ready")
    assert status["latestReadyRevisionName"] == status["latestCreatedRevisionName"]
    assert image_of(cluster, namespace, "iris") == former
    assert f"Pod {namespace}/{pod['metadata']['name']}, container {CONTAINER}" in run.text
    cluster.reset()
