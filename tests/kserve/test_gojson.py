"""JSON as Go reads it: ``encoding/json``."""

from __future__ import annotations

import pytest

from migrate.kserve.gojson import (
    ABSENT,
    Fault,
    GoJsonError,
    Member,
    described,
    flag_of,
    fold,
    member_key,
    members,
    parse,
    quoted_integer_of,
    text_of,
    texts_of,
)

KELVIN, LONG_S = "\N{KELVIN SIGN}", "\N{LATIN SMALL LETTER LONG S}"


@pytest.mark.parametrize(
    ("key", "folded"),
    [("aB", "ab"), (KELVIN, "k"), (LONG_S, "s"), ("\N{LATIN SMALL LETTER SHARP S}", "ß")],
)
def test_keys_fold_as_in_go(key: str, folded: str) -> None:
    assert fold(key) == folded


def test_a_member_keeps_its_spelling_in_the_pointer() -> None:
    found = members(parse('{"IMAGE": 1, "a/b~c": 2}'), ("image",))
    assert {name: one.pointer for name, one in found.items()} == {
        "image": "/IMAGE",
        "a/b~c": "/a~1b~0c",
    }


def test_the_key_of_a_member_is_the_last_part_of_its_pointer() -> None:
    inner = members(parse('{"a": {"b/c": 1}}'), ())["a"]
    (member,) = members(inner, ()).values()
    assert (member.pointer, member_key(member)) == ("/a/b~1c", "b/c")


def test_what_is_absent_is_null() -> None:
    assert Member("", None) == ABSENT
    assert members(ABSENT, ("a",)) == {}
    assert (text_of(ABSENT), texts_of(ABSENT), flag_of(ABSENT)) == ("", (), False)
    assert quoted_integer_of(ABSENT) == 0


def test_a_flag_is_true_or_false() -> None:
    assert flag_of(parse("true")) is True
    assert flag_of(parse("false")) is flag_of(parse("null")) is False


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ('"0"', 0),
        ('"60"', 60),
        ('"-60"', -60),
        ('"007"', 7),
        ('"null"', 0),
        ('"9223372036854775807"', 2**63 - 1),
        ('"-9223372036854775808"', -(2**63)),
    ],
)
def test_an_integer_in_quotes(text: str, number: int) -> None:
    assert quoted_integer_of(parse(text)) == number


@pytest.mark.parametrize(
    "text",
    ["60", '""', '"6 0"', '"+6"', '"x"', '"9223372036854775808"', '"-9223372036854775809"', "[]"],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(GoJsonError) as told:
        quoted_integer_of(parse(text))
    assert told.value.fault.expected == 'an integer in quotes, such as "60"'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "an object"),
        ("[]", "a list"),
        ("1.50", "1.50"),
        ("12", "12"),
        ("-0", "-0"),
        ("true", "true"),
        ("null", "null"),
        ('"é"', '"é"'),
    ],
)
def test_a_value_is_described_as_it_is_written(text: str, words: str) -> None:
    assert described(parse(text).value) == words


def test_an_item_of_a_list_is_pointed_at() -> None:
    with pytest.raises(GoJsonError) as told:
        texts_of(members(parse('{"a": ["x", 1]}'), ("a",))["a"])
    assert told.value.fault == Fault("/a/1", "a string", "1")
    assert str(told.value) == "/a/1: expected a string, found 1"


def test_where_a_text_is_no_json() -> None:
    with pytest.raises(GoJsonError) as told:
        parse('{"a":\n  NaN}')
    assert (told.value.fault.line, told.value.fault.column) == (2, 3)
    assert str(told.value).startswith("line 2, column 3: expected JSON, found ")
    assert told.value.fault.pointer == ""
    with pytest.raises(GoJsonError) as wrong:
        flag_of(parse('"x"'))
    assert str(wrong.value) == 'the document: expected true or false, found "x"'


def test_a_constant_in_a_string_is_a_text() -> None:
    assert text_of(parse('"NaN"')) == "NaN"
    with pytest.raises(GoJsonError) as told:
        parse('["a \\" NaN", -Infinity]')
    assert told.value.fault.column == 14


def test_half_a_pair_of_surrogates_is_replaced() -> None:
    mark = "\N{REPLACEMENT CHARACTER}"
    assert text_of(parse('"a\\ud800b\\udfff"')) == f"a{mark}b{mark}"
    assert text_of(parse('"\\ue000\\ud7ff"')) == "\ue000\ud7ff"
