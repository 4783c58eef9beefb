"""`plan --rbac`: the least roles, as YAML."""

from __future__ import annotations

import pytest
import yaml

from migrate.__main__ import main
from tests.commands.snapshots import BEFORE

SET = ("--set", "sklearn=registry.example.com/ml/sklearnserver:v0.7.0")


def printed(capsys: pytest.CaptureFixture[str], *flags: str) -> list[dict[str, object]]:
    assert main(["plan", "--rbac", *SET, *flags, "--snapshot", str(BEFORE)]) == 0
    return list(yaml.safe_load_all(capsys.readouterr().out))


def rules(role: object) -> dict[str, list[str]]:
    assert isinstance(role, dict)
    return {
        "/".join((*rule["resources"], *rule.get("resourceNames", ()))): rule["verbs"]
        for rule in role["rules"]
    }


def test_a_restart_in_predictors(capsys: pytest.CaptureFixture[str]) -> None:
    everywhere, *places = printed(capsys)
    assert everywhere["kind"] == "ClusterRole"
    assert "servingruntimes" not in rules(everywhere)
    assert len([name for name in rules(everywhere) if name.startswith("customres")]) == 1
    own = {str(role["metadata"]["namespace"]): rules(role) for role in places}  # type: ignore[index]
    names = sorted({*own, "kube-system"} - {"kserve"})
    assert rules(everywhere)["/".join(["namespaces", *names])] == ["get"]
    assert own["kserve"]["configmaps"] == ["create", "get", "list", "patch"]
    assert own["kserve"]["leases"] == ["create", "get", "patch"]
    assert own["kserve"]["statefulsets"] == ["get", "list", "patch"]
    assert "deployments" not in own["kserve"]  # a list of all of them is allowed already


def test_a_wake_writes_the_status_alone(capsys: pytest.CaptureFixture[str]) -> None:
    _, *places = printed(capsys, "--activate=each")
    own = {str(role["metadata"]["namespace"]): rules(role) for role in places}  # type: ignore[index]
    assert "statefulsets" in own["kserve"]
    woken = [found for name, found in own.items() if name != "kserve"]
    assert woken
    assert all(found["inferenceservices/status"] == ["patch"] for found in woken)
    assert all(found["inferenceservices"] == ["get"] for found in woken)


def test_what_tells_a_cause_is_asked_for_where_something_is_awaited(
    capsys: pytest.CaptureFixture[str],
) -> None:
    everywhere, *places = printed(capsys)
    assert not {"pods", "pods/log", "events"} & rules(everywhere).keys()
    own = {str(role["metadata"]["namespace"]): rules(role) for role in places}  # type: ignore[index]
    assert {"kserve", "fraud"} <= own.keys()
    for found in own.values():
        assert (found["events"], found["pods"], found["pods/log"]) == (["list"], ["list"], ["get"])
    assert (own["fraud"]["revisions"], own["kserve"].get("revisions")) == (["get"], None)
