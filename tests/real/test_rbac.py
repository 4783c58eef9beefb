"""The roles that `plan --rbac` prints: enough, and nothing in them too much."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.real.claims import OTHER_IMAGE, add_service, image_of, stock_runtime
from tests.real.cli import kmigrate
from tests.testbed.api import basic_object
from tests.testbed.kserve import KServe

RBAC = "rbac.authorization.k8s.io"
WANTED = ("--set", f"sklearn={OTHER_IMAGE}", "--activate=each")
# Without these kmigrate goes on and says less: CRDs and webhooks tell what is of another release,
# storage containers which URIs are taken, budgets whether a rollout breaks one (KM223), pods and
# what belongs to them why a service does not come up.
WISHED = (
    "customresourcedefinitions",
    "validatingwebhookconfigurations",
    "clusterstoragecontainers",
    "poddisruptionbudgets",
    "events",
    "pods",
    "pods/log",
    "replicasets",
)


def grant(cluster: KServe, user: str, roles: list[dict[str, Any]]) -> None:
    """Give a user these roles, and nothing more."""
    for each in roles:
        role = copy.deepcopy(each)
        role["metadata"]["name"] = user
        namespace = role["metadata"].get("namespace", "")
        cluster.api.apply(role)
        subject = {"kind": "User", "name": user, "apiGroup": RBAC}
        ref = {"kind": role["kind"], "name": user, "apiGroup": RBAC}
        binding = basic_object(
            f"{RBAC}/v1", f"{role['kind']}Binding", user, namespace, subjects=[subject], roleRef=ref
        )
        cluster.api.apply(binding)


def less_one(roles: list[dict[str, Any]]) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Yield a verb, its resource, and the roles without it, for each verb of each rule."""
    for number, role in enumerate(roles):
        for place, rule in enumerate(role["rules"]):
            for verb in rule["verbs"]:
                less = copy.deepcopy(roles)
                less[number]["rules"][place]["verbs"].remove(verb)
                if not less[number]["rules"][place]["verbs"]:
                    del less[number]["rules"][place]
                yield verb, rule["resources"][0], less


@pytest.mark.parametrize("kserve_cluster", ["0.15.2"], indirect=True)
def test_the_roles_are_enough_and_each_verb_is_needed(kserve_cluster: KServe) -> None:
    cluster = kserve_cluster
    namespace = cluster.create_namespace("team")
    add_service(cluster, namespace, "iris")
    before = (stock_runtime(cluster)["spec"], image_of(cluster, namespace, "iris"))
    roles = list(yaml.safe_load_all(kmigrate(cluster.admin, "plan", *WANTED, "--rbac").stdout))
    assert [role["kind"] for role in roles] == ["ClusterRole", "Role", "Role"]
    for number, (verb, resource, less) in enumerate(less_one(roles)):
        if resource in WISHED:
            continue
        user = f"less-{number}"
        grant(cluster, user, less)
        kubeconfig = cluster.plane.kubeconfig(user, group="")
        done = kmigrate(kubeconfig, "apply", "--yes", *WANTED, expect=9)
        named = resource.partition("/")[0]
        assert verb in done.stderr, (verb, resource, done.stderr)
        assert named in done.stderr, (verb, resource, done.stderr)
        now = (stock_runtime(cluster)["spec"], image_of(cluster, namespace, "iris"))
        assert now == before, (verb, resource)
    grant(cluster, "all", roles)
    allowed = cluster.plane.kubeconfig("all", group="")
    kmigrate(allowed, "apply", "--yes", *WANTED)
    assert image_of(cluster, namespace, "iris") == OTHER_IMAGE
    kmigrate(allowed, "rollback", "--yes")
    assert (stock_runtime(cluster)["spec"], image_of(cluster, namespace, "iris")) == before
    cluster.reset()
