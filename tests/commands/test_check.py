"""kmigrate check, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.snapshots import check, run

COPIES = str(Path(__file__).parents[2] / "fixtures" / "copies")
CODES = ["KM202", "KM401", "KM403", "KM405", "KM406", "KM410"]


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code, out, error = run(capsys, "check", "--snapshot", COPIES, *arguments)
    assert error == ""
    return code, out


def test_lists_the_worst_last(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = checked(capsys)
    assert code == 7
    assert all(word in out for word in CODES)
    assert out.index("warning KM202") < out.index("error KM406")
    assert "Checked 4 InferenceServices, 4 runtimes: 2 errors" in out
    assert max(map(len, out.splitlines())) <= 80


def test_json_lines_hold_what_the_document_holds(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(checked(capsys, "-o", "json")[1])
    assert (document["kind"], document["release"], document["services"]) == ("Check", "0.15.2", 4)
    assert sorted({one["code"] for one in document["findings"]}) == CODES
    lines = [json.loads(line) for line in checked(capsys, "-o", "jsonl")[1].splitlines()]
    assert lines == document["findings"]


def test_markdown_is_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    rows = checked(capsys, "-o", "markdown")[1].splitlines()[2:]
    assert {row.count(" | ") for row in rows if row.startswith("| ")} == {4}
    assert len(rows) == 2 + 7


def test_sarif_names_rules_levels_and_objects(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(checked(capsys, "-o", "sarif")[1])
    (only,) = document["runs"]
    assert [rule["id"] for rule in only["tool"]["driver"]["rules"]] == CODES
    nameless = next(one for one in only["results"] if one["ruleId"] == "KM401")
    assert nameless["level"] == "error"
    names = [at["logicalLocations"][0]["fullyQualifiedName"] for at in nameless["locations"]]
    assert names == ["InferenceService/fraud/iris", "InferenceService/fraud/wine"]


def test_fails_from_the_severity_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    without = ("--suppress", "KM401", "--suppress", "KM406")
    assert checked(capsys, *without)[0] == 0
    assert checked(capsys, *without, "--fail-on", "warning")[0] == 7


def test_reports_on_one_namespace(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, error = run(capsys, "check", "--snapshot", COPIES, "-n", "other")
    assert code == 0
    assert "Checked 0 InferenceServices" in out
    assert error == "nothing of KServe was found in namespace other\n"
    assert "Checked 4 InferenceServices" in checked(capsys, "-n", "fraud")[1]


def test_refuses_what_makes_no_sense(capsys: pytest.CaptureFixture[str]) -> None:
    for words, arguments in (
        (("-n", "-A"), ("-n", "fraud", "-A")),
        (("KM999",), ("--suppress", "KM999")),
        (("--target",), ("--target", "latest")),
    ):
        check(capsys, 64, words, "check", "--snapshot", COPIES, *arguments)
