"""Variables and flags of a ClusterServingRuntime on real controllers, and the way back.

Containers are simulated; what is looked at is what KServe writes. 0.9.0 and 0.15.2 run in
Knative mode here, 0.20.0 makes Deployments.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.claims import (
    OTHER_IMAGE,
    RUNTIME,
    add_service,
    container_of,
    copy_runtime,
    only_if_all,
    rollouts,
    stock_runtime,
    wake_until,
)
from tests.real.cli import kmigrate
from tests.testbed.kserve import KServe
from tests.testbed.samples import model_service

pytestmark = pytest.mark.parametrize(
    "kserve_cluster", ["0.15.2", *only_if_all("0.9.0", "0.20.0")], indirect=True
)
PROBA = {"name": "PREDICT_PROBA", "value": "True"}
SETTINGS = {"env": [PROBA], "args": ["--workers=2", "--http_port=8081"]}
THEIRS = {"name": "THEIRS", "value": "x"}
NAMES = ("plain", "own", "copied", "other")


@pytest.fixture
def spaces(kserve_cluster: KServe) -> Iterator[dict[str, str]]:
    """A namespace each: a plain service, one with a PREDICT_PROBA of its own, one that keeps a
    copy of the runtime, one of another format."""
    cluster = kserve_cluster
    found = {name: cluster.create_namespace(name) for name in NAMES}
    copy_runtime(cluster, found["copied"])
    own = model_service("iris", found["own"], "sklearn")
    own["spec"]["predictor"]["model"]["env"] = [{"name": "PREDICT_PROBA", "value": "False"}]
    cluster.api.create(own)
    cluster.wait_predictor(found["own"], "iris")
    for name in ("plain", "copied", "other"):
        add_service(cluster, found[name], "iris", "xgboost" if name == "other" else "sklearn")
    yield found
    cluster.reset()


def desired(tmp_path: Path, **item: Any) -> str:
    file = tmp_path / "desired.yaml"
    head = {"apiVersion": "kmigrate.dev/v1alpha1", "kind": "Desired"}
    file.write_text(json.dumps({**head, "images": [item]}), encoding="utf-8")
    return str(file)


def containers(cluster: KServe, spaces: dict[str, str]) -> dict[str, Any]:
    return {name: container_of(cluster, space, "iris") for name, space in spaces.items()}


def traces(cluster: KServe, spaces: dict[str, str]) -> dict[str, Any]:
    return {name: rollouts(cluster, space) for name, space in spaces.items()}


def planned(cluster: KServe, tmp_path: Path, *flags: str) -> dict[str, Any]:
    file = tmp_path / "plan.json"
    kmigrate(cluster.admin, "plan", *flags, "--out", str(file))
    rows = json.loads(file.read_text())["plan"]["forecast"]
    return {row["service"]["namespace"]: row for row in rows}


def moved(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize("flags", [(), ("--activate=each",)], ids=["by default", "each"])
def test_exactly_those_move_that_were_told_and_come_back(
    kserve_cluster: KServe, spaces: dict[str, str], tmp_path: Path, flags: tuple[str, ...]
) -> None:
    cluster = kserve_cluster
    stock, before = stock_runtime(cluster)["spec"], containers(cluster, spaces)
    seen = traces(cluster, spaces)
    file = desired(tmp_path, format="sklearn", **SETTINGS)
    rows = planned(cluster, tmp_path, "-f", file, *flags)
    moving = {name for name in spaces if rows[spaces[name]]["outlook"] == "changes"}
    # The arguments come to both; the variable only to who has none of his own.
    assert moving == {"plain", "own"}
    assert rows[spaces["plain"]]["settings"] == [
        "env PREDICT_PROBA",
        f"args {changed_flags(cluster)}",
    ]
    kmigrate(cluster.admin, "apply", str(tmp_path / "plan.json"))
    after = containers(cluster, spaces)
    assert PROBA in after["plain"]["env"]
    assert PROBA not in after["own"].get("env", [])
    assert all({"--workers=2", "--http_port=8081"} <= {*after[name]["args"]} for name in moving)
    assert moved(before, after) == moved(seen, traces(cluster, spaces)) == moving
    again = kmigrate(cluster.admin, "apply", "--yes", "-f", file)
    assert "nothing to change" in again.stdout
    done = kmigrate(cluster.admin, "rollback", "--yes", home=tmp_path / "another machine")
    assert "KM30" not in done.stderr
    assert stock_runtime(cluster)["spec"] == stock
    assert containers(cluster, spaces) == before


def changed_flags(cluster: KServe) -> str:
    """Stock runtimes have a port, and no number of workers (0.20: not even under that name)."""
    args = stock_runtime(cluster)["spec"]["containers"][0]["args"]
    assert "--http_port=8080" in args
    assert not any(arg.startswith("--workers") for arg in args)
    return "--http_port, --workers"


def test_what_was_there_comes_back_and_what_others_added_stays(
    kserve_cluster: KServe, spaces: dict[str, str], tmp_path: Path
) -> None:
    cluster, place = kserve_cluster, spaces["plain"]
    field = {"fieldRef": {"fieldPath": "metadata.namespace"}}
    env = [{"name": "A", "value": "a"}, {"name": "PREDICT_PROBA", "valueFrom": field}]
    give_env(cluster, env)
    wake_until(cluster, place, "iris", lambda: has_env(cluster, place, env[0]))
    prepared, before = stock_runtime(cluster)["spec"], container_of(cluster, place, "iris")
    file = desired(tmp_path, runtime=RUNTIME, image=OTHER_IMAGE, **SETTINGS)
    kmigrate(cluster.admin, "apply", "--yes", "-f", file)
    after = container_of(cluster, place, "iris")
    assert PROBA in after["env"]
    assert after["image"] == OTHER_IMAGE
    give_env(cluster, [*stock_runtime(cluster)["spec"]["containers"][0]["env"], THEIRS])
    kmigrate(cluster.admin, "rollback", "--yes")
    left = stock_runtime(cluster)["spec"]
    assert left["containers"][0].pop("env") == [*env, THEIRS]
    prepared["containers"][0].pop("env")
    assert left == prepared
    found = container_of(cluster, place, "iris")
    assert without_env(found) == without_env(before)
    assert [item for item in found["env"] if item != THEIRS] == before["env"]


def test_our_variables_go_where_there_were_none_and_others_stay(
    kserve_cluster: KServe, spaces: dict[str, str], tmp_path: Path
) -> None:
    cluster = kserve_cluster
    stock, before = stock_runtime(cluster)["spec"], container_of(cluster, spaces["plain"], "iris")
    assert "env" not in stock["containers"][0]
    file = desired(tmp_path, runtime=RUNTIME, env=[PROBA, {"name": "SECOND", "value": "2"}])
    kmigrate(cluster.admin, "apply", "--yes", "-f", file)
    give_env(cluster, [THEIRS, *stock_runtime(cluster)["spec"]["containers"][0]["env"]])
    kmigrate(cluster.admin, "rollback", "--yes")
    left = stock_runtime(cluster)["spec"]
    assert left["containers"][0].pop("env") == [THEIRS]
    assert left == stock
    found = container_of(cluster, spaces["plain"], "iris")
    assert [e for e in found.get("env", []) if e != THEIRS] == before.get("env", [])


def give_env(cluster: KServe, env: list[Any]) -> None:
    runtime = stock_runtime(cluster)
    first, *others = runtime["spec"]["containers"]
    cluster.api.patch(runtime, {"spec": {"containers": [{**first, "env": env}, *others]}})


def has_env(cluster: KServe, namespace: str, item: Any) -> bool:
    return item in container_of(cluster, namespace, "iris").get("env", [])


def without_env(container: Any) -> dict[str, Any]:
    return {key: value for key, value in container.items() if key != "env"}
