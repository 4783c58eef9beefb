"""The number of a wave in the journal means the same objects to who wrote it and to `status`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.snapshot import load
from migrate.commands.back import prepared
from migrate.commands.runs import plan_of
from migrate.execute import record
from migrate.operations.model import Direction, Wave
from migrate.planning.back.begun import begun
from migrate.planning.model.desired import Activate
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Scope
from tests.commands.editing import FAR
from tests.commands.moving import NEW, apply, cluster, planned
from tests.commands.verbs import Verbs

BEFORE = Path(__file__).parents[2] / "fixtures" / "demo" / "before"
WISHES: list[dict[str, Any]] = [
    {},
    {"activate": Activate.NONE},
    {"activate": Activate.RESTART},
    {"scope": Scope.SERVICE},
]


def same(plan: Plan, direction: Direction, waves: Sequence[Wave], *spans: tuple[int, int]) -> int:
    """Compare wave by wave; return how many waves write."""
    writing = [at for at, wave in enumerate(waves) if wave.operations]
    for at in writing:
        sent = {operation.target for wave in waves[: at + 1] for operation in wave.operations}
        assert frozenset().union(*begun(plan, direction, at, spans)) == sent
    return len(writing)


def rolled_back(found: MemoryCluster, *namespaces: str) -> tuple[Plan, int]:
    """Plan the way back, compare, and return the recorded plan and the number of writing waves."""
    known = record.runs(found, "kserve")
    job, _ = prepared(found, known, known[-1], "", namespaces=namespaces)
    recorded = plan_of(found, known[-1])
    return recorded, same(recorded, job.direction, job.waves, *job.left_out)


@pytest.mark.parametrize("size", [1, 10])
@pytest.mark.parametrize("sets", [(), (NEW,)])
@pytest.mark.parametrize("wishes", WISHES)
def test_of_runtimes_there_and_back_whole_and_in_part(
    wishes: dict[str, Any], sets: tuple[str, ...], size: int
) -> None:
    found = cluster("0.16.0")
    made = planned(found, *sets, wave_size=size, **wishes)
    apply(found, made)
    assert same(made, Direction.APPLY, made.waves(Direction.APPLY))
    for part in ((), ("team",), ("other",)):
        assert rolled_back(found, *part)[1]


def test_of_a_rollback_that_keeps_what_somebody_changed() -> None:
    found = cluster("0.16.0")
    apply(found, planned(found, NEW))
    found.patch(FAR, {"metadata": {"labels": {"kmigrate.dev/run": "theirs"}}})
    plan, waves = rolled_back(found)
    assert waves == len([w for w in plan.waves(Direction.ROLLBACK) if w.operations]) - 1


@pytest.mark.parametrize("activate", ["restart", "each", "none"])
def test_of_a_run_in_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], activate: str
) -> None:
    verbs = Verbs(MemoryCluster(base=load(BEFORE)), monkeypatch, capsys)
    new = "sklearn=registry.example.com/ml/sklearnserver:v0.7.0"
    code, _, said = verbs("apply", "--set", new, f"--activate={activate}", "-y")
    assert code == 0, said
    plan, _ = rolled_back(verbs.cluster)
    assert same(plan, Direction.APPLY, plan.waves(Direction.APPLY))
