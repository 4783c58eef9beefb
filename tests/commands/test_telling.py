"""The events of a run for programs: on stdout, in a file, and where these take nothing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from docs.schemas import schemas
from migrate.errors import LockedError
from tests.commands.snapshots import BEFORE, SET, run
from tests.commands.test_streams import shell

APPLY = ("apply", *SET, "--dry-run=client", "--snapshot", str(BEFORE))
AGAIN = ("rollback", "--dry-run=client", "--snapshot", str(BEFORE))
BACK = ("rollback", "--dry-run=client", "--snapshot", str(BEFORE.with_name("after")))


def events(text: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        jsonschema.Draft202012Validator(schemas()["event"]).validate(line)
    return [line["event"] for line in lines]


@pytest.mark.parametrize("verb", [APPLY, BACK])
def test_each_event_is_a_line_from_the_start_to_the_end(
    capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]
) -> None:
    code, out, _ = run(capsys, *verb, "-o", "jsonl")
    told = events(out)
    assert (code, told[0]["type"], told[-1]["type"]) == (0, "started", "finished")
    assert told[0]["run"] == told[-1]["run"]
    assert told[-1]["whole"] is True
    written = [event["operation"]["target"]["kind"] for event in told if event["type"] == "written"]
    assert written[0] == "ConfigMap"
    result = json.loads(run(capsys, *verb, "-o", "json")[1])
    proven = [event for event in told if event["type"] == "proven"]
    assert [{k: v for k, v in event.items() if k != "type"} for event in proven] == result[
        "results"
    ]


@pytest.mark.parametrize("verb", [("apply", *SET), ("rollback",)])
def test_a_file_without_a_folder_is_refused_before_anything_is_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, verb: tuple[str, ...]
) -> None:
    file = tmp_path / "none" / "events.jsonl"
    code, _, said = run(capsys, *verb, "--json-into", str(file), "--snapshot", "nowhere")
    assert (code, f"error: --json-into {file}: No such file" in said) == (64, True), said


def test_a_file_gets_what_standard_output_would_and_people_their_lines(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("of a former run\n" * 99)
    both = run(capsys, *APPLY, "-o", "jsonl", "--json-into", str(file))[1]
    assert events(file.read_text()) == events(both)
    alone = run(capsys, *APPLY)
    assert run(capsys, *APPLY, "--json-into", str(file))[1] == alone[1]
    assert len(events(file.read_text())) == len(events(both))


@pytest.mark.parametrize("is_there", [False, True])
def test_a_file_is_nobody_else_s(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, is_there: bool
) -> None:
    """Values of objects are in it, and these may be credentials."""
    file = tmp_path / "events.jsonl"
    if is_there:
        file.touch(0o644)
    run(capsys, *APPLY, "--json-into", str(file))
    assert file.stat().st_mode & 0o777 == 0o600


def test_where_there_is_nothing_to_do_the_end_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "events.jsonl"
    code, out, _ = run(capsys, *AGAIN, "-o", "jsonl", "--json-into", str(file))
    told = [{"type": "finished", "run": "", "direction": "rollback", "whole": True}]
    assert (code, events(out), events(file.read_text())) == (0, told, told)


def test_a_file_that_cannot_be_written_is_told_before_anything_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = str(tmp_path / "none" / "events.jsonl")
    code, out, said = run(capsys, *APPLY, "--json-into", file)
    assert (code, out) == (64, "")
    assert f"error: --json-into {file}: No such file" in said
    assert "run 2" not in said  # none was begun


def test_an_error_is_the_last_event(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise LockedError("the Lease is held", "kmigrate status")

    monkeypatch.setattr("migrate.execute.lease.Lease.acquire", refuse)
    code, out, said = run(capsys, *APPLY, "-o", "jsonl")
    stopped = {"type": "stopped", "error": "the Lease is held", "hint": "kmigrate status"}
    assert (code, events(out)) == (6, [{**stopped, "code": 6}])
    assert "error: the Lease is held" in said


@pytest.mark.parametrize("where", [">/dev/full", "| head -c 1"])
def test_a_stream_that_takes_no_more_does_not_stop_the_run(where: str) -> None:
    done: subprocess.CompletedProcess[bytes] = shell(f"{' '.join(APPLY)} -o jsonl {where}")
    said = done.stderr.decode()
    assert "finished" in said
    assert done.returncode == 0, said


def test_a_full_disk_is_told_once() -> None:
    said = shell(f"{' '.join(APPLY)} --json-into /dev/full").stderr.decode()
    assert said.count("no more events are written to /dev/full: [Errno 28]") == 1


def test_a_closed_standard_output_is_told_before_anything_is_written() -> None:
    done = shell(f"{' '.join(APPLY)} -o jsonl >&-")
    assert done.returncode == 1
    assert b"error: standard output: expected a place" in done.stderr
    assert b"run 2" not in done.stderr
