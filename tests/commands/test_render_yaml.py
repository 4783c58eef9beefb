"""The YAML that `plan --render` writes: one layout, and text that every reader takes for text."""

from __future__ import annotations

import pytest
import yaml

from migrate.commands.rendering import as_yaml

WORDS = [
    "y",
    "No",
    "on",
    "~",
    "",
    "null",
    "1e3",
    "0x1F",
    "12:30:45",
    ".5",
    "-1",
    "2026-01-02",
    "<<",
]
TEXTS = [
    "a\nb\n",
    "a\r\nb",
    "größe ✓",
    "\u2028x\ny",
    "a: b",
    "# a",
    "{{.Name}}",
    "a\tb",
    " a",
    "a\n  b ",
]


@pytest.mark.parametrize("text", [*WORDS, *TEXTS])
def test_text_stays_text(text: str) -> None:
    document = {"a": {text: text, "b": [text, {"name": "n", "args": [text]}]}}
    assert yaml.safe_load(as_yaml(document)) == document


@pytest.mark.parametrize("text", [word for word in WORDS if word != "<<"])
def test_what_kubectl_could_take_for_something_else_is_quoted(text: str) -> None:
    assert as_yaml({"a": text}) == f"a: '{text}'\n"


@pytest.mark.parametrize("break_", ["\x85", "\u2028", "\u2029"])
def test_breaks_that_only_python_knows_are_spelled(break_: str) -> None:
    # Go's reader takes the indentation behind such a break for text.
    assert as_yaml({"a": f"{break_}x\ny"}).startswith('a: "\\')


def test_a_line_stays_a_line() -> None:
    assert as_yaml({"a": "größe " * 50 + "x"}) == f"a: {'größe ' * 50}x\n"


def test_the_layout() -> None:
    document = {
        "spec": {"b": 1, "a": [{"value": "x", "name": "m"}]},
        "kind": "K",
        "data": {"t": "a\nb\n"},
    }
    assert as_yaml(document) == (
        "kind: K\ndata:\n  t: |\n    a\n    b\nspec:\n  a:\n  - name: m\n    value: x\n  b: 1\n"
    )
