"""kmigrate checkpoint on the real API server, by somebody who may do no more than it needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate.__main__ import main
from migrate.cluster.kube import KubeCluster
from migrate.commands.checkpointfiles import load
from migrate.commands.checkpoints import names
from migrate.errors import Exit
from migrate.execute import checkpoints, chunks
from migrate.kserve import terms
from migrate.objects import Manifest
from tests.cluster.manifests import config_map, deployment, runtime, service
from tests.execute.checkpoints import stored as document
from tests.execute.checkpoints import understood
from tests.testbed.api import basic_object
from tests.testbed.control_plane import ControlPlane

RBAC = "rbac.authorization.k8s.io"
READ = {
    "": ["namespaces", "configmaps"],
    "apps": ["deployments", "statefulsets"],
    "policy": ["poddisruptionbudgets"],
    "apiextensions.k8s.io": ["customresourcedefinitions"],
    "serving.kserve.io": ["*"],
    "serving.knative.dev": ["*"],
}


def manager(namespace: str) -> Manifest:
    found = deployment("kserve-controller-manager", namespace)
    container = {"name": "manager", "image": "kserve/kserve-controller:v0.15.2"}
    found["spec"]["template"]["spec"] = {"containers": [container]}
    return found


@pytest.fixture
def installed(kube: KubeCluster, namespace: str) -> str:
    """A namespace with what tells the release, and a service."""
    data = {"deploy": '{"defaultDeploymentMode": "RawDeployment"}'}
    model = {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://m/x"}
    made = [
        config_map(terms.CONFIG_MAP, namespace, data=data),
        manager(namespace),
        runtime(f"r-{namespace}", spec={"containers": [{"name": "kserve-container"}]}),
        *(service(f"s-{n}", namespace, spec={"predictor": {"model": model}}) for n in range(5)),
    ]
    for one in made:
        kube.create(one)
    return namespace


def allowed(plane: ControlPlane, tmp_path: Path, namespace: str, *verbs: str) -> str:
    """A kubeconfig of somebody who may read, and do this with ConfigMaps of the namespace."""
    user = f"user-{namespace}-{'-'.join(verbs)}"
    reading = [
        {"apiGroups": [group], "resources": kinds, "verbs": ["get", "list"]}
        for group, kinds in READ.items()
    ]
    writing = {"apiGroups": [""], "resources": ["configmaps"], "verbs": [*verbs]}
    _bind(plane, "ClusterRole", user, "", reading)
    _bind(plane, "Role", user, namespace, [writing])
    config: dict[str, Any] = yaml.safe_load(plane.admin.read_text())
    config["users"][0]["user"]["as"] = user
    file = tmp_path / f"{user}.kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return str(file)


def _bind(
    plane: ControlPlane, kind: str, user: str, namespace: str, rules: list[dict[str, Any]]
) -> None:
    version = f"{RBAC}/v1"
    plane.api.create(basic_object(version, kind, user, namespace, rules=rules))
    subject = {"kind": "User", "name": user, "apiGroup": RBAC}
    ref = {"kind": kind, "name": user, "apiGroup": RBAC}
    plane.api.create(
        basic_object(version, f"{kind}Binding", user, namespace, subjects=[subject], roleRef=ref)
    )


def checkpoint(file: Path, kubeconfig: str, namespace: str) -> int:
    where = ("--kubeconfig", kubeconfig, "--kserve-namespace", namespace)
    return main(["checkpoint", "before", "--out", str(file), *where])


def test_create_alone_suffices(
    plane: ControlPlane, kube: KubeCluster, installed: str, tmp_path: Path
) -> None:
    file = tmp_path / "c.gz"
    assert checkpoint(file, allowed(plane, tmp_path, installed, "create"), installed) == Exit.OK
    found = document(kube, installed, "before")
    assert load(file) == understood(found)
    kept = [one for one in found.services if one["metadata"]["namespace"] == installed]
    kind = (terms.SERVING_VERSION, terms.INFERENCE_SERVICE, dict)
    stored = list(kube.list(*kind, namespace=installed))
    assert all("managedFields" in one["metadata"] for one in stored)
    for one in stored:
        del one["metadata"]["managedFields"]
    assert kept == stored
    assert len(kept) == 5
    (row,) = names(kube, installed)
    assert row.release == "0.15.2"


def test_without_create_it_is_in_the_file_alone(
    plane: ControlPlane,
    kube: KubeCluster,
    installed: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "c.gz"
    assert checkpoint(file, allowed(plane, tmp_path, installed, "get"), installed) == Exit.DENIED
    assert f"create configmaps in namespace {installed}" in capsys.readouterr().err
    assert names(kube, installed) == []
    assert load(file).name == "before"


def test_the_api_server_tells_how_old_chunks_are(kube: KubeCluster, installed: str) -> None:
    """What is left of a torn one stays while it may be in work, and goes later."""
    labels = {checkpoints.LABEL: "torn", chunks.PART_LABEL: checkpoints.CONTENT}
    kube.create(chunks.config_map(installed, "kmigrate-checkpoint-torn-x-1", labels, {}))
    now = datetime.now(UTC)
    left = []
    for later in (timedelta(), timedelta(hours=1)):
        checkpoints.sweep(kube, installed, now + later)
        left.append(len(chunks.headless(kube, installed, checkpoints.LABEL, checkpoints.HEAD)))
    assert left == [1, 0]
