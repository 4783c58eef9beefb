"""kmigrate check --target, as it is typed: the steps of an upgrade in every form."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from docs.schemas import schemas
from tests.commands.snapshots import BEFORE, check, edited, run

COPIES = BEFORE.parents[1] / "copies"
EXAMPLE = re.compile(
    r"```console\n\$ kmigrate (check --snapshot [^\n]*)\n(KServe .*?)```", re.DOTALL
)
SERVICES = ["fraud/iris", "fraud/prices", "pricing/churn", "pricing/vision"]


def asked(
    capsys: pytest.CaptureFixture[str], *arguments: str, world: Path = BEFORE, code: int = 7
) -> str:
    found, out, error = run(capsys, "check", "--snapshot", str(world), *arguments)
    assert (found, error) == (code, "")
    return out


def document(capsys: pytest.CaptureFixture[str], *arguments: str, **more: Any) -> Any:
    return json.loads(asked(capsys, *arguments, "-o", "json", **more))


def names(steps: Any) -> list[str]:
    return [f"{step['origin']} to {step['target']}" for step in steps]


def test_steps_without_anything_to_tell_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    out = asked(capsys, "--target", "0.20.0", world=COPIES).splitlines()
    assert out[0].startswith("KServe 0.15.2 to 0.20.0, by the released manifests: ")
    quiet = "0.17.1 to 0.20.0: nothing changes"
    assert out.index(quiet) < out.index("Under 0.20.0, beside that:")
    assert max(map(len, out[2:])) <= 80


def test_the_example_in_the_docs_is_what_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = BEFORE.parents[2]
    monkeypatch.chdir(root)
    page = (root / "docs" / "check.md").read_text(encoding="utf-8")
    (example,) = re.findall(
        r"```console\n\$ kmigrate (check --snapshot .*)\n(KServe .*?)```", page, re.DOTALL
    )
    found, out, error = run(capsys, *shlex.split(example[0]))
    assert (found, out, error) == (7, example[1], "")


def test_an_override_is_told_at_the_step_that_loses_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    stock = '"image": "kserve/sklearnserver"'
    mine = '"image": "registry.example.com/ml/sklearnserver"'
    world = edited(tmp_path, "predictors", stock, mine)
    out = asked(capsys, "--target", "0.8.0", world=world)
    assert "0.7.0 to 0.8.0: 4 InferenceServices: 2 with another image, 0 without one" in out
    assert "error KM501: the manifests put predictors back:" in out
    assert "fix: before this step: kmigrate plan --target 0.8.0" in out
    # It is pending as well: the workloads run the image of before the edit.
    assert "warning KM202" in out
    assert max(map(len, out.splitlines()[2:])) <= 80


def test_the_document_has_a_row_for_each_service_at_each_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = document(capsys, "--target", "0.10.2")
    jsonschema.Draft202012Validator(schemas()["check"]).validate(made)
    assert (made["kind"], made["release"], made["target"]) == ("Check", "0.7.0", "0.10.2")
    assert names(made["steps"]) == ["0.7.0 to 0.8.0", "0.8.0 to 0.9.0", "0.9.0 to 0.10.2"]
    for step in made["steps"]:
        services = (row["service"] for row in step["rows"])
        assert sorted(f"{one['namespace']}/{one['name']}" for one in services) == SERVICES
    last = made["steps"][-1]
    assert {row["why"] for row in last["rows"]} == {"no-image"}
    assert {row["imageAfter"] for row in last["rows"]} == {""}
    assert (last["services"], last["otherImage"], last["without"]) == (4, 0, 4)
    assert {one["code"] for one in last["findings"]} == {"KM503"}
    assert yaml.safe_load(asked(capsys, "--target", "0.10.2", "-o", "yaml")) == made


def test_without_a_target_there_are_no_steps(capsys: pytest.CaptureFixture[str]) -> None:
    made = document(capsys, code=0)
    jsonschema.Draft202012Validator(schemas()["check"]).validate(made)
    assert (made["target"], made["steps"]) == ("", [])


def test_json_lines_are_findings_and_rows(capsys: pytest.CaptureFixture[str]) -> None:
    made = document(capsys, "--target", "0.10.2")
    lines = [
        json.loads(line) for line in asked(capsys, "--target", "0.10.2", "-o", "jsonl").splitlines()
    ]
    rows = [line for line in lines if "service" in line]
    assert rows == [
        {**row, "step": f"{step['origin']} to {step['target']}"}
        for step in made["steps"]
        for row in step["rows"]
    ]
    found = [line for line in lines if "code" in line]
    assert len(found) + len(rows) == len(lines)
    lost = [one["text"].partition(": ")[0] for one in found if one["code"] == "KM503"]
    assert lost == ["0.9.0 to 0.10.2"]


@pytest.mark.parametrize("form", ["markdown", "sarif"])
def test_findings_say_their_step_in_flat_forms(
    capsys: pytest.CaptureFixture[str], form: str
) -> None:
    out = asked(capsys, "--target", "0.10.2", "-o", form)
    told = out if form == "markdown" else _messages(json.loads(out))
    assert "0.9.0 to 0.10.2: they have no image" in told


def _messages(document: Any) -> str:
    (only,) = document["runs"]
    codes = {rule["id"] for rule in only["tool"]["driver"]["rules"]}
    assert codes == {one["ruleId"] for one in only["results"]} >= {"KM503", "KM415"}
    return "\n".join(one["message"]["text"] for one in only["results"])


def test_stops_can_be_named_and_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    far = ("--target", "0.15.2")
    via = document(capsys, *far, "--via", "v0.11.0", "--via", "0.9.0")
    assert names(via["steps"]) == ["0.7.0 to 0.9.0", "0.9.0 to 0.11.0", "0.11.0 to 0.15.2"]
    assert names(document(capsys, *far, "--direct")["steps"]) == ["0.7.0 to 0.15.2"]


def test_one_namespace_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    made = document(capsys, "--target", "0.10.2", "-n", "pricing")
    rows = [row["service"]["namespace"] for step in made["steps"] for row in step["rows"]]
    assert rows == ["pricing"] * 6
    assert made["steps"][-1]["without"] == 2


def test_suppressed_findings_do_not_fail_it(capsys: pytest.CaptureFixture[str]) -> None:
    out = asked(capsys, "--target", "0.10.2", "--suppress", "KM503", code=0)
    assert "KM503" not in out
    assert "0.9.0 to 0.10.2: 4 InferenceServices: 0 with another image, 4 without one" in out
    asked(capsys, "--target", "0.10.2", "--suppress", "KM503", "--fail-on", "warning", code=7)


def test_what_is_wrong_now_is_told_of_the_last_release(capsys: pytest.CaptureFixture[str]) -> None:
    made = document(capsys, "--target", "0.20.0", world=COPIES)
    codes = {one["code"] for one in made["findings"]}
    assert {"KM401", "KM405", "KM406", "KM410"} <= codes
    steps = {step["target"]: {one["code"] for one in step["findings"]} for step in made["steps"]}
    assert {"KM202", "KM416"} <= steps["0.16.0"]
    assert "KM416" not in codes


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        (("--target", "latest"), ("--target", "latest")),
        (("--via", "v1"), ("--target", "0.9.0", "--via", "v1")),
        (("--target 0.7.0", "found 0.7.0"), ("--target", "0.7.0")),
        (("--target 0.99.0", "known"), ("--target", "0.99.0")),
        (("--via 0.10.2", "0.9.0"), ("--target", "0.9.0", "--via", "0.10.2")),
        (("--via", "--direct"), ("--target", "0.9.0", "--via", "0.8.0", "--direct")),
        (("--via goes with --target",), ("--via", "0.8.0")),
        (("--direct goes with --target",), ("--direct",)),
    ],
)
def test_a_way_that_there_is_not_is_refused(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], arguments: tuple[str, ...]
) -> None:
    check(capsys, 64, words, "check", "--snapshot", str(BEFORE), *arguments)


def test_older_releases_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--target 0.11.2", "found 0.15.2", "known are 0.16.0")
    check(capsys, 64, words, "check", "--snapshot", str(COPIES), "--target", "0.11.2")
