"""What people see is what was read and found good."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.report.golden import CASES, FOLDER, PLANS, ROOT, VERBS, Case, prepare, shown, written

COLOUR = re.compile(r"\x1b\[[\d;]*m")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is read, under the names that are kept."""
    made = tmp_path_factory.mktemp("read")
    prepare(made)
    return made


def golden(case: Case) -> str:
    return (FOLDER / case.name).read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_looks_as_it_did(case: Case, folder: Path) -> None:
    assert written(case, folder) == golden(case), "read the difference; if it is good: make golden"


def test_every_file_is_that_of_a_case() -> None:
    assert {file.name for file in FOLDER.glob("*")} == {case.name for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_lines_fit_but_for_rows_and_single_words(case: Case) -> None:
    if case.form == "markdown":
        return
    text = COLOUR.sub("", golden(case))
    rows = re.compile(r"^[A-Z ]+$|.* {3}\S") if case.form == "wide" else re.compile("$.")
    for line in text.splitlines():
        words = line.removeprefix("        ").lstrip("-+> ").split()
        assert len(line) <= case.columns or len(words) == 1 or rows.match(line), line


def is_cut(text: str) -> bool:
    """Whether a terminal is shown less than there is."""
    return bool(re.search(r"and [\d,]+ more", text))


@pytest.mark.parametrize("shows", VERBS)
def test_a_table_is_the_same_at_every_width_and_in_colour(shows: str, folder: Path) -> None:
    narrow = golden(Case(shows))
    terminal = golden(Case(shows, is_terminal=True))
    assert written(Case(shows, columns=200), folder) == narrow
    assert is_cut(terminal) or COLOUR.sub("", terminal) == narrow
    is_toned = VERBS[shows][0] != "status"
    assert bool(COLOUR.search(terminal)) is is_toned
    for case in (one for one in CASES if one.shows == shows):
        is_coloured = case.is_terminal and not case.environment and is_toned
        assert bool(COLOUR.search(golden(case))) is is_coloured, case.name


@pytest.mark.parametrize("shows", VERBS)
def test_the_c_locale_and_a_terminal_without_colours_give_the_same(
    shows: str, folder: Path
) -> None:
    plain = golden(Case(shows))
    c_locale = (("LC_ALL", "C"), ("PYTHONUTF8", "0"))
    assert written(Case(shows, environment=c_locale), folder) == plain
    dumb = (("TERM", "dumb"),)
    terminal = COLOUR.sub("", golden(Case(shows, is_terminal=True)))
    assert written(Case(shows, is_terminal=True, environment=dumb), folder) == terminal


@pytest.mark.parametrize("shows", [shows for shows in PLANS if "--set" not in VERBS[shows]])
def test_what_must_come_before_an_upgrade_is_told_on_two_screens(shows: str) -> None:
    """Seven services of as many kinds; `-o wide` has every field of the copies."""
    lines = golden(Case(shows)).splitlines()
    assert len(lines) <= 140
    assert max(map(len, lines)) <= 80
    copies = [line for line in lines if line.startswith("  + create ")]
    wide = golden(Case(shows, "wide", 200))
    assert ("every field of the copies" in "\n".join(lines)) == bool(copies)
    assert ("/containers/name=kserve-container/resources/limits/cpu" in wide) == bool(copies)


def large(tmp_path: Path) -> str:
    """Forty services, each of which runs another image now."""
    items = list(yaml.safe_load_all((ROOT / "fixtures/copies/cluster.yaml").read_text()))
    of_kind = {item["kind"]: item for item in items}
    for number in range(40):
        named = {"name": f"s{number}", "namespace": "many"}
        service = {**of_kind["InferenceService"], "metadata": named}
        workload = json.loads(json.dumps(of_kind["Deployment"]))
        workload["metadata"] = {**named, "name": f"s{number}-predictor"}
        workload["spec"]["template"]["spec"]["containers"][0]["image"] = f"old:v{number}"
        items += [service, workload]
    file = tmp_path / "cluster.yaml"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return str(file)


def test_a_terminal_is_told_how_much_is_left_out_and_a_pipe_gets_all(tmp_path: Path) -> None:
    arguments = (tmp_path, "plan", "--snapshot", large(tmp_path))
    every = {f"many/s{number}" for number in range(40)}
    terminal = shown(Case("", is_terminal=True), *arguments)
    pipe = shown(Case(""), *arguments)
    wide = shown(Case("", "wide", is_terminal=True), *arguments)
    assert sum(f"  {name}\n" in pipe for name in every) == 40
    assert "more" not in pipe
    assert re.search(r"and 3\d more groups \(3\d InferenceServices\): -o wide", terminal)
    assert 8 <= sum(f"  {name}\n" in terminal for name in every) <= 10
    assert " more" not in wide
    assert len(re.findall(r"^\S*many +s\d+ ", wide, re.MULTILINE)) == 40
