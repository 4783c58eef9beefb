"""What is listed of the verbs is what they say themselves, without importing them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from migrate.cli import VERBS, command


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_listed_by_the_beginning_of_its_help(verb: str) -> None:
    told = " ".join(command(verb).help.split())
    assert told.startswith(VERBS[verb][1])


def loaded(*arguments: str) -> set[str]:
    """Run kmigrate and return what it has imported."""
    code = (
        "import sys; from migrate.__main__ import main; main(sys.argv[1:]);"
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_version_needs_no_typer() -> None:
    assert "typer" not in loaded("--version")


def test_the_list_of_verbs_needs_none_of_them() -> None:
    found = loaded("--help")
    assert "typer" in found
    assert not {name for name in found if name.startswith(("migrate.kserve", "migrate.commands."))}
    assert not {"msgspec", "kubernetes", "rich", "yaml"} & found


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_needs_no_client(verb: str) -> None:
    assert not {"kubernetes", "rich", "yaml"} & loaded(verb, "--help")
