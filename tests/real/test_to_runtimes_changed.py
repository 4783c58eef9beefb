"""Copies with another image, in a cluster where services are reconciled at random meanwhile."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.real.claims import only_if_all
from tests.real.cli import kmigrate, status_of, words_of
from tests.real.everything import differences, everything, traces
from tests.real.tenants import OVERRIDES, Tenants, make_tenants
from tests.real.unrest import unrest
from tests.testbed.audit import Request
from tests.testbed.kserve import KServe
from tests.testbed.waiting import wait_until

RELEASES = ["0.15.2", *only_if_all("0.11.2", "0.16.0", "0.20.0")]
pytestmark = pytest.mark.parametrize("kserve_cluster", RELEASES, indirect=True)
DONE = ("Succeeded", "Succeeded")
THEIRS = [{"name": "THREADS", "value": "4"}]
IMAGES = {
    ("team-a", "iris-v1"): "registry.example.com:5000/ml/sklearnserver:v10",
    ("team-b", "iris"): "registry.example.com:5000/ml/sklearnserver:v11",
    ("team-a", "prices"): OVERRIDES["kserve-xgbserver"],
    ("team-b", "prices"): "registry.example.com:5000/ml/xgbserver:v10",
}
"""What services are to run then: exceptions give one namespace another image, and let one stay."""
Service = tuple[str, str]


@pytest.fixture
def tenants(kserve_cluster: KServe) -> Iterator[Tenants]:
    yield make_tenants(kserve_cluster)
    kserve_cluster.reset()


def test_exactly_those_roll_that_were_told_in_their_waves(tenants: Tenants, tmp_path: Path) -> None:
    admin, plane = tenants.kserve.admin, tenants.kserve.plane
    before, start = tenants.settled(), everything(tenants.kserve.api)
    file = tmp_path / "plan.json"
    wanted = ("-f", str(_desired(tenants, tmp_path)))
    kmigrate(admin, "plan", "--to-runtimes", *wanted, "--wave-size", "1", "--out", str(file))
    plan = json.loads(file.read_text())["plan"]
    told = {_place(r["service"]) for r in plan["forecast"] if r.get("restarts")}
    assert told
    seed, mark = random.randrange(1_000_000), plane.audit.mark()
    print(f"seed {seed}")
    with unrest(tenants.kserve.api, tenants.namespaces.values(), seed) as done:
        kmigrate(admin, "apply", str(file), timeout=600)
    assert done
    plane.audit.settle(tenants.kserve.api)
    seen = list(_seen(plane.audit.since(mark)))
    assert {service for kind, service in seen if kind == "rolled"} == told, done
    assert _in_waves(plan, seen), (seen, done)
    assert {tuple(key.split("/")) for key in tenants.moved_since(before)} == told
    after = tenants.settled()
    for (team, name), image in IMAGES.items():
        assert image in after[f"{tenants.namespaces[team]}/{name}"].images.values(), (team, name)
    # Pods that the unrest took away may come up yet.
    wait_until(lambda: _stand(tenants) == {("applied", *DONE)}, 60, "all to be applied")
    _edit_a_copy(tenants)
    [later] = status_of(admin)["later"]
    forced = ("--force-field", later["argument"])
    assert "KM305" in kmigrate(admin, "rollback", "--yes", *forced, timeout=600).stderr
    wait_until(lambda: _stand(tenants) == {("pending", *DONE)}, 60, "all to be as before")
    [kept] = status_of(admin)["overwritten"]
    assert kept["found"]["spec"]["containers"][0]["env"] == THEIRS
    assert not differences(_still(start), _still(everything(tenants.kserve.api)))
    assert not traces(everything(tenants.kserve.api))


def _stand(tenants: Tenants) -> set[tuple[str, str, str]]:
    return words_of(status_of(tenants.kserve.admin))


def _edit_a_copy(tenants: Tenants) -> None:
    """Somebody edits a copy of the run: a variable for all services of its namespace."""
    copies = tenants.kserve.api.list("serving.kserve.io/v1alpha1", "ServingRuntime")
    [copy, *_] = [one for one in copies if one["metadata"]["name"] == "kserve-sklearnserver"]
    container = {**copy["spec"]["containers"][0], "env": THEIRS}
    tenants.kserve.api.patch(copy, {"spec": {"containers": [container]}})


def _desired(tenants: Tenants, folder: Path) -> Path:
    of = tenants.namespaces
    other = {"namespaces": [of["team-b"]], "image": IMAGES["team-b", "iris"]}
    items = [
        _item("kserve-sklearnserver", IMAGES["team-a", "iris-v1"], other),
        _item("kserve-xgbserver", IMAGES["team-b", "prices"], {"namespaces": [of["team-a"]]}),
    ]
    header = {"apiVersion": "kmigrate.dev/v1alpha1", "kind": "Desired"}
    file = folder / "desired.yaml"
    file.write_text(json.dumps({**header, "images": items}))
    return file


def _item(runtime: str, image: str, exception: Mapping[str, object]) -> dict[str, object]:
    return {"runtime": runtime, "image": image, "exceptions": [exception]}


def _seen(requests: list[Request]) -> Iterator[tuple[str, Service]]:
    """Yield the copies that were made and the ReplicaSets, in the order of the answers."""
    for request in requests:
        if request.verb == "create" and request.code < 300 and not request.is_dry_run:
            if request.resource == "servingruntimes":
                yield "copied", (request.namespace, request.name)
            elif request.resource == "replicasets":
                yield "rolled", (request.namespace, request.name.rpartition("-predictor-")[0])


def _in_waves(plan: Any, seen: list[tuple[str, Service]]) -> bool:
    """Tell whether whoever rolled did so after the copies of its wave and before the next."""
    waves = [_wave(plan, stage) for stage in plan["apply"]]
    copied: list[Service] = []
    for kind, place in seen:
        if kind == "copied":
            copied.append(place)
            continue
        mine = next(number for number, (_, woken) in enumerate(waves) if place in woken)
        allowed = {copy for copies, _ in waves[: mine + 1] for copy in copies}
        if not set(copied) <= allowed or place[0] not in {namespace for namespace, _ in copied}:
            return False
    return True


def _wave(plan: Any, stage: Any) -> tuple[set[Service], set[Service]]:
    """The copies of a stage, and the services that it wakes."""
    targets = [plan["operations"][index]["target"] for index in stage.get("operations", ())]
    woken = [each["target"] for each in stage.get("activations", ())]
    return {_place(target) for target in targets}, {_place(target) for target in woken}


def _place(ref: Any) -> Service:
    return (ref["namespace"], ref["name"])


def _still(found: dict[Any, Any]) -> dict[Any, Any]:
    """Without what the unrest itself makes others of: pods, and how many there are."""
    kept = {key: value for key, value in found.items() if key[0] not in {"Pod", "ReplicaSet"}}
    for key, value in kept.items():
        if key[0] == "Deployment":
            value["spec"].pop("replicas", None)
    return kept
