"""`rollback --force-field`: what others changed goes back where a person names it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.snapshot import load
from migrate.errors import Exit
from migrate.objects import Manifest, ObjectRef
from migrate.planning.strategy import Scope
from tests.commands.moving import NEW, apply, cluster, everything, objects, planned, runtimes
from tests.commands.test_scope_service import Killed, Mortal, runtime_of, service
from tests.commands.verbs import Verbs
from tests.planning.copies import SKLEARN

BEFORE = Path(__file__).parents[2] / "fixtures" / "demo" / "before"
CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
ENTRY = "ConfigMap/kserve/inferenceservice-config:/data/predictors/sklearn/v1"
COPY = ObjectRef("serving.kserve.io/v1alpha1", "ServingRuntime", SKLEARN, "team")
FAR = ObjectRef("serving.kserve.io/v1alpha1", "ServingRuntime", SKLEARN, "other")
NAME = f"ServingRuntime/team/{SKLEARN}"
EDITED = {
    "manager": "kubectl-edit",
    "operation": "Update",
    "time": "2026-08-20T15:58:20Z",
    "fieldsV1": {"f:data": {"f:predictors": {}}, "f:spec": {"f:containers": {}}},
}
ENV = [{"name": "THREADS", "value": "4"}, {"name": "API_TOKEN", "value": "hunter2-hunter2"}]


def by_somebody(found: MemoryCluster, ref: ObjectRef, **fields: Any) -> None:
    """Write the fields as kubectl edit does."""
    found.patch(ref, {**fields, "metadata": {"managedFields": [EDITED]}})


def predictors(found: MemoryCluster) -> str:
    return str(found.get(CONFIG)["data"]["predictors"])


def put(found: MemoryCluster, image: str) -> None:
    """Somebody puts another image in the place of the run's, in the ConfigMap."""
    text = re.sub(r"registry\.example\.com/ml/sklearnserver", image, predictors(found))
    by_somebody(found, CONFIG, data={"predictors": text})


def edited_copy(found: MemoryCluster, ref: ObjectRef = COPY) -> None:
    container = found.get(ref)["spec"]["containers"][0]
    by_somebody(found, ref, spec={"containers": [{**container, "env": ENV}]})


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


def status_of(verbs: Verbs) -> Manifest:
    code, out, _ = verbs("status", "-o", "json")
    assert code == Exit.OK
    found: Manifest = json.loads(out)["run"]
    return found


def test_the_preview_of_a_rollback_gives_the_argument_that_takes_an_edit_back(
    in_place: Verbs,
) -> None:
    code, _, said = in_place("rollback", "-y")
    assert code == Exit.MIXED
    told = " ".join(said.split())
    assert 'stays "registry.example.com/theirs/sk", last written by kubectl-edit (Update' in told
    assert f"to take it back as well: --force-field {ENTRY}" in told
    [*_, last] = status_of(in_place)["later"]
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
