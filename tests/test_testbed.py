"""The testbed itself: that what it claims to be real is, and that it leaves nothing running."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.testbed.api import STRATEGIC, Api, Manifest, basic_object
from tests.testbed.claims import PortTakenError
from tests.testbed.control_plane import ControlPlane
from tests.testbed.kserve import KServe
from tests.testbed.processes import Process
from tests.testbed.samples import framework_service
from tests.testbed.waiting import ProcessEndedError, WaitTimeoutError, wait_until

_RESTARTED = "kubectl.kubernetes.io/restartedAt"


def test_audit_counts_by_verb_resource_and_agent(api_server: ControlPlane) -> None:
    api = Api(api_server.admin, "audited")
    mark = api_server.audit.mark()
    config = basic_object("v1", "ConfigMap", "audited", "default")
    api.request("POST", f"{api.path('v1', 'ConfigMap', 'default')}?dryRun=All", config)
    api.create(config)
    api.list("v1", "ConfigMap", "default")
    api.close()
    api_server.audit.settle(api_server.api)
    created = api_server.audit.since(mark, verb="create", resource="configmaps")
    assert [(request.is_dry_run, request.code) for request in created] == [
        (True, 201),
        (False, 201),
    ]
    assert all(request.is_mutating for request in created)
    listed = api_server.audit.since(mark, verb="list", user_agent="audited")
    assert [request.resource for request in listed] == ["configmaps"]


@pytest.mark.parametrize("kserve_cluster", ["0.7.0", "0.9.0"], indirect=True)
def test_restart_restarts_the_process(kserve_cluster: KServe) -> None:
    before = kserve_cluster.manager_pid
    kserve_cluster.api.patch(kserve_cluster.controller, _restart())
    kserve_cluster.wait_controller()
    assert kserve_cluster.manager_pid not in (None, before)
    assert before is not None
    assert not _is_alive(before)


@pytest.mark.parametrize("kserve_cluster", ["0.9.0"], indirect=True)
def test_crash_is_seen_and_mended(kserve_cluster: KServe) -> None:
    before = kserve_cluster.manager_pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: _restarts(kserve_cluster) == [1], 20, "the pod to count a restart")
    kserve_cluster.wait_controller()
    assert kserve_cluster.manager_pid not in (None, before)


@pytest.mark.parametrize("kserve_cluster", ["0.9.0"], indirect=True)
def test_image_that_does_not_exist_leaves_the_old_manager(kserve_cluster: KServe) -> None:
    api, before = kserve_cluster.api, kserve_cluster.manager_pid
    api.patch(kserve_cluster.controller, _image("kserve/kserve-controller:v0.0.0"), STRATEGIC)
    wait_until(lambda: "ErrImagePull" in _waiting(kserve_cluster), 20, "the pod to be refused")
    assert kserve_cluster.manager_pid == before
    api.patch(kserve_cluster.controller, _image("kserve/kserve-controller:v0.9.0"), STRATEGIC)
    kserve_cluster.wait_controller()


@pytest.mark.parametrize("kserve_cluster", ["0.9.0"], indirect=True)
def test_inference_service_gets_its_knative_service(kserve_cluster: KServe, namespace: str) -> None:
    kserve_cluster.api.apply(framework_service("iris", namespace, "sklearn"))
    written = kserve_cluster.wait_knative_service(namespace, "iris")
    containers = written["spec"]["template"]["spec"]["containers"]
    assert [container["image"] for container in containers] == ["kserve/sklearnserver:v0.9.0"]


def test_second_kserve_is_refused_clearly(
    kserve_cluster: KServe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KMIGRATE_TESTBED_WAIT", raising=False)
    assert kserve_cluster.manager_pid
    with pytest.raises(PortTakenError, match="9443 is taken"):
        KServe("0.9.0")


def test_wait_fails_with_the_log_of_what_it_waited_for(tmp_path: Path) -> None:
    talker = Process("talker", ["sh", "-c", "echo some output; sleep 600"], tmp_path / "log")
    wait_until(lambda: "some output" in talker.tail(), 10, "the output")
    with pytest.raises(WaitTimeoutError, match=r"0.1 s for nothing(.|\n)*some output"):
        wait_until(lambda: False, 0.1, "nothing", [talker])
    talker.stop()


def test_wait_fails_at_once_when_a_process_ended(tmp_path: Path) -> None:
    short = Process("short", ["sh", "-c", "echo last words; exit 3"], tmp_path / "log")
    with pytest.raises(ProcessEndedError, match=r"short ended \(3\)(.|\n)*last words"):
        wait_until(lambda: False, 30, "nothing", [short])


def test_stop_ends_a_process_that_ignores_being_asked(tmp_path: Path) -> None:
    command = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 600; done"]
    stubborn = Process("stubborn", command, tmp_path / "log")
    wait_until(lambda: "ready" in stubborn.tail(), 10, "the trap to be set")
    stubborn.stop(grace=0.2)
    assert stubborn.exit_code == -signal.SIGKILL


_PARENT = """
import pathlib, signal, sys, threading
from tests.testbed.processes import Process
def start():
    print(Process("sleeper", ["sleep", "600"], pathlib.Path(sys.argv[1])).pid, flush=True)
# From a thread that ends: the child must live on all the same, but not without the process.
thread = threading.Thread(target=start)
thread.start()
thread.join()
signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_its_parent(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", _PARENT, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _is_alive(child)
        parent.send_signal(number)
        parent.wait(10)
        wait_until(lambda: not _is_alive(child), 10, "the child to be gone")


def test_control_plane_leaves_nothing_behind() -> None:
    with ControlPlane() as plane:
        pids = plane.pids
        assert all(_is_alive(pid) for pid in pids)
    assert len(pids) == 2
    assert not any(_is_alive(pid) for pid in pids)
    assert not plane.folder.exists()


def _is_alive(pid: int) -> bool:
    """A process that has ended and only waits to be collected is not alive."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def _restart() -> Manifest:
    annotations = {_RESTARTED: "2026-01-01T00:00:00Z"}
    return {"spec": {"template": {"metadata": {"annotations": annotations}}}}


def _image(image: str) -> Manifest:
    return {"spec": {"template": {"spec": {"containers": [{"name": "manager", "image": image}]}}}}


def _pods(cluster: KServe) -> list[Manifest]:
    pods = cluster.api.list("v1", "Pod", "kserve", "control-plane=kserve-controller-manager")
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def _restarts(cluster: KServe) -> list[int]:
    return [pod["status"]["containerStatuses"][0]["restartCount"] for pod in _pods(cluster)]


def _waiting(cluster: KServe) -> list[str]:
    states = [
        status["state"]
        for pod in _pods(cluster)
        for status in pod["status"].get("containerStatuses", [])
    ]
    return [state["waiting"]["reason"] for state in states if "waiting" in state]
