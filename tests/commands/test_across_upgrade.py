"""A run that is stopped, then an upgrade, then the same run on or back: both come to a good end."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from migrate.commands import making
from migrate.commands.across import judge
from migrate.commands.runs import plan_of
from migrate.errors import BlockedError
from migrate.execute import record
from migrate.objects import ObjectRef
from migrate.planning.model.desired import Options
from tests.commands import admitting
from tests.commands.moving import NEW, apply
from tests.commands.upgrading import (
    CONFIG,
    Killed,
    Mortal,
    begun,
    copies,
    gets,
    is_begun,
    run_release,
    stopped,
    upgrade,
)
from tests.commands.verbs import Verbs
from tests.planning.converting import SKLEARN, old

WAYS = [("0.8.0", "0.9.0"), ("0.9.0", "0.10.2"), ("0.15.2", "0.16.0"), ("0.16.0", "0.20.0")]
WISH = "sklearn=registry.example.com/ml/next:v0.7.0"
YES = ("--yes", "--timeout", "5")


def on(found: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verbs:
    return Verbs(found, monkeypatch, capsys)  # type: ignore[arg-type]


@pytest.mark.parametrize("sets", [(), (NEW,)], ids=["as it is", "another image"])
@pytest.mark.parametrize(("before", "after"), WAYS)
def test_wherever_it_was_stopped_it_goes_on_or_back_under_the_release_that_runs(
    before: str,
    after: str,
    sets: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole, made = stopped(before, 10**6, *sets)
    wanted = {row.service.name: row.after_plan for row in made.forecast if row.runtime_after_plan}
    goal, ends = copies(whole), 0
    for at in range(1, 40):
        if not is_begun(stopped(before, at, *sets)[0]):
            continue
        ends += 1
        there, back = stopped(before, at, *sets)[0], stopped(before, at, *sets)[0]
        upgrade(there, after)
        upgrade(back, after)
        code, _, said = on(there, monkeypatch, capsys)("apply", *YES)
        assert code == 0, said
        assert f" was begun under KServe {before}, and {after} runs now.\nIt is" in said
        assert (copies(there), gets(there)) == (goal, wanted), at
        code, _, said = on(back, monkeypatch, capsys)("rollback", *YES)
        assert code == 0, said
        assert "KM553" in said
        assert copies(back) == {}, at
    assert ends > 3


def test_status_says_under_which_release_it_was_begun(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = begun("0.9.0", 1)
    verbs = on(found, monkeypatch, capsys)
    assert "begun under" not in verbs("status")[1]
    upgrade(found, "0.10.2")
    assert "  begun under KServe 0.9.0, and 0.10.2 runs now\n" in verbs("status")[1]
    shown = json.loads(verbs("status", "-o", "json")[1])["run"]
    assert (shown["release"], shown["running"]) == ("0.9.0", "0.10.2")


def test_another_patch_release_is_no_other_release(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = begun("0.11.2", 1)
    run_release(found, "0.11.1")
    _, _, said = on(found, monkeypatch, capsys)("apply", *YES)
    assert "is unfinished; this goes on with its plan" in said
    assert "KM553" not in said


def test_who_would_get_another_image_than_planned_blocks_unless_accepted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = begun("0.15.2", 1)
    upgrade(found, "0.16.0")
    pinned = {"spec": {"predictor": {"model": {"runtimeVersion": "mine"}}}}
    rows = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "rows", "team")
    found.patch(rows, pinned)
    verbs = on(found, monkeypatch, capsys)
    code, _, said = verbs("apply", *YES)
    assert code == 7
    assert "KM554" in said
    assert "team/rows" in said.partition("KM554")[2]
    assert verbs("apply", "--accept", "KM554=team/iris", *YES)[0] == 7
    code, _, said = verbs("apply", "--accept", "KM554=team/rows", *YES)
    assert code == 0, said


def test_who_is_accepted_stands_for_nobody_who_comes_before_the_first_write() -> None:
    found = begun("0.15.2", 1)
    upgrade(found, "0.16.0")
    pinned = {"spec": {"predictor": {"model": {"runtimeVersion": "mine"}}}}
    rows, iris = (
        ObjectRef("serving.kserve.io/v1beta1", "InferenceService", name, "team")
        for name in ("rows", "iris")
    )
    found.patch(rows, pinned)
    (run,) = record.runs(found, "kserve")
    judged = judge(found, plan_of(found, run), run, "", ("KM554=team/rows",))
    assert not judged.plan.blocking
    judged.check()
    found.patch(iris, pinned)
    with pytest.raises(BlockedError, match="KM554 came meanwhile"):
        judged.check()


def in_place() -> tuple[Mortal, str]:
    """A run that was killed when it had edited `predictors`, and the text of before."""
    for at in range(1, 20):
        found = Mortal(admitting.objects(old("iris"), sklearn_v1=SKLEARN))
        before = found.get(CONFIG)["data"]["predictors"]
        made = making.plan(found, "kserve", making.options((WISH,), "", Options()))
        found.left = at
        with suppress(Killed):
            apply(found, made)
        found.left = 10**6
        if is_begun(found) and found.get(CONFIG)["data"]["predictors"] != before:
            return found, before
    raise AssertionError


def test_predictors_that_are_not_read_any_more_are_refused_and_taken_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found, text = in_place()
    run_release(found, "0.10.2")
    verbs = on(found, monkeypatch, capsys)
    code, _, said = verbs("apply", *YES)
    assert code == 7, said
    assert "KServe 0.10 does not read predictors" in said
    assert "kmigrate rollback" in said
    code, _, said = verbs("rollback", *YES)
    assert code == 0, said
    assert "KM556" in said
    assert found.get(CONFIG)["data"]["predictors"] == text
