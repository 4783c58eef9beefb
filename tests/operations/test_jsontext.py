"""Surgery on JSON text: what is addressed changes, and not one byte beside it."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from migrate.objects import pointer, value_at
from migrate.operations.jsontext import (
    JsonDuplicateError,
    JsonParentError,
    JsonSyntaxError,
    JsonTextError,
    locate,
    replace,
)

PREDICTORS = """{
    "tensorflow": {
        "image": "tensorflow/serving",\t"multiModelServer": false
    },\r
    "sklearn" : {"v1": {}, "v2": { }},
    "größe": [1, [2e3, {"a/b": null}]]
}
"""

# --- by hand ---

LOCATED: list[tuple[str, str | UnsetType]] = [
    ("/tensorflow/image", '"tensorflow/serving"'),
    ("/sklearn/v2", "{ }"),
    ("/größe/0", "1"),
    ("/größe/1/0", "2e3"),
    ("/größe/1/1/a~1b", "null"),
    ("/größe/2", UNSET),
    ("/größe/01", UNSET),
    ("/größe/-", UNSET),
    ("/tensorflow/tag", UNSET),
    ("/tensorflow/image/0", UNSET),
    ("/nothing/at/all", UNSET),
]


@pytest.mark.parametrize(("at", "source"), LOCATED)
def test_locates_the_source_text(at: str, source: str | UnsetType) -> None:
    assert locate(PREDICTORS, at) == source


def test_locates_the_document_without_the_space_around_it() -> None:
    assert locate(PREDICTORS, "") == PREDICTORS[:-1]


EDITS = [
    ('{"a" : 1 }', "/a", "2", '{"a" : 2 }'),
    ('{"a": 1}', "/b", '"x"', '{"a": 1, "b": "x"}'),
    ('{"a": 1\r\n}', "/b", "[]", '{"a": 1, "b": []\r\n}'),
    ("{ \n\t}", "/b", "{}", '{"b": {} \n\t}'),
    ('{"a": {"b": 1}}', "/a/c~1d", "2", '{"a": {"b": 1, "c/d": 2}}'),
    ('{"a": 1}', "/ü", "1", '{"a": 1, "ü": 1}'),
    ('{"a": [1, 2]}', "/a/1", "null", '{"a": [1, null]}'),
    ("  7\n", "", '"x"', '  "x"\n'),
    ('{"a": 1, "b": 2, "c": 3}', "/a", UNSET, '{"b": 2, "c": 3}'),
    ('{"a": 1 , "b": 2\n, "c": 3}', "/b", UNSET, '{"a": 1\n, "c": 3}'),
    ('{"a": 1, "b": 2 }', "/b", UNSET, '{"a": 1 }'),
    ('{\n  "a": 1\n}', "/a", UNSET, "{\n  \n}"),
    ('{"a": 1}', "/b", UNSET, '{"a": 1}'),
]


@pytest.mark.parametrize(("text", "at", "source", "result"), EDITS)
def test_edits_only_what_is_addressed(
    text: str, at: str, source: str | UnsetType, result: str
) -> None:
    assert replace(text, at, source) == result


NOT_JSON = [
    "",
    "{",
    '{"a": 1,}',
    '{"a": NaN}',
    "[-Infinity]",
    "{'a': 1}",
    '{"a": 1} x',
    '{"a": 01}',
    '"\n"',
    "\N{ZERO WIDTH NO-BREAK SPACE}{}",
    "[" * 100_000,
]


@pytest.mark.parametrize("text", NOT_JSON)
def test_refuses_what_is_not_json(text: str) -> None:
    with pytest.raises(JsonSyntaxError):
        locate(text, "/a")
    with pytest.raises(JsonSyntaxError):
        replace('{"a": 1}', "/a", text)


@pytest.mark.parametrize("source", [" 1", "1 ", "\n{}"])
def test_refuses_white_space_around_the_new_value(source: str) -> None:
    with pytest.raises(JsonSyntaxError, match="white space"):
        replace("{}", "/a", source)


def test_a_syntax_error_says_where() -> None:
    with pytest.raises(JsonSyntaxError, match="line 2, column 8"):
        locate('{\n  "a": x}', "/a")
    with pytest.raises(JsonSyntaxError, match="line 1, column 4"):
        locate("{} {}", "/a")


NO_PARENT: list[tuple[str, str, str | UnsetType]] = [
    ("{}", "/a/b", "1"),
    ("{}", "/a/b", UNSET),
    ('{"a": null}', "/a/b", "1"),
    ('{"a": [1]}', "/a/1", "2"),
    ('{"a": [1]}', "/a/0", UNSET),
    ("{}", "", UNSET),
    ("{}", "a", "1"),
]


@pytest.mark.parametrize(("text", "at", "source"), NO_PARENT)
def test_refuses_where_nothing_can_hold_it(text: str, at: str, source: str | UnsetType) -> None:
    with pytest.raises(JsonParentError):
        replace(text, at, source)


def test_refuses_a_doubled_key_on_the_way_only() -> None:
    text = '{"a": 1, "a": 2, "b": {"c": {"d": 1, "d": 2}}}'
    for at in ("/a", "/a/x", "/b/c/d"):
        with pytest.raises(JsonDuplicateError):
            locate(text, at)
        with pytest.raises(JsonDuplicateError):
            replace(text, at, "1")
    assert locate(text, "/b/c") == '{"d": 1, "d": 2}'


def test_every_error_is_one_kind() -> None:
    assert issubclass(JsonSyntaxError, JsonTextError)
    assert issubclass(JsonParentError, JsonTextError)
    assert issubclass(JsonDuplicateError, JsonTextError)


# --- laws ---

KEYS = st.sampled_from(["a", "b", "a/b", "~", "", 'q"\\', "ü", "\N{GRINNING FACE}", "image", "\n"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.sampled_from([1e300, -0.5])
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=8,
)


def rendered(value: Any, dice: random.Random) -> str:
    """The value as JSON, with any white space and either way of writing strings."""

    def space() -> str:
        return "".join(dice.choices(" \t\r\n", k=dice.choice([0, 0, 1, 2])))

    def spaced(source: str) -> str:
        return space() + source + space()

    ascii_only = dice.random() < 0.5
    if isinstance(value, dict):
        members = (
            spaced(json.dumps(key, ensure_ascii=ascii_only)) + ":" + spaced(rendered(inner, dice))
            for key, inner in value.items()
        )
        return "{" + (",".join(members) or space()) + "}"
    if isinstance(value, list):
        items = (spaced(rendered(inner, dice)) for inner in value)
        return "[" + (",".join(items) or space()) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


SEEDS = st.integers(0, 2**32)


def document(value: Any, seed: int) -> tuple[Any, str]:
    dice = random.Random(seed)
    return value, dice.choice(["", "\r\n "]) + rendered(value, dice) + dice.choice(["", "\n"])


DOCUMENTS = st.builds(document, st.dictionaries(KEYS, VALUES, max_size=4), SEEDS)
SOURCES = st.builds(lambda value, seed: rendered(value, random.Random(seed)), VALUES, SEEDS)


def objects_of(value: Any, at: str = "") -> list[str]:
    """The pointers of all objects in the value, itself included."""
    found = [at] if isinstance(value, dict) else []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        if isinstance(inner, dict | list):
            found += objects_of(inner, at + pointer(str(key)))
    return found


def places_of(value: Any, at: str = "") -> list[str]:
    """The pointers of all values in the value, itself included."""
    found = [at]
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            found += places_of(inner, at + pointer(str(key)))
    return found


@settings(max_examples=1000, deadline=None)
@given(DOCUMENTS, SOURCES, st.data())
def test_replacing_leaves_all_other_bytes(
    document: tuple[Any, str], source: str, data: st.DataObject
) -> None:
    value, text = document
    at = data.draw(st.sampled_from(places_of(value)))
    old = locate(text, at)
    assert isinstance(old, str)
    assert json.loads(old) == value_at(value, at)
    changed = replace(text, at, source)
    assert locate(changed, at) == source
    assert replace(changed, at, old) == text
    # The bytes around the value: the text is a prefix, the value and a suffix, nothing else.
    places = [i for i in range(len(text)) if text.startswith(old, i)]
    assert changed in [text[:i] + source + text[i + len(old) :] for i in places]


@settings(max_examples=1000, deadline=None)
@given(DOCUMENTS, SOURCES, KEYS, st.data())
def test_removing_is_the_exact_inverse_of_adding(
    document: tuple[Any, str], source: str, key: str, data: st.DataObject
) -> None:
    value, text = document
    parent = data.draw(st.sampled_from(objects_of(value)))
    holder = value if parent == "" else value_at(value, parent)
    at = parent + pointer(key)
    if key in holder:
        assert replace(replace(text, at, UNSET), at, UNSET) == replace(text, at, UNSET)
        expected = {k: v for k, v in holder.items() if k != key}
        assert json.loads(str(locate(replace(text, at, UNSET), parent))) == expected
        return
    added = replace(text, at, source)
    assert locate(added, at) == source
    assert json.loads(str(locate(added, parent))) == {**holder, key: json.loads(source)}
    assert replace(added, at, UNSET) == text


@settings(max_examples=500, deadline=None)
@given(DOCUMENTS, SOURCES, SOURCES, st.data())
def test_a_member_that_another_appended_stays(
    document: tuple[Any, str], ours: str, theirs: str, data: st.DataObject
) -> None:
    value, text = document
    parent = data.draw(st.sampled_from(objects_of(value)))
    added = replace(text, parent + "/ours", ours)
    appended = replace(added, parent + "/theirs", theirs)
    assert replace(appended, parent + "/ours", UNSET) == replace(text, parent + "/theirs", theirs)


@settings(max_examples=500, deadline=None)
@given(DOCUMENTS, st.data())
def test_edits_undone_in_reverse_order_give_the_first_bytes(
    document: tuple[Any, str], data: st.DataObject
) -> None:
    value, text = document
    now, undo = text, []
    for _ in range(data.draw(st.integers(1, 6))):
        parent = data.draw(st.sampled_from(objects_of(value)))
        at = parent + pointer(data.draw(KEYS))
        undo.append((at, locate(now, at)))
        now = replace(now, at, data.draw(SOURCES))
        value = json.loads(now)
    for at, before in reversed(undo):
        now = replace(now, at, before)
    assert now == text
