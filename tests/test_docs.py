"""The documentation against the program: help, codes, links, and the demo itself."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from docs.generate import VERBS, generated, pages
from migrate.cli import command
from migrate.commands import yamlfile
from migrate.errors import Exit
from migrate.planning.model.codes import NEVER_ACCEPTED, SEVERITY
from migrate.planning.model.desired import Desired, Exempt
from migrate.planning.model.desiredfile import from_document
from migrate.planning.model.typed import parse_set

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("**/*.md"))]


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_in_the_docs_is_that_of_the_program(verb: str) -> None:
    page = (DOCS / f"{verb}.md").read_text(encoding="utf-8")
    assert page.count("<!-- help -->") == 1
    assert generated(verb, page) == page, "run: make docs"


def test_the_table_of_servers_is_that_of_the_catalog() -> None:
    page = (DOCS / "kserve/servers.md").read_text(encoding="utf-8")
    assert page.count("<!-- servers -->") == 1
    assert pages()["kserve/servers.md"](page) == page, "run: make docs"


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_fits_80_columns(verb: str) -> None:
    page = (DOCS / f"{verb}.md").read_text(encoding="utf-8")
    shown = page.split("<!-- help -->")[1]
    assert max(map(len, shown.splitlines())) <= 80


def test_every_finding_is_documented_with_its_severity() -> None:
    sections = re.split(
        r"^## ", (DOCS / "findings.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    told = {s.splitlines()[0]: s.splitlines()[2].lower() for s in sections[1:]}
    assert set(told) == set(SEVERITY)
    for code, severity in SEVERITY.items():
        assert told[code].startswith(f"*{severity.value}"), code
        assert ("cannot be accepted" in told[code]) == (code in NEVER_ACCEPTED), code


def test_every_exit_code_is_documented() -> None:
    page = (DOCS / "exit-codes.md").read_text(encoding="utf-8")
    told = {
        int(n)
        for row in re.findall(r"^\| ([\d /]+) \|", page, re.MULTILINE)
        for n in row.split(" / ")
    }
    assert told == {int(code) for code in Exit}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


def test_every_field_of_desired_yaml_is_documented() -> None:
    page = (DOCS / "desired.md").read_text(encoding="utf-8")
    _, items, exceptions = re.split(r"^\|---\|---\|$", page, flags=re.MULTILINE)
    told = [re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) for table in (items, exceptions)]
    assert told == [[f.name for f in msgspec.structs.fields(kind)] for kind in (Desired, Exempt)]


def test_the_examples_of_desired_yaml_are_read() -> None:
    page = (DOCS / "desired.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    found = [yamlfile.parse(text.encode(), "desired.md") for text in examples]
    items = [item for one in found for item in from_document(one.value, one.name, one.lines)]
    used = {name for item in items for name in msgspec.to_builtins(item)}
    assert used >= {"format", "runtime", "gpu", "image", "env", "args", "exceptions"}


def test_the_sets_of_desired_yaml_are_read() -> None:
    page = (DOCS / "desired.md").read_text(encoding="utf-8")
    sets = re.findall(r"`--set (\S+)=IMAGE`", page)
    names = [name for name in sets if name != "NAME"]
    assert names == [str(parse_set(f"{name}=a:b")) for name in names]
    assert names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_can_be_copied(page: Path) -> None:
    """What an example sets is an image, and each flag in it is one of the verb's."""
    text = page.read_text(encoding="utf-8").replace("\\\n", "")
    for line in re.findall(r"^\$ kmigrate ([a-z].*)$", text, re.MULTILINE):
        verb, *words = shlex.split(line.partition(" | ")[0], comments=True)
        known = {flag for each in command(verb).params for flag in each.opts}
        flags = {word.partition("=")[0] for word in words if word.startswith("-")}
        assert flags - known <= {"-", "--help"}, line
        sets = [wanted for flag, wanted in itertools.pairwise(words) if flag == "--set"]
        assert all(parse_set(wanted).image for wanted in sets)


def test_the_demo_runs_through() -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = ["sh", str(ROOT / "fixtures" / "demo" / "run.sh")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "KM201" in done.stdout
    assert "byte for byte as planned" in done.stdout
    assert "byte for byte as before" in done.stdout
    assert "Traceback" not in done.stderr
