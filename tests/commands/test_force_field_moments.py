"""`rollback --force-field` while others write, and after it was stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.snapshot import load
from migrate.errors import Exit
from migrate.execute import record
from migrate.execute.run import Entry
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Direction
from migrate.operations.overwritten import stripped
from tests.commands.editing import (
    CONFIG,
    COPY,
    ENTRY,
    FAR,
    NAME,
    edited_copy,
    predictors,
    put,
    status_of,
)
from tests.commands.moving import NEW, apply, cluster, everything, objects, planned, runtimes
from tests.commands.upgrading import Killed, Mortal
from tests.commands.verbs import Verbs
from tests.planning.copies import SKLEARN

BEFORE = Path(__file__).parents[2] / "fixtures" / "demo" / "before"


class Meddled(MemoryCluster):
    """A cluster in which somebody writes right before the first write to an object."""

    watched: ObjectRef | None = None

    def patch(self, ref: ObjectRef, patch: Any, *, subresource: str = "") -> Manifest:
        self._meddle(ref)
        return super().patch(ref, patch, subresource=subresource)

    def delete(self, ref: ObjectRef, *, uid: str, resource_version: str) -> None:
        self._meddle(ref)
        super().delete(ref, uid=uid, resource_version=resource_version)

    def _meddle(self, ref: ObjectRef) -> None:
        if ref == self.watched:
            self.watched = None
            if ref == CONFIG:
                put_again = predictors(self).replace("theirs/sk", "newest/sk")
                self.patch(CONFIG, {"data": {"predictors": put_again}})
            else:
                self.patch(ref, {"metadata": {"labels": {"newest": "yes"}}})


def test_a_value_that_comes_after_the_preview_is_not_written_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Meddled(base=load(BEFORE))
    verbs = Verbs(found, monkeypatch, capsys)
    new = "sklearn=registry.example.com/ml/sklearnserver:v0.7.0"
    assert verbs("apply", "--set", new, "-y")[0] == Exit.OK
    put(found, "registry.example.com/theirs/sk")
    found.watched = CONFIG
    code, _, said = verbs("rollback", "-y", "--force-field", ENTRY)
    assert (code, "somebody set" in said) == (Exit.MIXED, True)
    assert "registry.example.com/newest/sk" in predictors(found)


def test_a_copy_that_is_edited_after_the_preview_is_not_deleted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Meddled(objects("0.15.2"))
    verbs = Verbs(found, monkeypatch, capsys)
    assert verbs("apply", "--to-runtimes", "--set", NEW, "-y")[0] == Exit.OK
    edited_copy(found)
    found.watched = COPY
    code, _, said = verbs("rollback", "-y", "--force-field", NAME)
    assert (code, "it exists and differs" in said) == (Exit.STALE, True)
    assert found.get(COPY)["metadata"]["labels"]["newest"] == "yes"
    assert verbs("rollback", "-y", "--force-field", NAME)[0] == Exit.OK
    assert everything(found) == everything(cluster())


def mortal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verbs:
    """A run of two namespaces, whose copies of sklearnserver somebody edited."""
    found = Mortal(objects("0.15.2"))
    apply(found, planned(found, NEW))
    edited_copy(found)
    edited_copy(found, FAR)
    return Verbs(found, monkeypatch, capsys)


def killed(verbs: Verbs, at: int) -> bool:
    """Roll back, forcing all copies, and die before that write; tell whether it came to it."""
    assert isinstance(verbs.cluster, Mortal)
    verbs.cluster.left = at
    try:
        verbs("rollback", "-y", "--force-field", "ServingRuntime/*")
    except Killed:
        return True
    finally:
        verbs.cluster.left = 10**6
    return False


def as_wanted(found: MemoryCluster) -> list[Any]:
    """All objects without their status: nobody is there to put the mark of a wake right."""
    whole = [json.loads(text) for text in everything(found).values()]
    return [{**each, "status": None} for each in whole]


def test_stopped_before_any_write_it_goes_on_with_what_was_approved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    force, at = ("--force-field", "ServingRuntime/*"), 1
    while killed(verbs := mortal(monkeypatch, capsys), at):
        is_begun = "unfinished rollback" in verbs("status")[1]
        assert verbs("rollback", "-y", *(() if is_begun else force))[0] == Exit.OK, at
        assert as_wanted(verbs.cluster) == as_wanted(cluster()), at
        assert len(status_of(verbs)["overwritten"]) == 2, at
        at += 1
    assert at > 10


def test_what_comes_after_a_stop_was_not_approved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at, verbs = 1, mortal(monkeypatch, capsys)
    while killed(verbs, at) and f"team/{SKLEARN}" in runtimes(verbs.cluster):
        at, verbs = at + 1, mortal(monkeypatch, capsys)
    assert f"other/{SKLEARN}" in runtimes(verbs.cluster)
    verbs.cluster.patch(FAR, {"metadata": {"labels": {"newest": "yes"}}})
    assert verbs("rollback", "-y")[0] == Exit.MIXED
    assert runtimes(verbs.cluster) == [f"other/{SKLEARN}"]


def far_again(verbs: Verbs, theirs: Manifest) -> None:
    """The copy that somebody edited is deleted by force, and he puts the very same one there."""
    assert (
        verbs("rollback", "-y", "-n", "other", "--force-field", f"ServingRuntime/other/{SKLEARN}")[
            0
        ]
        == Exit.OK
    )
    assert f"other/{SKLEARN}" not in runtimes(verbs.cluster)
    verbs.cluster.create(theirs)


def test_what_was_forced_by_a_rollback_that_ended_is_not_approved_for_the_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at, is_begun = 0, False
    while not is_begun:
        at, found = at + 1, Mortal(objects("0.15.2"))
        apply(found, planned(found, NEW))
        edited_copy(found, FAR)
        verbs = Verbs(found, monkeypatch, capsys)
        far_again(verbs, stripped(found.get(FAR)))
        found.left = at
        with pytest.raises(Killed):
            verbs("rollback", "-y", "-n", "other")
        found.left = 10**6
        is_begun = "unfinished rollback" in verbs("status")[1]
    assert verbs("rollback", "-y", "-n", "other")[0] == Exit.MIXED
    assert f"other/{SKLEARN}" in runtimes(found)


def test_whoever_turned_back_to_the_apply_has_to_approve_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at, verbs = 1, mortal(monkeypatch, capsys)
    while killed(verbs, at) and "unfinished rollback" not in verbs("status")[1]:
        at, verbs = at + 1, mortal(monkeypatch, capsys)
    [run] = record.runs(verbs.cluster, "kserve")
    for direction in (Direction.APPLY, Direction.ROLLBACK):
        last = run.journal[-1]
        entry = Entry("started", direction, last.at, last.holder, last.fence)
        run = record.append(verbs.cluster, run, entry)
    assert verbs("rollback", "-y")[0] == Exit.BLOCKED
    assert len(runtimes(verbs.cluster)) == 3
