"""What forbids that copies are made, from what was read of their namespaces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.kserve.namespaces import COUNTED, Namespace, Quota, QuotaSpec
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.planning.change.places import Places, creates_of, findings_of
from migrate.planning.model.codes import NEVER_ACCEPTED
from migrate.planning.model.plan import Finding, Plan
from tests.planning.copies import SKLEARN, cluster, isvc, plan, reconciled

NEW = "sklearn=registry.example.com/ml/sklearnserver:next"


def two(*sets: str, **spec: Any) -> Plan:
    """A plan with a copy in each of two namespaces, of a runtime with that in its spec."""
    found = cluster("0.15.2", isvc("iris"), isvc("far", namespace="other"), ready=False)
    for ref, manifest in found.originals.items():
        if ref.name == SKLEARN:
            manifest["spec"].update(spec)
    runtimes = [msgspec.convert(each, Runtime) for each in found.originals.values()]
    made = plan(reconciled(replace(found, runtimes=Runtimes(runtimes))), *sets)
    assert [ref.namespace for ref in creates_of(made)] == ["other", "team"]
    return made


def quota(hard: Any, used: Any = None, **spec: Any) -> Quota:
    manifest = {
        "metadata": {"name": "q", "namespace": "team"},
        "spec": {"hard": {COUNTED: hard, "pods": "0"}, **spec},
        "status": {"used": {COUNTED: used}} if used is not None else {},
    }
    return msgspec.convert(manifest, Quota)


def found(made: Plan, **places: Any) -> list[Finding]:
    return list(findings_of(made, Places(**places)))


def test_where_nothing_is_known_nothing_is_told() -> None:
    assert found(two()) == []


def test_a_namespace_that_is_being_deleted() -> None:
    [one] = found(two(), terminating={"team", "elsewhere"})
    assert (one.code, [ref.namespace for ref in one.objects]) == ("KM270", ["team"])
    assert one.blocks
    assert "--exclude" in one.fix


@pytest.mark.parametrize(
    ("limit", "present", "is_over"),
    [
        (quota("0"), 0, True),
        (quota(1), 0, False),
        (quota("1"), 1, True),
        (quota("1", "0"), 1, False),  # what was counted comes before what was listed
        (quota("2", "2"), 0, True),
        (quota("1k", "999"), 0, False),
        (quota("0", scopes=["BestEffort"]), 0, False),
        (quota("0", scopeSelector={"matchExpressions": []}), 0, False),
        (quota("no number"), 0, False),
    ],
)
def test_a_quota_that_leaves_no_room(limit: Quota, present: int, *, is_over: bool) -> None:
    told = found(two(), quotas=[limit], present={"team": present, "other": 9})
    assert [one.code for one in told] == ["KM271"] * is_over
    assert [str(ref) for one in told for ref in one.objects] == [
        f"ServingRuntime team/{SKLEARN}"
    ] * is_over


def test_the_numbers_of_a_quota_are_told() -> None:
    [one] = found(two(), quotas=[quota("3", "3")])
    assert "ResourceQuota team/q allows 3 ServingRuntimes: there are 3" in one.text


def test_a_quota_of_something_else_or_elsewhere_forbids_nothing() -> None:
    away = msgspec.structs.replace(quota("0").metadata, namespace="elsewhere")
    others = msgspec.structs.replace(quota("0"), metadata=away)
    pods = msgspec.structs.replace(quota("0"), spec=QuotaSpec({"pods": "0"}))
    assert found(two(), quotas=[others, pods]) == []


def test_fields_that_the_crd_drops_are_named_once() -> None:
    keeps = {"x-kubernetes-preserve-unknown-fields": True}
    stock = next(iter(creates_of(two()).values()))["spec"]
    schema = {"properties": {"spec": {"properties": dict.fromkeys(stock, keeps)}}}
    assert found(two(), schema=schema) == []
    [one] = found(two(nodeSelector={"a": "b"}), schema=schema)
    assert (one.code, one.blocks, len(one.objects)) == ("KM272", True, 2)
    assert "/spec/nodeSelector" in one.text


def test_what_cannot_be_made_cannot_be_accepted() -> None:
    assert {"KM270", "KM271", "KM272"} <= NEVER_ACCEPTED


def test_secrets_are_told_where_new_pods_pull_with_them() -> None:
    secrets = [{"name": "one"}, {"name": "two"}]
    assert found(two(imagePullSecrets=secrets)) == []  # the pods stay, and name them already
    [one] = found(two(NEW, imagePullSecrets=secrets))
    assert (one.code, one.blocks, len(one.objects)) == ("KM273", False, 2)
    assert one.fix.endswith("kubectl get secret one two -n NAMESPACE")
    assert found(two(NEW)) == []


@pytest.mark.parametrize(
    ("manifest", "is_going"),
    [
        ({"metadata": {"name": "n"}}, False),
        ({"metadata": {"name": "n"}, "status": {"phase": "Active"}}, False),
        ({"metadata": {"name": "n"}, "status": {"phase": "Terminating"}}, True),
        ({"metadata": {"name": "n", "deletionTimestamp": "2026-01-01T00:00:00Z"}}, True),
    ],
)
def test_how_a_namespace_is_known_to_go(manifest: Any, *, is_going: bool) -> None:
    assert msgspec.convert(manifest, Namespace).is_terminating is is_going
