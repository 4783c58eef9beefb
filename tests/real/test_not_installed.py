"""`plan` on a real API server that does not serve what KServe brings with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.manifests import config_map, definition, service
from tests.real.cli import kmigrate
from tests.real.world import REPOSITORY
from tests.testbed.api import ApiError, basic_object
from tests.testbed.control_plane import ControlPlane
from tests.testbed.waiting import wait_until

pytestmark = pytest.mark.real

NAME = "kserve-controller-manager"
SERVICES = definition("InferenceService", "v1beta1", has_status=True)
WANTED = ("--set", f"sklearn={REPOSITORY}:v0.7.0")


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A control plane with KServe's configuration and controller, and none of its kinds."""
    with ControlPlane() as started:
        for name in ("kserve", "team"):
            started.api.create(basic_object("v1", "Namespace", name))
        started.api.create(config_map("inferenceservice-config", "kserve", data=_config()))
        started.api.create(_controller("0.7.0"))
        yield started


def _config() -> dict[str, str]:
    entry = {"image": "a/sklearnserver", "defaultImageVersion": "v0.7.0"}
    return {
        "deploy": json.dumps({"defaultDeploymentMode": "RawDeployment"}),
        "predictors": json.dumps({"sklearn": {"v1": entry, "v2": entry}}),
    }


def _controller(release: str) -> dict[str, Any]:
    labels = {"control-plane": NAME}
    container = {"name": "manager", "image": f"kserve/kserve-controller:v{release}"}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"serviceName": NAME, "selector": {"matchLabels": labels}, "template": pods}
    meta = {"name": NAME, "namespace": "kserve", "labels": labels}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta, "spec": spec}


def _is_served(plane: ControlPlane) -> bool:
    try:
        plane.api.list("serving.kserve.io/v1beta1", "InferenceService")
    except ApiError:
        return False
    return True


def test_without_the_crd_of_services(plane: ControlPlane) -> None:
    done = kmigrate(plane.admin, "plan", *WANTED, expect=7)
    assert done.stdout == ""
    assert "serves no InferenceService (serving.kserve.io/v1beta1)" in done.stderr
    assert "next: choose the right --context" in done.stderr


@pytest.mark.parametrize("release", ["0.7.0", "0.9.0"])
def test_without_knative_and_without_runtimes(plane: ControlPlane, release: str) -> None:
    plane.api.apply(SERVICES)
    wait_until(lambda: _is_served(plane), 30, "the CRD to be served")
    plane.api.replace(_controller(release))
    spec = {"predictor": {"sklearn": {"storageUri": "s3://models/iris"}}}
    plane.api.apply(service("iris", "team", spec=spec))
    mark = plane.audit.mark()
    done = kmigrate(plane.admin, "plan", *WANTED)
    assert done.stderr.startswith("next: kmigrate apply ")
    assert done.stderr.count("\n") == 1
    assert done.stdout.startswith(f"KServe {release}, namespace kserve\n")
    assert "team/iris" in done.stdout
    assert "Plan: 1 write" in done.stdout
    plane.audit.settle(plane.api)
    asked = [each for each in plane.audit.since(mark) if each.user_agent.startswith("kmigrate/")]
    assert {each.verb for each in asked} <= {"get", "list"}
    missing = {each.resource for each in asked if each.verb == "list" and each.code == 404}
    assert "services" in missing
    assert ("clusterservingruntimes" in missing) is (release != "0.7.0")
