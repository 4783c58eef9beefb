"""`apply --rollback-on-failure`: taken back at once, told with the cause, its own exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.snapshot import load
from migrate.commands.target import Target
from migrate.errors import Exit, InterruptError, LockedError, RefusedError
from migrate.execute import record
from migrate.objects import Manifest, ObjectRef
from tests.commands.snapshots import BEFORE, run

CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
APPLY = ("apply", "--yes", "--set", "sklearn=r/s:t", "--repin")
FLAG = "--rollback-on-failure"
DENIED = "admission webhook denied the request"


class Scripted(MemoryCluster):
    """A copy of the snapshot; ``before`` is called with each object that a run patches."""

    before: Callable[[ObjectRef], None] = staticmethod(lambda _: None)

    def patch(self, ref: ObjectRef, patch: Any, *, subresource: str = "") -> Manifest:
        if not ref.name.startswith("kmigrate"):
            self.before(ref)
        return super().patch(ref, patch, subresource=subresource)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    found = Scripted(base=load(BEFORE))
    monkeypatch.setattr(Target, "open", lambda *_: found)
    return found


def failing(cluster: Scripted, error: Exception, *kinds: str) -> None:
    """Meet the first write to one of these kinds, and all later ones, with an error."""

    def before(ref: ObjectRef) -> None:
        if ref.kind in kinds:
            raise error

    cluster.before = before


def state(cluster: Scripted) -> str:
    (found,) = record.runs(cluster, "kserve")
    return found.state


def predictors(cluster: Scripted) -> str:
    return str(cluster.get(CONFIG)["data"]["predictors"])


def test_a_run_that_fails_is_taken_back_and_the_cause_is_told_first(
    cluster: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    before = predictors(cluster)
    failing(cluster, RefusedError(DENIED), "InferenceService")
    code, out, said = run(capsys, *APPLY, FLAG)
    assert code == 3, said
    assert predictors(cluster) == before
    assert state(cluster) == "rolled back"
    order = [DENIED, FLAG, "rollback finished", "the apply failed, as told above"]
    places = [said.index(words) for words in order]
    assert places == sorted(places), said
    assert "error: stopped after 1 write" in said
    assert "NOT OK" not in out


def test_without_the_flag_it_is_left_where_it_stopped(
    cluster: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(cluster, RefusedError(DENIED), "InferenceService")
    code, _, said = run(capsys, *APPLY)
    assert (code, state(cluster)) == (Exit.MIXED, "unfinished apply"), said
    assert run(capsys, "apply", "--yes", FLAG)[0] == Exit.ROLLED_BACK
    assert state(cluster) == "rolled back"


def test_a_rollback_that_fails_does_not_hide_why_the_apply_did(
    cluster: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    writes = []

    def before(ref: ObjectRef) -> None:
        writes.append(ref)
        if ref.kind == "InferenceService":
            raise RefusedError(DENIED)
        if len(writes) > 1:
            raise RefusedError("quota exceeded")

    cluster.before = before
    code, _, said = run(capsys, *APPLY, FLAG)
    assert code == Exit.MIXED
    assert said.index(DENIED) < said.index("quota exceeded")
    assert "so did its rollback" in said
    assert said.rstrip().splitlines()[-1].startswith("next: kmigrate ")
    assert state(cluster) == "unfinished rollback"


def test_where_nothing_fails_nothing_is_taken_back(
    cluster: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    before = predictors(cluster)
    assert run(capsys, *APPLY, FLAG)[0] == Exit.OK
    assert state(cluster) == "applied"
    assert predictors(cluster) != before


def test_where_nothing_was_written_the_error_is_the_whole_story(
    cluster: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(cluster, RefusedError(DENIED), "ConfigMap")
    code, _, said = run(capsys, *APPLY, FLAG)
    assert code == Exit.BLOCKED
    assert FLAG not in said


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InterruptError(Exit.INTERRUPTED, "stopped by a signal"), Exit.INTERRUPTED),
        (LockedError("the Lease was lost"), Exit.MIXED),
    ],
)
def test_a_signal_and_a_lost_lease_take_nothing_back(
    cluster: Scripted, capsys: pytest.CaptureFixture[str], error: Exception, code: Exit
) -> None:
    failing(cluster, error, "InferenceService")
    assert run(capsys, *APPLY, FLAG)[0] == code
    assert state(cluster) == "unfinished apply"


def test_a_signal_during_the_way_back_keeps_its_own_exit_code(
    cluster: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    writes = []

    def before(ref: ObjectRef) -> None:
        writes.append(ref)
        if ref.kind == "InferenceService":
            raise RefusedError(DENIED)
        if len(writes) > 1:
            raise InterruptError(Exit.INTERRUPTED, "stopped by a signal")

    cluster.before = before
    assert run(capsys, *APPLY, FLAG)[0] == Exit.INTERRUPTED
    assert state(cluster) == "unfinished rollback"


def test_what_others_changed_meanwhile_makes_it_no_proven_rollback(
    cluster: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    def before(ref: ObjectRef) -> None:
        if ref.kind == "InferenceService":
            text = predictors(cluster).replace('"r/s"', '"somebody/s"')
            MemoryCluster.patch(cluster, CONFIG, {"data": {"predictors": text}})
            raise RefusedError(DENIED)

    cluster.before = before
    code, _, said = run(capsys, *APPLY, FLAG)
    assert code == Exit.MIXED
    assert "kept" in said
    assert state(cluster) == "rolled back in part"


def test_an_end_that_cannot_be_proven_is_a_failure_too(
    cluster: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    before = predictors(cluster)

    def undo(ref: ObjectRef) -> None:
        if ref.kind == "InferenceService":
            MemoryCluster.patch(cluster, CONFIG, {"data": {"predictors": before}})

    cluster.before = undo
    code, out, said = run(capsys, *APPLY, FLAG, "-o", "json")
    assert code == Exit.ROLLED_BACK, said
    assert said.index("the end was not reached") < said.index("rollback finished")
    document = json.loads(out)
    assert (document["direction"], document["whole"]) == ("rollback", True)
