"""Many services are read while a second process reads workloads: nobody sees the difference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.cluster.kube import connect
from migrate.commands.reading import read_snapshot
from tests.commands import faulty
from tests.commands.crowded import ENDLESS, FEW, planned
from tests.commands.faulty import Faulty, Json, Spoil, changed, status, whole
from tests.commands.test_broken_lists import DOWN, MENDED, REFUSED, objects

SERVICES, KNATIVE, DEPLOYMENTS = "inferenceservices", "services", "deployments"
SECOND = "2"
RAW = "serving.kserve.io/deploymentMode"


@pytest.fixture
def server() -> Iterator[Faulty]:
    with faulty.faulty(objects()) as started:
        yield started


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The plan of one process."""
    with faulty.faulty(objects()) as sound:
        code, out, error = planned(sound, tmp_path_factory.mktemp("sound"), ENDLESS)
        assert (code, error) == (0, "")
        assert len({*sound.clients[SERVICES], *sound.clients[KNATIVE]}) == 1
    return out


def test_the_plan_is_the_same_and_no_page_is_read_twice(
    server: Faulty, alone: str, tmp_path: Path
) -> None:
    assert planned(server, tmp_path) == (0, alone, "")
    assert not server.clients[SERVICES] & server.clients[KNATIVE]
    assert len(server.asked) == len(set(server.asked))


def test_few_services_are_read_in_one_process(server: Faulty, alone: str, tmp_path: Path) -> None:
    count = len(json.loads(alone)["plan"]["forecast"])
    assert planned(server, tmp_path, count + 1) == (0, alone, "")
    assert server.clients[SERVICES] == server.clients[KNATIVE]


def raw(name: str) -> list[Json]:
    """A service that says that it runs as a Deployment, and that Deployment."""
    meta = {"name": name, "namespace": name, "uid": name, "annotations": {RAW: "RawDeployment"}}
    predictor = {"containers": [{"name": "kserve-container", "image": "registry.example.com/x:1"}]}
    workload = {"name": f"{name}-predictor-default", "namespace": name}
    template = {"spec": {"containers": predictor["containers"]}}
    return [
        {
            "apiVersion": "serving.kserve.io/v1beta1",
            "kind": "InferenceService",
            "metadata": meta,
            "spec": {"predictor": predictor},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": workload,
            "spec": {"template": template},
        },
    ]


@pytest.mark.parametrize(("name", "is_early"), [("aa", True), ("zz", False)])
def test_deployments_are_read_as_soon_as_one_service_needs_them(
    tmp_path: Path, name: str, is_early: bool
) -> None:
    with faulty.faulty([*objects(), *raw(name)]) as server:
        code, out, error = planned(server, tmp_path)
        second = server.clients[KNATIVE]
        assert (server.clients[DEPLOYMENTS] <= second) is is_early
        assert len(server.asked) == len(set(server.asked))
        assert planned(server, tmp_path, ENDLESS) == (code, out, error)
    rows = {row["service"]["name"]: row for row in json.loads(out)["plan"]["forecast"]}
    assert rows[name]["now"] == "registry.example.com/x:1"
    assert (code, error) == (0, "")


KNOWN = ("410 with a token", "410 without a token", "503", "a reset connection", "half a body")
PASSING = {**{case: MENDED[case] for case in KNOWN}, "a reset at once": ("", (faulty.reset,))}


@pytest.mark.parametrize("case", PASSING)
def test_faults_that_pass_make_no_difference(
    server: Faulty, alone: str, tmp_path: Path, case: str
) -> None:
    token, faults = PASSING[case]
    server.spoil(KNATIVE, token, *faults)
    assert planned(server, tmp_path) == (0, alone, "")
    assert server.spoiled[KNATIVE, token] == []


def test_a_kind_that_is_not_installed(tmp_path: Path) -> None:
    with faulty.faulty(objects(), missing=(KNATIVE,)) as server:
        found = planned(server, tmp_path)
        assert not server.clients[SERVICES] & server.clients[KNATIVE]
        assert planned(server, tmp_path, ENDLESS) == found
        assert not read_snapshot(connect(server.kubeconfig(tmp_path)), "kserve", "").has_knative
    assert json.loads(found[1])["plan"]["forecast"][0]["now"] is None


FORBIDDEN = status(403, "Forbidden", 'User "eve" cannot list resource "services"')
FAILING: dict[str, tuple[Spoil, ...]] = {
    "503 for good": (DOWN,) * 9,
    "forbidden": (FORBIDDEN,) * 9,
    "half a body for good": (faulty.half,) * 9,
    "forgotten too often": REFUSED["410 again and again"][0],
    "a login page": (whole(b"<html>log in"),),
    "an object that does not fit": (
        changed(lambda page: page["items"][1]["metadata"].update(labels=[])),
    ),
}


@pytest.mark.parametrize(
    ("case", "token"), [("forbidden", ""), *((case, SECOND) for case in FAILING)]
)
def test_what_fails_in_the_second_process_is_told_as_if_there_were_one(
    server: Faulty, tmp_path: Path, case: str, token: str
) -> None:
    told, asked = [], []
    for many in (FEW, ENDLESS):
        server.asked.clear()
        server.spoil(KNATIVE, token, *FAILING[case])
        told.append(planned(server, tmp_path, many))
        asked.append(server.pages(KNATIVE))
    assert told[0] == told[1]
    assert asked[0] == asked[1]
    assert told[0][0] != 0
    assert "next: " in told[0][2]


PLUGIN = """\
echo $PPID >> {log}
echo '{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",'
echo ' "status": {{"token": "t"{expiry}}}}}'
"""


def with_plugin(server: Faulty, folder: Path, expiry: str = "") -> Path:
    """Have a plugin log in; return the file with the id of the process that asked, each time."""
    log, plugin = folder / "runs", folder / "plugin.sh"
    plugin.write_text(PLUGIN.format(log=log, expiry=expiry))
    run = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": [str(plugin)]}
    server.user = {"exec": {**run, "interactiveMode": "Never"}}
    return log


EXPIRED = status(401, "Unauthorized", "Unauthorized")


@pytest.mark.parametrize(("refusals", "runs"), [(0, 1), (1, 1), (3, 2)])
def test_one_process_logs_in(
    server: Faulty, alone: str, tmp_path: Path, refusals: int, runs: int
) -> None:
    """The second one tries its login twice; then the first reads in its place."""
    log = with_plugin(server, tmp_path)
    server.spoil(KNATIVE, SECOND, *[EXPIRED] * refusals)
    code, out, error = planned(server, tmp_path)
    assert (code, out, error) == (0, alone, "")
    assert len(log.read_text().splitlines()) == runs


def test_a_token_that_is_renewed_all_the_time_is_renewed_by_one_process(
    server: Faulty, alone: str, tmp_path: Path
) -> None:
    log = with_plugin(server, tmp_path, ', "expirationTimestamp": "2020-01-01T00:00:00Z"')
    assert planned(server, tmp_path) == (0, alone, "")
    runs = log.read_text().splitlines()
    assert len(runs) > len(set(runs)) == 1
