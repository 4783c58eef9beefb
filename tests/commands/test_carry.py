"""Carrying a plan out, where the first write is refused."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread, current_thread, main_thread
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.pace import Pace
from migrate.cluster.snapshot import load
from migrate.commands import making
from migrate.commands.carry import Control, Job, carry_out
from migrate.commands.comparing import Compared
from migrate.commands.signals import stoppable
from migrate.errors import Exit, InterruptError, MixedStateError, RefusedError
from migrate.execute import record
from migrate.objects import ObjectRef
from migrate.operations.model import Direction, Holds, Wake, Wave
from migrate.planning.change.proof import Result
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Forecast
from migrate.report.console import Console
from tests.cluster.scripted import scripted
from tests.commands.snapshots import run

BEFORE = Path(__file__).parents[2] / "fixtures" / "demo" / "before"
CONTROL = Control(timeout=5, lease_duration=60, lock_timeout=None)


class Refusing(MemoryCluster):
    """A copy of the snapshot whose webhook denies writes to one kind."""

    denied = ""

    def patch(self, ref: ObjectRef, patch: Any, *, subresource: str = "") -> dict[str, Any]:
        if ref.kind == self.denied and not ref.name.startswith("kmigrate-run"):
            raise RefusedError("admission webhook denied the request")
        return super().patch(ref, patch, subresource=subresource)


def job(cluster: Refusing) -> Job:
    options = making.options(["sklearn=r/s:t"], "", Options(repin=True))
    made = making.plan(cluster, "kserve", options)
    waves = made.waves(Direction.APPLY)
    return Job(
        made, Direction.APPLY, waves, None, [], check=lambda: Compared(()), prove=lambda _: []
    )


def test_a_run_that_wrote_nothing_is_not_left_unfinished() -> None:
    cluster = Refusing(base=load(BEFORE))
    cluster.denied = "ConfigMap"
    with pytest.raises(RefusedError):
        carry_out(cluster, job(cluster), CONTROL, Console())
    (run,) = record.runs(cluster, "kserve")
    assert run.state == "rolled back"


def test_a_run_that_wrote_something_is_left_to_go_on_with() -> None:
    cluster = Refusing(base=load(BEFORE))
    cluster.denied = "InferenceService"
    with pytest.raises(MixedStateError) as caught:
        carry_out(cluster, job(cluster), CONTROL, Console())
    assert "stopped after 1 write" in caught.value.message
    assert "admission webhook denied" in caught.value.message
    assert "kmigrate rollback" in caught.value.hint
    (run,) = record.runs(cluster, "kserve")
    assert run.state == "unfinished apply"


def test_the_end_is_proven_by_what_held_at_the_last_comparison() -> None:
    """A service that the plan does not move may have got another image since the plan."""
    cluster = Refusing(base=load(BEFORE))
    planned = job(cluster)
    (first, *_), proven = planned.plan.forecast, list[Forecast]()

    def prove(rows: Sequence[Forecast]) -> list[Result]:
        proven.extend(rows)
        return []

    now = replace(planned, check=lambda: Compared([first]), prove=prove)
    carry_out(cluster, now, CONTROL, Console())
    assert proven == [first]


class Acting(Refusing):
    """A cluster whose controllers could act, but do not."""

    controllers_act = True


def test_what_kserve_says_of_a_service_that_is_awaited_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cluster = Acting(base=load(BEFORE))
    service = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "iris", "fraud")
    info = {"reason": "RuntimeDisabled", "message": "Specified runtime is disabled"}
    status = {"modelStatus": {"transitionStatus": "InvalidSpec", "lastFailureInfo": info}}
    cluster.patch(service, {"status": status}, subresource="status")
    wanted = Holds(service, "/spec/never", "there", service)
    planned = replace(job(cluster), waves=[Wave((), (Wake(service),), (wanted,))])
    with pytest.raises(MixedStateError, match="waited 3 s"):
        carry_out(cluster, planned, replace(CONTROL, timeout=3), Console())
    assert "! InferenceService fraud/iris: InvalidSpec: RuntimeDisabled" in capsys.readouterr().err


class Watched(Refusing):
    """Remembers which threads wrote."""

    def patch(self, ref: ObjectRef, patch: Any, *, subresource: str = "") -> dict[str, Any]:
        if ref.kind == "InferenceService":
            self.by.add(current_thread())
        return super().patch(ref, patch, subresource=subresource)

    by: set[Thread]


@pytest.mark.parametrize("parallelism", [1, 8])
def test_as_many_threads_write_as_are_asked_for(parallelism: int) -> None:
    cluster = Watched(base=load(BEFORE))
    cluster.by = set()
    carry_out(cluster, job(cluster), replace(CONTROL, parallelism=parallelism), Console())
    assert (cluster.by == {main_thread()}) == (parallelism == 1)


@pytest.mark.parametrize(
    ("parallelism", "qps", "workers"), [(1, 0, 1), (16, 0, 16), (16, 5, 5), (4, 50, 4)]
)
def test_no_more_threads_than_requests_in_a_second(
    parallelism: int, qps: int, workers: int
) -> None:
    """Each would only wait, between the look at the Lease and its write."""
    assert replace(CONTROL, parallelism=parallelism, qps=qps).workers == workers


@pytest.mark.parametrize("verb", [("apply", "--set", "sklearn=r/s:t"), ("rollback",)])
def test_the_requests_in_a_second_are_those_asked_for(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    verb: tuple[str, ...],
) -> None:
    asked = list[int]()

    def pace(qps: int) -> Pace:
        asked.append(qps)
        return Pace(qps)

    monkeypatch.setattr("migrate.cluster.kube.Pace", pace)
    with scripted((403, {})) as server:
        flags = ("--kubeconfig", server.kubeconfig(tmp_path), "--qps", "7")
        assert run(capsys, *verb, *flags)[0] == Exit.DENIED
    assert asked == [7]


class Interrupted(Refusing):
    """Ctrl-C is pressed while a service is written, by whatever thread; nothing is awaited."""

    controllers_act = True

    def patch(self, ref: ObjectRef, patch: Any, *, subresource: str = "") -> dict[str, Any]:
        if ref.kind == "InferenceService":
            os.kill(os.getpid(), signal.SIGINT)
        return super().patch(ref, patch, subresource=subresource)


@pytest.mark.parametrize("parallelism", [1, 8])
def test_ctrl_c_ends_a_run_after_what_is_under_way(
    monkeypatch: pytest.MonkeyPatch, parallelism: int
) -> None:
    ended = list[int]()
    monkeypatch.setattr("os._exit", ended.append)  # what a second one does
    cluster = Interrupted(base=load(BEFORE))
    with pytest.raises(InterruptError, match="stopped by Ctrl-C") as caught:
        carry_out(cluster, job(cluster), replace(CONTROL, parallelism=parallelism), Console())
    assert caught.value.code == Exit.INTERRUPTED
    assert "kmigrate apply goes on" in caught.value.hint
    (run,) = record.runs(cluster, "kserve")
    assert run.state == "unfinished apply"
    lease = cluster.get(ObjectRef("coordination.k8s.io/v1", "Lease", "kmigrate", "kserve"))
    assert lease["spec"]["holderIdentity"] == ""


class InterruptedCopy(Interrupted):
    """The same in a dry run."""

    controllers_act = False


def test_a_dry_run_that_is_stopped_leaves_nothing_to_go_on_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = list[int]()
    monkeypatch.setattr("os._exit", ended.append)
    cluster = InterruptedCopy(base=load(BEFORE))
    with pytest.raises(InterruptError) as caught:
        carry_out(cluster, job(cluster), CONTROL, Console())
    assert caught.value.hint == "the same command again"


@pytest.mark.parametrize(
    ("number", "by"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "a signal")]
)
def test_who_stopped_it_is_told_on_a_line_of_its_own(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals, by: str
) -> None:
    said = list[bytes]()
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("os.write", lambda _, data: said.append(data))
    with stoppable() as stop:
        handle = signal.getsignal(number)
        assert callable(handle)
        handle(number, None)
        with pytest.raises(InterruptError, match=f"stopped by {by}"):
            stop.wait(0)
    [line] = [data for data in said if b"stopping" in data]
    assert line.startswith(b"\r\x1b[Kstopping")
