"""Services converted with the real engine, on a cluster in memory that has a webhook."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from migrate.commands.conversions import with_answers
from migrate.commands.reading import read_snapshot
from migrate.errors import ForbiddenError, RefusedError, StaleError
from migrate.objects import Manifest
from tests.commands.admitting import (
    IRIS,
    SKLEARN,
    Admitting,
    codes,
    forms,
    objects,
    planned,
    two,
)
from tests.commands.moving import apply, runtimes
from tests.commands.snapshots import run


def test_asking_stores_nothing_and_what_was_predicted_is_no_finding() -> None:
    found = two()
    before = found.get(IRIS)
    made = planned(found)
    assert not {"KM243", "KM244"} & codes(made).keys()
    assert found.get(IRIS) == before


def test_what_the_webhook_does_beside_is_named_and_blocks() -> None:
    found = two()
    found.beside = {"runtime": "another", "env": [{"name": "A", "value": "b"}]}
    made = planned(found)
    assert sorted(codes(made)["KM244"]) == ["far", "iris"]
    [told] = [f for f in made.findings if f.code == "KM244"]
    assert "/spec/predictor/model/env, /spec/predictor/model/runtime" in told.text
    assert told.blocks
    accepted = planned(found, accept=("KM244",))
    assert not accepted.blocking
    assert apply(found, accepted).whole


def test_a_webhook_that_changed_since_the_plan_stops_it_before_the_first_write() -> None:
    found = two()
    made = planned(found)
    found.beside = {"runtime": "another"}
    with pytest.raises(StaleError, match="KM244"):
        apply(found, made)
    assert (forms(found), runtimes(found)) == ({"far": "sklearn", "iris": "sklearn"}, [])


class Refusing(Admitting):
    error: Exception

    def would_patch(self, *_: object) -> Manifest | None:
        raise self.error


def test_a_refusal_of_the_webhook_has_its_words() -> None:
    found = Refusing(objects(sklearn_v1=SKLEARN))
    found.error = RefusedError("the webhook does not like it")
    [told] = [f for f in planned(found).findings if f.code == "KM244"]
    assert "the webhook does not like it" in told.text


def test_without_the_permission_nobody_is_asked() -> None:
    found = Refusing(objects(sklearn_v1=SKLEARN))
    found.error = ForbiddenError("cannot patch")
    made = planned(found)
    assert codes(made)["KM243"] == ["iris"]
    assert not made.blocking


def test_files_are_asked_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(yaml.safe_dump_all(objects(sklearn_v1=SKLEARN)), encoding="utf-8")
    asked = ("plan", "--to-runtimes", "--convert", "--snapshot", str(path))
    code, out, err = run(capsys, *asked)
    assert code == 0, err
    assert "KM243" in out
    assert "1 conversion;" in out.replace("\n", " ")


def test_explain_tells_what_a_converted_service_gets_and_keeps_after_a_rollback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, saved = tmp_path / "all.yaml", tmp_path / "plan.json"
    path.write_text(yaml.safe_dump_all(objects(sklearn_v1=SKLEARN)), encoding="utf-8")
    where = ("--snapshot", str(path))
    run(capsys, "plan", "--to-runtimes", "--convert", "--out", str(saved), *where)
    code, out, err = run(capsys, "explain", "team/iris", "--with", str(saved), "-o", "json", *where)
    assert code == 0, err
    told = json.loads(out)
    assert told["afterPlan"]["container"]["image"] == f"{SKLEARN}:v0.7.0"
    assert "team" in str(told["afterPlan"]["runtime"])
    assert told["afterRollback"] == told["afterPlan"]


def test_what_is_written_for_git_says_how_to_convert(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, folder = tmp_path / "all.yaml", tmp_path / "git"
    path.write_text(yaml.safe_dump_all(objects(sklearn_v1=SKLEARN)), encoding="utf-8")
    asked = ("plan", "--to-runtimes", "--convert", "--snapshot", str(path), "--render", str(folder))
    code, _, err = run(capsys, *asked)
    assert code == 0, err
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "$ kubectl patch inferenceservice --type=merge --patch={} iris -n team" in text
    assert "Leave the ServingRuntimes there" in text


def test_it_does_not_go_with_pins(capsys: pytest.CaptureFixture[str]) -> None:
    both = ("--convert", "--to-runtimes", "--scope", "service")
    code, _, err = run(capsys, "plan", *both, "--snapshot", "nowhere")
    assert code == 64
    assert "--convert does not go with --scope service" in err
    assert "next: kmigrate apply --to-runtimes --convert" in err


def test_it_means_nothing_in_place(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "plan", "--convert", "--snapshot", "nowhere")
    assert code == 64
    assert "--convert: only with --to-runtimes" in err


def test_a_plan_that_converts_nobody_asks_nothing() -> None:
    found = Refusing(objects(sklearn_v1=SKLEARN))
    found.error = AssertionError("asked")
    made = planned(found, convert=False)
    assert with_answers(found, made, read_snapshot(found, "kserve", "")) is made
