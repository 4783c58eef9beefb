"""`plan` on a cluster that is not as it should be, and for a user who does not wait."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from tests.commands import faulty
from tests.commands.faulty import Faulty, Handler, Json, Spoil, kmigrate, status, whole
from tests.commands.snapshots import SET
from tests.commands.test_broken_lists import LOGIN, objects

CONFIG = "inferenceservice-config"


def said_once(done: subprocess.CompletedProcess[str]) -> str:
    """Expect one error and the next command."""
    told, following = done.stderr.splitlines()
    assert (told[:7], following[:6], done.stdout) == ("error: ", "next: ", "")
    return done.stderr


@pytest.fixture
def server() -> Iterator[Faulty]:
    with faulty.faulty(objects()) as started:
        yield started


@pytest.mark.parametrize(
    "fault",
    [
        status(429, "TooManyRequests", "too many requests", Retry_After="1"),
        status(503, "ServiceUnavailable", "apiserver not ready"),
    ],
    ids=["429", "503"],
)
def test_one_object_is_asked_for_again(server: Faulty, tmp_path: Path, fault: Spoil) -> None:
    server.spoil(CONFIG, "", fault)
    assert kmigrate(server, tmp_path, "plan", *SET).returncode == 0
    assert len(server.pages(CONFIG)) == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (whole(LOGIN), ("expected an object in JSON", "HTML that says: Please &gt; log in")),
        (whole(LOGIN, 404), ("is no API server (HTTP 404",)),
        (whole(b"[]"), ("get ConfigMap kserve/inferenceservice-config", "another form")),
        (faulty.half_packed, ("cut short or broken", "asked 5 times")),
    ],
    ids=["login page", "404 of another server", "no object", "half"],
)
def test_one_object_that_is_none(
    server: Faulty, tmp_path: Path, fault: Spoil, words: tuple[str, ...]
) -> None:
    server.spoil(CONFIG, "", *[fault] * 9)
    done = kmigrate(server, tmp_path, "plan", *SET)
    assert done.returncode == 10
    for word in words:
        assert word in said_once(done)


def test_without_the_service_crd(tmp_path: Path) -> None:
    with faulty.faulty(objects(), missing=("inferenceservices",)) as server:
        done = kmigrate(server, tmp_path, "plan", *SET)
    assert done.returncode == 7
    assert "serves no InferenceService (serving.kserve.io/v1beta1)" in said_once(done)
    assert "--context" in done.stderr


def raw_only(manifest: Json) -> Json:
    """The same cluster, with services that are deployed without Knative."""
    meta = manifest["metadata"]
    if manifest["kind"] == "InferenceService":
        mode = {"serving.kserve.io/deploymentMode": "RawDeployment"}
        meta = meta | {"annotations": {**(meta.get("annotations") or {}), **mode}}
    return {**manifest, "metadata": meta}


def test_without_knative(tmp_path: Path) -> None:
    kinds = ("inferenceservices", "services")
    some = [raw_only(each) for each in objects() if "knative" not in each["apiVersion"]]
    with faulty.faulty(some) as whole_:
        expected = kmigrate(whole_, tmp_path, "plan", *SET, "-o", "json")
    # Both Service kinds have this plural; of those of the core group a plan reads none.
    with faulty.faulty(some, missing=kinds[1:]) as server:
        done = kmigrate(server, tmp_path, "plan", *SET, "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == expected.stdout
    assert [line for line in server.asked if "serving.knative.dev" in line]
    assert len(json.loads(done.stdout)["plan"]["operations"]) == 1


RUNTIMES = ("clusterservingruntimes", "servingruntimes", "clusterstoragecontainers")


@pytest.mark.parametrize(("release", "asks"), [("0.7.0", False), ("0.8.0", True), ("0.9.0", True)])
def test_without_the_crds_of_runtimes(tmp_path: Path, release: str, *, asks: bool) -> None:
    changed = [json.loads(json.dumps(o).replace("v0.7.0", f"v{release}")) for o in objects()]
    with faulty.faulty(changed, missing=RUNTIMES) as server:
        done = kmigrate(server, tmp_path, "plan")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"KServe {release}")
    assert any("v1alpha1/clusterservingruntimes" in line for line in server.asked) is asks


@pytest.mark.parametrize(
    ("plural", "permission", "question"),
    [
        (
            "inferenceservices",
            "list on inferenceservices.serving.kserve.io in all namespaces",
            "list inferenceservices.serving.kserve.io -A",
        ),
        (
            "services",
            "list on services.serving.knative.dev in all namespaces",
            "list services.serving.knative.dev -A",
        ),
        (
            "statefulsets",
            "list on statefulsets.apps in namespace kserve",
            "list statefulsets.apps -n kserve",
        ),
        (
            CONFIG,
            "get on configmaps in namespace kserve",
            "get configmaps -n kserve",
        ),
    ],
)
def test_a_missing_permission(
    server: Faulty, tmp_path: Path, plural: str, permission: str, question: str
) -> None:
    words = f'{plural} is forbidden: User "eve" cannot do that resource "{plural}"'
    server.spoil(plural, "", status(403, "Forbidden", f"{words}: cannot list resource"))
    done = kmigrate(server, tmp_path, "plan", *SET)
    assert done.returncode == 9
    assert f"no permission to {permission}:" in said_once(done)
    assert done.stderr.endswith(f"next: kubectl auth can-i {question} --context faulty\n")


def held_up(reached: Event) -> Spoil:
    """Say when the page is asked for, and never answer."""

    def wait(handler: Handler, _: bytes) -> None:
        reached.set()
        handler.rfile.read(1)  # ends when the client goes away

    return wait


def later(reached: Event) -> Spoil:
    """Ask for half a minute of patience."""

    def answer(handler: Handler, body: bytes) -> None:
        status(429, "TooManyRequests", "later", Retry_After="30")(handler, body)
        reached.set()

    return answer


@pytest.mark.parametrize("fault", [held_up, later])
@pytest.mark.parametrize(
    ("number", "code", "words"),
    [(signal.SIGINT, 130, "stopped by Ctrl-C"), (signal.SIGTERM, -signal.SIGTERM, "")],
)
def test_a_user_who_does_not_wait(
    server: Faulty,
    tmp_path: Path,
    fault: Callable[[Event], Spoil],
    number: int,
    code: int,
    words: str,
) -> None:
    reached = Event()
    server.spoil("inferenceservices", "2", fault(reached))
    command = [sys.executable, "-m", "migrate", "plan", "--kubeconfig"]
    with subprocess.Popen(
        [*command, server.kubeconfig(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert reached.wait(60)
        process.send_signal(number)
        out, error = process.communicate(timeout=20)
    assert (process.returncode, out) == (code, "")
    assert words in error
    assert "Traceback" not in error
