"""What must never happen, on a real API server: stray writes, two writers, tracebacks."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.real.cli import KMIGRATE, environment, kmigrate, on_a_terminal, read_until
from tests.real.world import REPOSITORY, World, make_world
from tests.testbed.audit import Request
from tests.testbed.kserve import KServe

pytestmark = pytest.mark.parametrize("kserve_cluster", ["0.7.0"], indirect=True)
WANTED = ("--set", f"sklearn={REPOSITORY}:v0.7.0")


@pytest.fixture
def world(kserve_cluster: KServe) -> Iterator[World]:
    yield make_world(kserve_cluster)
    kserve_cluster.reset()


def ours(world: World, mark: int) -> list[Request]:
    """The requests of kmigrate since the mark."""
    audit = world.kserve.plane.audit
    audit.settle(world.kserve.api)
    found = [r for r in audit.since(mark) if r.user_agent.startswith("kmigrate/")]
    assert found, "the audit log shows nothing of kmigrate: this test would prove nothing"
    return found


@pytest.mark.parametrize(
    "arguments",
    [("plan",), ("plan", *WANTED), ("apply", "--dry-run=client", *WANTED), ("status",)],
    ids=" ".join,
)
def test_reading_sends_no_write(world: World, arguments: tuple[str, ...]) -> None:
    mark = world.kserve.plane.audit.mark()
    kmigrate(world.kserve.admin, *arguments)
    writes = [r for r in ours(world, mark) if r.is_mutating]
    # A question about one's own permissions is a POST, and stores nothing.
    assert [r for r in writes if r.resource != "selfsubjectaccessreviews"] == []
    assert arguments[0] == "apply" or writes == []


def test_a_server_dry_run_sends_no_write_that_persists(world: World) -> None:
    before, mark = world.everything_else(), world.kserve.plane.audit.mark()
    kmigrate(
        world.kserve.admin,
        "apply",
        "--dry-run=server",
        "--repin",
        "--set",
        f"sklearn={REPOSITORY}:v9",
    )
    writes = [r for r in ours(world, mark) if r.is_mutating]
    assert {r.resource for r in writes} >= {
        "configmaps",
        "inferenceservices",
        "statefulsets",
        "leases",
    }
    assert [r for r in writes if not r.is_dry_run] == []
    assert world.everything_else() == before
    assert "no run is recorded" in kmigrate(world.kserve.admin, "status").stdout


def test_a_rollback_can_be_previewed(world: World) -> None:
    kmigrate(world.kserve.admin, "apply", "--yes", *WANTED)
    applied = world.everything_else()
    for dry_run in ("client", "server"):
        mark = world.kserve.plane.audit.mark()
        kmigrate(world.kserve.admin, "rollback", f"--dry-run={dry_run}")
        assert [r for r in ours(world, mark) if r.is_mutating and not r.is_dry_run] == []
        assert world.everything_else() == applied
    kmigrate(world.kserve.admin, "rollback", "--yes")


def start(world: World, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(KMIGRATE), *arguments],
        env=environment(world.kserve.admin),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_of_two_applies_at_once_one_writes(world: World) -> None:
    of_two_one_writes(world, attempts=4)


def of_two_one_writes(world: World, attempts: int) -> None:
    target = dict.fromkeys(
        (world.workload(0, "iris"), world.workload(1, "iris")), f"{REPOSITORY}:v0.7.0"
    )
    for attempt in range(attempts):
        mark = world.kserve.plane.audit.mark()
        both = [start(world, "apply", "--yes", *WANTED) for _ in range(2)]
        said = [process.communicate(timeout=120) for process in both]
        codes = sorted(process.returncode for process in both)
        # 5: the other one's run was found under the Lease; 6: the Lease was held; 0: all was done.
        assert codes[0] == 0, said
        assert codes[1] in (0, 5, 6), said
        edits = [
            r for r in ours(world, mark) if r.is_mutating and r.name == "inferenceservice-config"
        ]
        assert len(edits) == 1, (attempt, said)
        assert target.items() <= world.images().items()
        kmigrate(world.kserve.admin, "rollback", "--yes")


def test_ctrl_c_at_the_prompt_writes_nothing(world: World) -> None:
    before = world.everything_else()
    child, terminal = on_a_terminal(world.kserve.admin, "apply", *WANTED)
    screen = read_until(terminal, b"Only yes is taken for an answer")
    assert b"Apply to context testbed, https://" in screen
    assert b"in place, restarting 2 InferenceServices." in b" ".join(screen.split())
    os.write(terminal, b"\x03")
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 130
    assert world.everything_else() == before
    assert "no run is recorded" in kmigrate(world.kserve.admin, "status").stdout


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_during_the_wait_leaves_a_run_to_go_on_with(
    world: World, number: signal.Signals, code: int
) -> None:
    """The controller's image does not exist, so that the wait for it does not end."""
    before = world.everything_else()
    image = set_manager_image(world.kserve, "kserve/kserve-controller:nowhere")
    process = start(world, "apply", "--yes", "--kserve-version", "0.7.0", *WANTED)
    assert process.stderr is not None
    assert any(line.startswith("waiting until") for line in process.stderr)
    process.send_signal(number)
    said = process.communicate(timeout=30)
    assert process.returncode == code, said
    assert "kmigrate rollback" in said[1]
    assert "unfinished apply" in kmigrate(world.kserve.admin, "status").stdout
    set_manager_image(world.kserve, image)
    delete_controller_pod(world.kserve)
    kmigrate(world.kserve.admin, "apply", "--yes")
    assert world.images()[world.workload(0, "iris")] == f"{REPOSITORY}:v0.7.0"
    kmigrate(world.kserve.admin, "rollback", "--yes")
    assert world.everything_else() == before


def test_a_second_ctrl_c_ends_at_once(world: World) -> None:
    image = set_manager_image(world.kserve, "kserve/kserve-controller:nowhere")
    process = start(
        world, "apply", "--yes", "--lease-duration=3", "--kserve-version=0.7.0", *WANTED
    )
    assert process.stderr is not None
    assert any(line.startswith("waiting until") for line in process.stderr)
    os.kill(process.pid, signal.SIGSTOP)  # so that both signals are there when it goes on
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    os.kill(process.pid, signal.SIGCONT)
    process.communicate(timeout=10)
    assert process.returncode in (130, 143)
    set_manager_image(world.kserve, image)
    delete_controller_pod(world.kserve)
    kmigrate(world.kserve.admin, "rollback", "--yes")


def set_manager_image(kserve: KServe, image: str) -> str:
    """Change the image of the controller's container; return the former one."""
    found = kserve.api.get_same(kserve.controller)
    assert found is not None
    containers = found["spec"]["template"]["spec"]["containers"]
    manager = next(c for c in containers if c["name"] == "manager")
    former, manager["image"] = manager["image"], image
    kserve.api.patch(
        kserve.controller, {"spec": {"template": {"spec": {"containers": containers}}}}
    )
    return str(former)


def delete_controller_pod(kserve: KServe) -> None:
    """Delete the broken pod: a StatefulSet does not replace one that never got ready."""
    for pod in kserve.api.list("v1", "Pod", "kserve"):
        if pod["metadata"]["name"].startswith("kserve-controller-manager"):
            kserve.api.delete(pod)
    kserve.wait_controller()
