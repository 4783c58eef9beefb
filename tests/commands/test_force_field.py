"""`rollback --force-field`: what others changed goes back where a person names it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.snapshot import load
from migrate.errors import Exit
from migrate.objects import ObjectRef
from migrate.planning.model.strategy import Scope
from tests.commands.editing import (
    CONFIG,
    COPY,
    ENTRY,
    ENV,
    FAR,
    NAME,
    by_somebody,
    edited_copy,
    predictors,
    put,
    status_of,
)
from tests.commands.moving import NEW, apply, cluster, everything, planned, runtimes
from tests.commands.test_scope_service import runtime_of, service
from tests.commands.verbs import Verbs
from tests.planning.copies import SKLEARN

BEFORE = Path(__file__).parents[2] / "fixtures" / "demo" / "before"


@pytest.fixture
def in_place(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verbs:
    """A run in `predictors`, with pins moved, whose entry somebody edited since."""
    verbs = Verbs(MemoryCluster(base=load(BEFORE)), monkeypatch, capsys)
    new = "sklearn=registry.example.com/ml/sklearnserver:v0.7.0"
    assert verbs("apply", "--set", new, "-y")[0] == Exit.OK
    put(verbs.cluster, "registry.example.com/theirs/sk")
    return verbs


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verbs:
    """A run of --to-runtimes, one of whose copies somebody edited since."""
    verbs = Verbs(cluster(), monkeypatch, capsys)
    assert verbs("apply", "--to-runtimes", "--set", NEW, "-y")[0] == Exit.OK
    edited_copy(verbs.cluster)
    return verbs


def test_the_preview_of_a_rollback_gives_the_argument_that_takes_an_edit_back(
    in_place: Verbs,
) -> None:
    code, _, said = in_place("rollback", "-y")
    assert code == Exit.MIXED
    told = " ".join(said.split())
    assert 'stays "registry.example.com/theirs/sk", last written by kubectl-edit (Update' in told
    assert f"to take it back as well: --force-field {ENTRY}" in told
    run = status_of(in_place)
    assert (len(run["services"]) > 0, run["limit"]) == (True, "")
    [*_, last] = run["later"]
    assert last["argument"] == ENTRY
    before = predictors(MemoryCluster(base=load(BEFORE)))
    assert predictors(in_place.cluster) != before
    assert in_place("rollback", "-y", "--force-field", last["argument"])[0] == Exit.OK
    assert predictors(in_place.cluster) == before


def test_who_set_what_is_lost_is_shown_before_and_kept_after(in_place: Verbs) -> None:
    _, _, said = in_place("rollback", "--dry-run=client", "--force-field", ENTRY)
    assert (
        "KM305: forced: /data/predictors /sklearn/v1/image goes from "
        '"registry.example.com/theirs/sk", last written by kubectl-edit '
        '(Update, 2026-08-20T15:58:20Z) to "kserve/sklearnserver"'
    ) in " ".join(said.split())
    assert status_of(in_place)["overwritten"] == []
    assert in_place("rollback", "-y", "--force-field", ENTRY)[0] == Exit.OK
    [kept] = status_of(in_place)["overwritten"]
    assert kept == {
        "object": "ConfigMap kserve/inferenceservice-config",
        "field": "/data/predictors /sklearn/v1/image",
        "found": '"registry.example.com/theirs/sk"',
        "former": '"kserve/sklearnserver"',
        "writer": "kubectl-edit (Update, 2026-08-20T15:58:20Z)",
    }
    assert 'was "registry.example.com/theirs/sk"' in " ".join(in_place("status")[1].split())


@pytest.mark.parametrize(
    "text",
    [ENTRY, ENTRY.rpartition("/")[0], ENTRY.partition(":")[0], "*", "ConfigMap/*:*/sklearn/*"],
)
def test_an_argument_is_a_name_its_beginning_or_a_pattern(in_place: Verbs, text: str) -> None:
    assert in_place("rollback", "-y", "--force-field", text)[0] == Exit.OK
    assert "theirs" not in predictors(in_place.cluster)


@pytest.mark.parametrize(
    "text",
    [
        f"{ENTRY}/image",
        ENTRY[:-1],
        "ConfigMap/kserve/inferenceservice-config:/data/ingress",
        "/data/predictors",
        "",
    ],
)
def test_what_names_no_field_of_the_run_is_refused_with_those_there_are(
    in_place: Verbs, text: str
) -> None:
    before = predictors(in_place.cluster)
    code, out, said = in_place("rollback", "-y", "--force-field", text)
    assert (code, out) == (Exit.USAGE, "")
    assert f"  --force-field {ENTRY}\n" in said
    assert predictors(in_place.cluster) == before


def test_a_field_that_nobody_changed_may_be_named_too(in_place: Verbs) -> None:
    put(in_place.cluster, "never")
    text = predictors(in_place.cluster).replace(
        "registry.example.com/theirs/sk", "registry.example.com/ml/sklearnserver"
    )
    in_place.cluster.patch(CONFIG, {"data": {"predictors": text}})
    code, _, said = in_place("rollback", "-y", "--force-field", ENTRY)
    assert (code, "KM305" in said) == (Exit.OK, False)
    assert status_of(in_place)["overwritten"] == []


def test_a_text_that_is_no_json_any_more_cannot_be_forced(in_place: Verbs) -> None:
    by_somebody(in_place.cluster, CONFIG, data={"predictors": "{broken"})
    code, _, said = in_place("rollback", "-y", "--force-field", ENTRY)
    assert (code, "cannot be set back now" in said) == (Exit.USAGE, True)
    assert predictors(in_place.cluster) == "{broken"


def test_a_copy_that_somebody_edited_is_deleted_and_stays_in_the_record(moved: Verbs) -> None:
    theirs = moved.cluster.get(COPY)
    code, _, said = moved("rollback", "-y", "--force-field", NAME)
    told = " ".join(said.split())
    assert code == Exit.OK
    assert "somebody changed in it, last written by kubectl-edit (Update, 2026-08" in told
    assert '/spec/containers/0/env/0/value (none) -> "4"' in told
    assert "hunter2" not in said
    assert everything(moved.cluster) == everything(cluster())
    [kept] = status_of(moved)["overwritten"]
    assert (kept["object"], kept["field"]) == (f"ServingRuntime team/{SKLEARN}", "")
    assert kept["found"]["metadata"]["labels"] == theirs["metadata"]["labels"]
    assert kept["found"]["spec"]["containers"][0]["env"][0] == ENV[0]
    assert "hunter2" not in json.dumps(kept)


def test_a_copy_that_would_take_others_is_named_with_its_argument(moved: Verbs) -> None:
    """With 0.15 the copy of sklearnserver takes protocol v2, once that of mlserver has gone."""
    code, _, said = moved("rollback", "-y")
    assert code == Exit.BLOCKED
    assert f"--force-field {NAME}" in said
    assert len(runtimes(moved.cluster)) == 3


def test_of_one_namespace_no_other_is_forced(moved: Verbs) -> None:
    edited_copy(moved.cluster, FAR)
    far = f"ServingRuntime/other/{SKLEARN}"
    code, _, said = moved("rollback", "-y", "-n", "team", "--force-field", far)
    assert (code, NAME in said) == (Exit.USAGE, True)
    assert moved("rollback", "-y", "-n", "team", "--force-field", NAME)[0] == Exit.OK
    assert runtimes(moved.cluster) == [f"other/{SKLEARN}"]
    assert moved("rollback", "-y", "--force-field", "ServingRuntime/*")[0] == Exit.OK
    assert runtimes(moved.cluster) == []
    names = [kept["object"] for kept in status_of(moved)["overwritten"]]
    assert names == [f"ServingRuntime team/{SKLEARN}", f"ServingRuntime other/{SKLEARN}"]


def test_a_pin_that_somebody_moved_goes_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cluster()
    before = everything(found)
    apply(found, planned(found, NEW, scope=Scope.SERVICE))
    verbs, name = Verbs(found, monkeypatch, capsys), runtime_of(found, "rows")
    model = {"model": {"runtime": "kserve-mlserver"}}
    by_somebody(found, service("rows"), spec={"predictor": model})
    [later] = status_of(verbs)["later"]
    assert later["argument"] == "InferenceService/team/rows:/spec/predictor/model/runtime"
    assert verbs("rollback", "-y")[0] == Exit.MIXED
    assert (runtime_of(found, "rows"), name != SKLEARN) == ("kserve-mlserver", True)
    assert verbs("rollback", "-y", "--force-field", later["argument"])[0] == Exit.OK
    found.patch(service("rows"), {"metadata": {"managedFields": None}})
    assert everything(found) == before


def test_a_copy_that_somebody_names_stays_though_it_is_forced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not written over is neither told to be so nor recorded."""
    found = cluster()
    apply(found, planned(found, NEW, scope=Scope.SERVICE))
    verbs, name = Verbs(found, monkeypatch, capsys), runtime_of(found, "iris")
    found.patch(service("both"), {"spec": {"predictor": {"model": {"runtime": name}}}})
    edited_copy(found, ObjectRef(COPY.api_version, COPY.kind, str(name), "team"))
    code, _, said = verbs("rollback", "-y", "--force-field", f"ServingRuntime/team/{name}")
    assert (code, "KM305" in said) == (Exit.MIXED, False)
    assert f"team/{name}" in runtimes(found)
    assert status_of(verbs)["overwritten"] == []


def test_what_is_edited_after_a_whole_rollback_is_no_matter_of_the_run(in_place: Verbs) -> None:
    assert in_place("rollback", "-y", "--force-field", ENTRY)[0] == Exit.OK
    text = predictors(in_place.cluster).replace('"kserve/sklearnserver"', '"theirs/sk"')
    by_somebody(in_place.cluster, CONFIG, data={"predictors": text})
    assert (status_of(in_place)["later"], "theirs" in text) == ([], True)


def test_a_record_that_lost_what_was_overwritten_says_so_and_keeps_from_nothing(
    in_place: Verbs,
) -> None:
    assert in_place("rollback", "-y", "--force-field", ENTRY)[0] == Exit.OK
    found = in_place.cluster
    every = (one["metadata"] for one in found.list("v1", "ConfigMap", dict))
    [meta] = [one for one in every if "-overwritten-" in one["name"]]
    lost = ObjectRef("v1", "ConfigMap", meta["name"], "kserve")
    found.delete(lost, uid=meta["uid"], resource_version=meta["resourceVersion"])
    code, out, said = in_place("status")
    assert (code, "rolled back" in out) == (Exit.OK, True)
    assert f"{meta['name']} is missing" in said
