"""No way in: unreachable, refused credentials, a missing permission. On a real API server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.real.cli import kmigrate
from tests.real.world import REPOSITORY, make_world
from tests.testbed.api import basic_object
from tests.testbed.control_plane import ControlPlane
from tests.testbed.kserve import KServe
from tests.testbed.ports import free_port

WANTED = ("--set", f"sklearn={REPOSITORY}:v0.7.0")
VERBS = (("plan",), ("apply", "--yes", *WANTED), ("rollback", "--yes"), ("status",))


def changed(kubeconfig: Path, folder: Path, part: str, **fields: Any) -> Path:
    """A copy of a kubeconfig with other fields in its cluster or its user."""
    document = yaml.safe_load(kubeconfig.read_text())
    document[f"{part}s"][0][part] = fields
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(document))
    return file


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_unreachable(api_server: ControlPlane, tmp_path: Path, verb: tuple[str, ...]) -> None:
    server = f"https://127.0.0.1:{free_port()}"
    file = changed(api_server.admin, tmp_path, "cluster", server=server)
    done = kmigrate(file, *verb, expect=10)
    assert server in done.stderr
    assert "refused" in done.stderr


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_wrong_credentials(api_server: ControlPlane, tmp_path: Path, verb: tuple[str, ...]) -> None:
    done = kmigrate(changed(api_server.admin, tmp_path, "user", token="wrong"), *verb, expect=9)
    assert "credentials" in done.stderr


def test_an_unknown_context(api_server: ControlPlane) -> None:
    done = kmigrate(api_server.admin, "plan", "--context", "elsewhere", expect=64)
    assert "elsewhere" in done.stderr
    assert "testbed" in done.stderr


def test_another_context_than_expected(api_server: ControlPlane) -> None:
    done = kmigrate(api_server.admin, "plan", "--expect-context", "production", expect=64)
    assert "production" in done.stderr


def test_a_cluster_without_kserve(api_server: ControlPlane) -> None:
    done = kmigrate(api_server.admin, "plan", expect=7)
    assert "inferenceservice-config" in done.stderr


NEEDED = {
    "configmaps get": ("", "configmaps", "get"),
    "configmaps list": ("", "configmaps", "list"),
    "configmaps create": ("", "configmaps", "create"),
    "configmaps patch": ("", "configmaps", "patch"),
    "inferenceservices list": ("serving.kserve.io", "inferenceservices", "list"),
    "services list": ("serving.knative.dev", "services", "list"),
    "statefulsets list": ("apps", "statefulsets", "list"),
    "statefulsets get": ("apps", "statefulsets", "get"),
    "statefulsets patch": ("apps", "statefulsets", "patch"),
    "deployments list": ("apps", "deployments", "list"),
    "namespaces get": ("", "namespaces", "get"),
    "services get": ("serving.knative.dev", "services", "get"),
    "inferenceservices get": ("serving.kserve.io", "inferenceservices", "get"),
    "leases get": ("coordination.k8s.io", "leases", "get"),
    "leases create": ("coordination.k8s.io", "leases", "create"),
    "leases patch": ("coordination.k8s.io", "leases", "patch"),
}
READERS = {
    "configmaps get": ("plan",),
    "configmaps list": ("status",),
    "inferenceservices list": ("plan",),
    "services list": ("plan",),
    "statefulsets list": ("plan",),
    "deployments list": ("plan",),
    "namespaces get": ("plan",),
}


def grant(kserve: KServe, user: str, without: str = "") -> None:
    """Give a user all that an apply needs, but one permission."""
    rules = [
        {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        for name, (group, resource, verb) in NEEDED.items()
        if name != without
    ]
    role = basic_object("rbac.authorization.k8s.io/v1", "ClusterRole", user, rules=rules)
    subject = {"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}
    ref = {"kind": "ClusterRole", "name": user, "apiGroup": "rbac.authorization.k8s.io"}
    binding = basic_object(
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
        user,
        subjects=[subject],
        roleRef=ref,
    )
    kserve.api.apply(role)
    kserve.api.apply(binding)


@pytest.mark.parametrize("kserve_cluster", ["0.7.0"], indirect=True)
def test_each_missing_permission_is_named_before_anything_is_written(
    kserve_cluster: KServe,
) -> None:
    world = make_world(kserve_cluster)
    before = world.everything_else()
    for name, (_, resource, verb) in NEEDED.items():
        user = "without-" + name.replace(" ", "-")
        grant(kserve_cluster, user, without=name)
        kubeconfig = kserve_cluster.plane.kubeconfig(user, group="")
        for command in (READERS.get(name), ("apply", "--yes", *WANTED)):
            if command is None:
                continue
            done = kmigrate(kubeconfig, *command, expect=9)
            assert f"{verb} {resource}" in done.stderr, name
        assert world.everything_else() == before, name
    grant(kserve_cluster, "with-all")
    allowed = kserve_cluster.plane.kubeconfig("with-all", group="")
    kmigrate(allowed, "apply", "--yes", *WANTED)
    kmigrate(allowed, "rollback", "--yes")
    assert world.everything_else() == before
