"""Carrying a plan out, where the first write is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.snapshot import load
from migrate.commands import making
from migrate.commands.carry import Control, Job, carry_out
from migrate.commands.comparing import Compared
from migrate.errors import MixedStateError, RefusedError
from migrate.execute import record
from migrate.objects import ObjectRef
from migrate.operations.model import Direction, Holds, Wake, Wave
from migrate.planning.desired import Options
from migrate.planning.plan import Forecast
from migrate.planning.proof import Result
from migrate.report.console import Console

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
