"""Lines for people: wrapped, cut on a terminal alone, and with no commands for it but ours."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.objects import ObjectRef, count
from migrate.report.lines import (
    ITEMS_SHOWN,
    NAMES_SHOWN,
    PIPE,
    Screen,
    Tone,
    Toned,
    cut,
    drawn,
    named,
    wrapped,
)

BRIEF = Screen(is_brief=True, rest="-o wide shows all")
COLOUR = Screen(has_colour=True)


@given(
    st.integers(0, 8),
    st.lists(st.text("abc:-/", min_size=1, max_size=10), min_size=1),
    st.integers(20, 99),
)
def test_lines_are_wrapped_as_the_standard_library_does(
    indent: int, words: list[str], width: int
) -> None:
    line = " " * indent + " ".join(words)
    further = " " * (indent + 2)
    wanted = textwrap.wrap(
        line,
        width,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )
    assert wrapped(line, width) == wanted


def test_a_word_that_is_too_long_has_a_line_of_its_own() -> None:
    assert wrapped("    now: " + "x" * 99 + " y", 80) == [
        "    now:",
        "      " + "x" * 99,
        "      y",
    ]
    assert wrapped("    " + "x" * 99, 80) == ["    " + "x" * 99]


def test_a_line_of_spaces_stays_one_line() -> None:
    assert wrapped("") == [""]
    assert wrapped("  ") == ["  "]


def test_only_our_own_colours_reach_the_terminal() -> None:
    line = Toned("\x1b[2Jname\x07", Tone.ERROR)
    assert drawn(line, COLOUR) == "\x1b[1;31m\\x1b[2Jname\\x07\x1b[0m"
    assert drawn(line, PIPE) == "\\x1b[2Jname\\x07"
    assert drawn("plain", COLOUR) == "plain"
    assert drawn(Toned("plain", Tone.PLAIN), COLOUR) == "plain"


def test_no_line_shows_the_password_of_a_url() -> None:
    assert "s3cr3t" not in drawn("no answer from https://me:s3cr3t@host/", PIPE)


def refs(number: int) -> list[ObjectRef]:
    return [ObjectRef("v1", "Pod", f"p{i}", "team") for i in range(number)]


def test_names_are_whole_on_a_pipe_and_cut_on_a_terminal() -> None:
    many = refs(2000)
    assert named(many, PIPE).count("team/") == 2000
    assert named(many, BRIEF).count("team/") == NAMES_SHOWN
    assert named(many, BRIEF).endswith(f"team/p{NAMES_SHOWN - 1} and {2000 - NAMES_SHOWN:,} more")
    assert "more" not in named(refs(NAMES_SHOWN), BRIEF)
    assert named([ObjectRef("v1", "Node", "n")], PIPE) == "n"


def test_what_is_cut_is_counted() -> None:
    items = list(range(ITEMS_SHOWN))
    assert cut(items, BRIEF, "more") == (items, [])
    assert cut([*items, 99], PIPE, "more") == ([*items, 99], [])
    shown, rest = cut([*items, 99, 98], BRIEF, "more writes")
    assert shown == items
    assert rest == ["  ... and 2 more writes: -o wide shows all"]


def test_of_groups_the_largest_are_shown() -> None:
    groups = [["a"] * size for size in range(1, ITEMS_SHOWN + 3)]
    shown, rest = cut(groups, BRIEF, "more groups")
    assert [len(group) for group in shown] == list(range(ITEMS_SHOWN + 2, 2, -1))
    assert rest == ["  ... and 2 more groups (3 InferenceServices): -o wide shows all"]


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 writes"), (1, "1 write"), (2, "2 writes"), (1234, "1,234 writes")]
)
def test_numbers_with_their_noun(number: int, told: str) -> None:
    assert count(number, "write") == told
