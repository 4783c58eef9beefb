"""The forms of each verb: valid, one in substance, and with the same exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

import migrate.schemas
from tests.commands.snapshots import BEFORE, SET, check, run

ROOT = Path(__file__).parents[2]
COPIES = str(ROOT / "fixtures" / "copies")
PINNED = ("--set", "sklearn=registry.example.com/ml/sklearnserver:v0.7.0-p5")
PLANS = {
    "predictors": ("--snapshot", str(BEFORE), *PINNED),
    "runtimes": ("--snapshot", COPIES),
    "nothing to do": ("--snapshot", str(BEFORE)),
}
SCHEMA = Path(migrate.schemas.__path__[0]) / "planline.schema.json"
FORMS = ("table", "wide", "json", "jsonl", "yaml", "markdown", "name")


def lines_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    _, out, _ = run(capsys, "plan", *arguments, "-o", "jsonl")
    return [json.loads(line) for line in out.splitlines()]


def plan_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run(capsys, "plan", *arguments, "-o", "json")[1])
    return document


@pytest.mark.parametrize("plan", PLANS)
def test_json_lines_are_what_their_schema_says(
    capsys: pytest.CaptureFixture[str], plan: str
) -> None:
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    for line in lines_of(capsys, *PLANS[plan]):
        validator.validate(line)
        assert not validator.is_valid({**line, "kind": "Other"})
        assert not validator.is_valid({**line, "other": 1})


def moving_by(plan: dict[str, Any]) -> list[Any]:
    """Who restarts by a plan that restarts the controller; by one without a change nobody."""
    rows = plan["forecast"] if plan["apply"] else []
    return [row for row in rows if row["outlook"].startswith("changes")]


@pytest.mark.parametrize("plan", PLANS)
def test_json_lines_tell_what_the_plan_holds(capsys: pytest.CaptureFixture[str], plan: str) -> None:
    whole = plan_of(capsys, *PLANS[plan])
    head, *lines = lines_of(capsys, *PLANS[plan])
    assert head["kind"] == "PlanSummary"
    assert head["digest"] == whole["digest"]
    for kind, name in (("Image", "images"), ("Forecast", "forecast"), ("Finding", "findings")):
        told = [{k: v for k, v in line.items() if k != "kind"} for line in lines]
        mine = [one for one, line in zip(told, lines, strict=True) if line["kind"] == kind]
        assert mine == whole["plan"][name]
    moving = moving_by(whole["plan"])
    assert head["restarts"] == len(moving)
    assert head["namespaces"] == len({row["service"]["namespace"] for row in moving})
    assert head["services"] == len(whole["plan"]["forecast"])
    assert head["writes"] == len(whole["plan"]["operations"])


@pytest.mark.parametrize("plan", PLANS)
def test_yaml_is_the_saved_plan(capsys: pytest.CaptureFixture[str], plan: str) -> None:
    out = run(capsys, "plan", *PLANS[plan], "-o", "yaml")[1]
    assert yaml.safe_load(out) == plan_of(capsys, *PLANS[plan])


@pytest.mark.parametrize("plan", PLANS)
def test_names_are_those_who_get_new_pods(capsys: pytest.CaptureFixture[str], plan: str) -> None:
    moving = [row["service"] for row in moving_by(plan_of(capsys, *PLANS[plan])["plan"])]
    out = run(capsys, "plan", *PLANS[plan], "-o", "name")[1]
    assert out.splitlines() == [f"{ref['namespace']}/{ref['name']}" for ref in moving]


@pytest.mark.parametrize("plan", PLANS)
def test_wide_has_a_row_for_each_service(capsys: pytest.CaptureFixture[str], plan: str) -> None:
    rows = plan_of(capsys, *PLANS[plan])["plan"]["forecast"]
    lines = run(capsys, "plan", *PLANS[plan], "-o", "wide")[1].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("NAMESPACE "))
    told = [line.split() for line in lines[start + 1 : start + 1 + len(rows)]]
    assert [cells[:2] for cells in told] == [
        [row["service"]["namespace"], row["service"]["name"]] for row in rows
    ]
    assert [cells[-1] for cells in told] == [row["afterPlan"] or "<none>" for row in rows]


CODES = [
    (PINNED, 7),
    (SET, 0),
    ((*SET, "--detailed-exitcode"), 2),
    (("--detailed-exitcode",), 0),
    ((*PINNED, "--detailed-exitcode"), 7),
    ((*PINNED, "--accept", "KM201", "--detailed-exitcode"), 2),
    ((*PINNED, "--accept", "KM201", "--fail-on", "error"), 0),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("arguments", "code"), CODES)
def test_the_exit_code_is_the_same_in_every_form(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, form: str
) -> None:
    assert run(capsys, "plan", "--snapshot", str(BEFORE), *arguments, "-o", form)[0] == code


@pytest.mark.parametrize("form", FORMS)
def test_warnings_fail_where_that_is_asked_for(
    capsys: pytest.CaptureFixture[str], form: str
) -> None:
    warned = ("plan", "--snapshot", COPIES, "-o", form)
    assert run(capsys, *warned)[0] == 0
    assert run(capsys, *warned, "--fail-on=warning")[0] == 7
    accepted = ("--accept", "KM202", "--accept", "KM209")
    assert run(capsys, *warned, "--fail-on=warning", *accepted)[0] == 0


@pytest.mark.parametrize(
    ("verb", "forms"),
    [
        (("plan",), FORMS),
        (("apply", *SET, "--dry-run=client"), ("table", "json", "jsonl", "yaml")),
        (("rollback", "--dry-run=client"), ("table", "json", "jsonl", "yaml")),
        (("status",), ("table", "json", "yaml")),
        (("explain", "fraud/iris"), ("table", "json", "yaml")),
        (("check",), ("table", "json", "jsonl", "yaml", "markdown", "sarif")),
    ],
)
def test_a_form_that_a_verb_has_not_is_refused_with_those_that_it_has(
    capsys: pytest.CaptureFixture[str], verb: tuple[str, ...], forms: tuple[str, ...]
) -> None:
    other = "sarif" if "sarif" not in forms else "wide"
    for wrong in (other, "XML", ""):
        check(capsys, 64, (", ".join(forms), "--help"), *verb, "-o", wrong)
    snapshot = ("--snapshot", str(BEFORE))
    told = [run(capsys, *verb, *snapshot, "-o", form)[1] for form in ("json", "yaml")]
    documents = [json.loads(told[0]), yaml.safe_load(told[1])]
    first, second = ({k: v for k, v in d.items() if k != "run"} for d in documents)
    assert first == second


def test_roles_are_yaml_or_a_list_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("plan", "--snapshot", str(BEFORE), *SET, "--rbac")
    documents = list(yaml.safe_load_all(run(capsys, *arguments)[1]))
    made = json.loads(run(capsys, *arguments, "-o", "json")[1])
    assert made == {"apiVersion": "v1", "kind": "List", "items": documents}
    check(capsys, 64, ("--rbac", "-o wide", "-o yaml"), *arguments, "-o", "wide")


def test_a_summary_stands_last_also_where_there_is_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "kserve.yaml").write_bytes((BEFORE / "kserve.yaml").read_bytes())
    for form in ("table", "wide"):
        out = run(capsys, "plan", "--snapshot", str(folder), "-o", form)[1]
        last = "Plan: 0 writes, 0 controller restarts; 0 of 0 InferenceServices restart."
        assert out.splitlines()[-1] == last


def test_who_differs_already_is_not_moved_by_a_look(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "plan", "--snapshot", COPIES)
    told = "0 of 4 InferenceServices restart, 3 at the next reconcile anyway;"
    assert told in " ".join(out.split())


def test_a_rollback_ends_in_a_summary_too(capsys: pytest.CaptureFixture[str]) -> None:
    after = str(BEFORE.parent / "after")
    _, _, told = run(capsys, "rollback", "--dry-run=client", "--snapshot", after)
    summary = "Rollback: 3 writes, 1 controller restart; 2 of 4 InferenceServices restart,"
    assert summary in " ".join(told.split())
