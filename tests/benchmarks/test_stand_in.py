"""The stand-in answers as an API server does: else the benchmark would compare nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.benchmarks import commands, creating, services
from tests.benchmarks.serving import Serving, serving
from tests.testbed.programs import build

pytestmark = pytest.mark.real

COUNT = 120
RAW = COUNT // 10
FEW = 20
"""Enough for one Deployment: without any, they are not listed."""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(COUNT) as started:
        yield started


def said(server: Serving, *argv: str) -> str:
    cache = str(server.folder / "cache")
    env = {**os.environ, "KUBECONFIG": str(server.kubeconfig), "KUBECACHEDIR": cache}
    server.forget()
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=True).stdout


def kubectl(server: Serving, *argv: str) -> str:
    return said(server, str(build("kubectl")), *argv)


def plan(server: Serving) -> dict[str, object]:
    words = said(server, sys.executable, "-m", "migrate", "plan", "-o", "json")
    found: dict[str, object] = json.loads(words)["plan"]
    return found


def test_kubectl_shows_the_columns_and_each_service(server: Serving) -> None:
    lines = kubectl(server, "get", "inferenceservices", "-A").splitlines()
    columns = "NAMESPACE NAME URL READY PREV LATEST PREVROLLEDOUTREVISION LATESTREADYREVISION AGE"
    assert lines[0].split() == columns.split()
    assert len(lines) == 1 + COUNT
    assert lines[1].split()[3] == "True"
    assert len({tuple(line.split()[:2]) for line in lines[1:]}) == COUNT


def test_kubectl_reads_pages(server: Serving) -> None:
    names = kubectl(server, "get", "inferenceservices", "-A", "-o", "name", "--chunk-size=50")
    assert len(set(names.splitlines())) == COUNT
    asked = [parse_qs(urlsplit(path).query) for path in server.asked().requests]
    pages = [query for query in asked if "limit" in query]
    assert [query.get("continue") for query in pages] == [None, ["50"], ["100"]]


def test_kubectl_tells_the_workloads_apart(server: Serving) -> None:
    get = commands.kubectl(server.kubeconfig, server.folder / "cache")[0]
    lines = said(server, *get.argv).splitlines()
    kinds = [line.split()[1].partition("/")[0] for line in lines if "/" in line]
    assert kinds.count("service.serving.knative.dev") == COUNT - RAW
    assert kinds.count("deployment.apps") == RAW + 1


def test_namespaces_and_single_objects_are_found(server: Serving) -> None:
    name = ("-n=team-0001", "-o=name")
    few = kubectl(server, "get", "inferenceservices", *name).split()
    assert len(few) == services.PER_NAMESPACE
    one = json.loads(kubectl(server, "get", few[0], "-n=team-0001", "-o", "json"))
    assert (one["kind"], one["metadata"]["namespace"]) == ("InferenceService", "team-0001")


def test_a_plan_sees_every_service_with_its_image(server: Serving) -> None:
    found = plan(server)
    rows = found["forecast"]
    assert isinstance(rows, list)
    assert len(rows) == COUNT
    assert all(row["now"] for row in rows)
    moving = [row["service"]["name"] for row in rows if row["outlook"] == "changes anyway"]
    assert sorted(name.rpartition("-")[2] for name in moving) == ["000000", "000050", "000100"]
    assert found["release"] == "0.9.0"


def test_no_request_is_made_for_a_service_or_a_namespace(server: Serving) -> None:
    plan(server)
    many = server.asked()
    assert many.lists["inferenceservices.serving.kserve.io"] == 1
    assert not [path for path in many.requests if "/team-" in path]
    with serving(FEW) as small:
        plan(small)
        assert small.asked().others == many.others


def test_what_kubectl_writes_is_there_until_it_is_undone(server: Serving) -> None:
    file = server.folder / "runtimes.json"
    items = creating.manifests(2)
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    apply = ("apply", "--validate=false", "-f", str(file))
    names = ("get", "servingruntimes", "-A", "-o", "name")
    before = kubectl(server, *names).split()
    for flags in ((), ("--server-side",)):
        assert kubectl(server, *apply, *flags).count("created\n" if not flags else "applied\n") == 2
        found = kubectl(server, *names).split()
        assert len(found) == len(before) + 2
        server.undo()
        assert kubectl(server, *names).split() == before


def test_a_run_is_there_with_its_record_and_so_is_its_proof(server: Serving) -> None:
    driver = (sys.executable, "-m", "tests.benchmarks.creating", "--count", "2", "--kubeconfig")
    said(server, *driver, str(server.kubeconfig))
    config_maps = kubectl(server, "get", "configmaps", "-n", "kserve", "-o", "name").split()
    assert len([name for name in config_maps if "/kmigrate-run-" in name]) == 2
    (lease,) = json.loads(kubectl(server, "get", "leases", "-A", "-o", "json"))["items"]
    assert lease["spec"]["holderIdentity"] == ""
    made = kubectl(
        server,
        "get",
        "servingruntimes",
        "-A",
        "-l",
        "app.kubernetes.io/managed-by=kmigrate",
        "-o",
        "name",
    )
    assert len(made.split()) == 2
    server.undo()
