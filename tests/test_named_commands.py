"""What texts tell people to type can be typed: the verb, its flags, and with what was run."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate.cli import VERBS, command
from migrate.errors import Exit
from tests.commands.snapshots import run
from tests.named import SOURCE, beside, commands, flags, texts
from tests.report.before_upgrades import write_all

KNOWN = {name for verb in VERBS for each in command(verb).params for name in each.opts}
KNOWN |= {"--help", "--version"}
OTHERS = re.compile(r"kubectl|helm|--model_name|--subresource=X|--force-conflicts")
"""Texts with flags of other programs."""
FILES = sorted(SOURCE.rglob("*.py"))
ROOMS = ("planning", "commands", "report", "execute")
UPGRADES = {"0.7.0": ("0.9.0", "0.10.2"), "0.9.0": ("0.10.2", "0.16.0"), "0.15.2": ("0.16.0",)}
RUNS = [(release, target) for release, targets in UPGRADES.items() for target in targets]


def said(file: Path) -> list[tuple[int, str]]:
    return list(texts(ast.parse(file.read_text(encoding="utf-8"))))


def test_every_command_in_a_text_is_one() -> None:
    found = [
        (file, line, each) for file in FILES for line, text in said(file) for each in commands(text)
    ]
    assert len(found) > 100
    for file, line, (verb, arguments) in found:
        if "--help" not in arguments:
            command(verb).make_context(f"{file.name}:{line}: kmigrate {verb}", arguments)


def test_every_flag_in_a_text_is_one_of_kmigrate_or_of_a_program_that_is_named() -> None:
    for file in (one for one in FILES if one.relative_to(SOURCE).parts[0] in ROOMS):
        for line, text in said(file):
            unknown = set(flags(text)) - KNOWN
            assert not unknown or OTHERS.search(text), f"{file.name}:{line}: {text}"


LATER = re.compile(r"after this step| on 0\.9\.0")
"""To be typed under another release than the one that runs."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("clusters")
    write_all(made)
    return made


def filled(words: list[str], one: dict[str, Any], target: str) -> list[str]:
    """The words with what they stand for: the first object of a finding, some image."""
    ref = next(iter(one["objects"]), {"namespace": "team", "name": "iris"})
    values = {
        "NAMESPACE/NAME": f"{ref['namespace'] or 'team'}/{ref['name']}",
        "NAMESPACE": ref["namespace"] or "team",
        "NAME=IMAGE": "runtime/kserve-sklearnserver=r/x:1",
        "runtime/NAME=IMAGE": "runtime/kserve-sklearnserver=r/x:1",
        "RELEASE": target,
    }
    return [values.get(word, re.sub(r"=IMAGE$", "=r/x:1", word)) for word in words]


def findings(
    capsys: pytest.CaptureFixture[str], folder: Path, verb: str, release: str, target: str
) -> list[dict[str, Any]]:
    file = str(folder / f"{release}.json")
    code, out, said = run(capsys, verb, "--snapshot", file, "--target", target, "-o", "json")
    assert code in (Exit.OK, Exit.BLOCKED), said
    document: dict[str, Any] = json.loads(out)
    next_step: list[dict[str, Any]] = [
        one for step in document.get("steps", ())[:1] for one in step["findings"]
    ]
    next_step += (document.get("plan") or document)["findings"]
    return next_step


def named(verb: str, found: Iterable[dict[str, Any]], target: str) -> Iterator[list[str]]:
    """What the findings of a verb say to type: what is added to it, and commands of their own."""
    for one in found:
        text = f"{one['text']}; {one.get('fix', '')}"
        if LATER.search(text):
            continue
        for words in beside(text) if verb == "plan" else ():
            if words[0] in KNOWN:
                yield ["plan", "--target", target, *filled(words, one, target)]
        for called, words in commands(text):
            if called in ("plan", "check", "explain"):
                yield [called, *filled(words, one, target)]


@pytest.mark.parametrize(("release", "target"), RUNS)
def test_what_a_finding_says_can_be_typed_on_that_cluster(
    capsys: pytest.CaptureFixture[str], folder: Path, release: str, target: str
) -> None:
    """Nothing in it is refused as a wrong use (64), neither by itself nor beside --target."""
    where = ("--snapshot", str(folder / f"{release}.json"))
    typed = {
        tuple(words)
        for verb in ("plan", "check")
        for words in named(verb, findings(capsys, folder, verb, release, target), target)
    }
    assert typed
    for words in sorted(typed):
        code, _, said = run(capsys, *words, *where)
        assert code != Exit.USAGE, f"{words}: {said}"
