"""A YAML file written by people: what is read, and what is refused with its line."""

from __future__ import annotations

import json
import os
import re
import threading
from pathlib import Path

import pytest
import yaml

from migrate.commands import yamlfile
from migrate.commands.yamlfile import LIMIT, parse, read
from migrate.errors import UsageError

LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]


@pytest.fixture(params=LOADERS, ids=lambda loader: loader.__name__, autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test with PyYAML's own reader and with libyaml's, whichever is installed."""
    monkeypatch.setattr(yamlfile, "_Loader", request.param)


def refused(data: bytes) -> str:
    with pytest.raises(UsageError) as caught:
        parse(data, "desired.yaml")
    return caught.value.message


TEXT = """# a comment
a: text
b:
  - 1
  - 1.5
  - {c: true, d: null}
"e f": 'g'
"""


def test_values_and_the_line_of_each() -> None:
    found = parse(TEXT.encode(), "desired.yaml")
    assert found.value == yaml.safe_load(TEXT)
    assert found.lines == {
        (): 2,
        ("a",): 2,
        ("b",): 3,
        ("b", 0): 4,
        ("b", 1): 5,
        ("b", 2): 6,
        ("b", 2, "c"): 6,
        ("b", 2, "d"): 6,
        ("e f",): 7,
    }


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "Off",
        "~",
        "",
        "010",
        "0x1f",
        "1_000",
        "12:30:45",
        "1e3",
        "1.5e+3",
        ".inf",
        "-1",
        "a",
        "'1'",
        '"2020-01-01"',
        "|\n  a\n  b\n",
        ">-\n  a\n  b\n",
        "[]",
        "{}",
        "caf\u00e9 \U0001f600",
    ],
)
def test_scalars_are_as_in_yaml_1_1(text: str) -> None:
    data = f"a: {text}\n".encode()
    assert repr(parse(data, "d").value) == repr(yaml.safe_load(data))


def test_json_is_yaml() -> None:
    value = {"a": [1, 2.5, "b", None, True, {"c": 'd\n"e" \u00e9'}], "f": {}}
    for indent in (None, 2):
        assert parse(json.dumps(value, indent=indent).encode(), "d").value == value


@pytest.mark.parametrize("start", [b"---\n", b"%YAML 1.1\n---\n", b"\xef\xbb\xbf", b"# a\n\n"])
@pytest.mark.parametrize("end", [b"", b"...\n", b"# a\n"])
def test_what_may_stand_around_a_document(start: bytes, end: bytes) -> None:
    assert parse(start + b"a: 1\n" + end, "d").value == {"a": 1}


@pytest.mark.parametrize("data", [b"", b"\n\n", b"# only a comment\n", b"\xef\xbb\xbf"])
def test_an_empty_file(data: bytes) -> None:
    assert refused(data) == "desired.yaml: expected a document, found nothing"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a: 1\n---\nb: 1\n", "line 2: expected one document, found a second one"),
        (b"a: 1\n---\n", "line 2: expected one document"),
        (b"a: 1\nb: 1\na: 1\n", "line 3: expected each key once, found a on line 1 too"),
        (b"a:\n- b: 1\n  'b': 2\n", "line 3: expected each key once, found b on line 2 too"),
        (b"a: &x [1]\nb: *x\n", "line 2: expected a value, found an alias (*)"),
        (b"a: &x [*x]\n", "line 1: expected a value, found an alias"),
        (b"a: {b: 1}\nc:\n  <<: {d: 1}\n", "line 3: expected text, found a merge key (<<)"),
        (b"a: 1\nb: 2020-01-01\n", "line 2: expected text, found a date"),
        (b"a: 2020-01-01T10:00:00Z\n", "line 1: expected text, found a date"),
        (b"a: 2026-13-45\n", "line 1: expected text, found a date"),
        (b"a: =\n", "line 1: expected text, found a default value (=)"),
        (b"a: !!str 1\n", "line 1: expected a value, found a tag (tag:yaml.org,2002:str)"),
        (b"a: !!binary aGk=\n", "found a tag"),
        (b"a: !!python/object/apply:os.getcwd []\n", "found a tag"),
        (b"a: !!set {b}\n", "found a tag"),
        (b"a: !b 1\n", "found a tag (!b)"),
        (b"a: 0b_\n", "line 1: expected text, found what is almost a number"),
        (b"a: " + b":".join([b"59"] * 300) + b".5\n", "almost a number"),
        (b"a: " + b"9" * 5000 + b"\n", "almost a number"),
        (b"1: a\n", "line 1: expected a key that is text"),
        (b"a: 1\non: a\n", "line 2: expected a key that is text"),
        (b"? [a]\n: b\n", "line 1: expected a key that is text"),
        (b"? *a\n: b\n", "line 1: expected a key that is text"),
        (b"a:\n\t- b\n", "line 2: expected spaces for indentation, found a tab"),
        (b"a:\n  b: 1\n\tc: 1\n", "line 3: expected spaces for indentation, found a tab"),
        (b"a: 1\nb: \x07\n", "line 2: expected text, found the control character '\\x07'"),
        (b"a: 1\nb: \x00\n", "line 2: expected text, found the control character '\\x00'"),
        (b"a: 1\nb: caf\xe9\n", "line 2: expected UTF-8, found byte 0xe9"),
        ("a: 1\n".encode("utf-16"), "line 1: expected UTF-8, found byte 0xff"),
        (b'a: 1\nb: "\\ud800"\n', "line 2: "),
        (b"a: [1\n", "line "),
        (b"a: b: c\n", "line 1: mapping values are not allowed"),
        (b"a: 'b\n", "line "),
        (b"a: %b\n", "line 1: found character"),
        (b"[" * 21, "line 1: expected at most 20 levels"),
        (b"[" * (1 << 20), "line 1: expected at most 20 levels"),
        (b"{a: " * 200_000, "line 1: expected at most 20 levels"),
        (b"- " * 500_000, "line 1: expected at most 20 levels"),
    ],
    ids=lambda value: re.sub(r"\W+", " ", repr(value[:40])),
)
def test_what_is_refused(data: bytes, words: str) -> None:
    message = refused(data)
    assert message.startswith("desired.yaml: line "), message
    assert words in message


def test_twenty_levels_are_read() -> None:
    assert parse(b"[" * 20 + b"]" * 20, "d").value == eval("[" * 20 + "]" * 20)


def test_a_bomb_of_aliases_is_refused_before_it_is_unfolded() -> None:
    rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert "alias" in refused("\n".join(["a0: &a0 [x]", *rows]).encode())


def test_what_the_file_holds_is_not_quoted_with_a_fault() -> None:
    assert "hunter2" not in refused(b"password: 'hunter2\n")
    assert "hunter2" not in refused(b"password: hunter2: hunter2\n")


def test_one_mebibyte_is_read_and_a_byte_more_is_not(tmp_path: Path) -> None:
    file = tmp_path / "desired.yaml"
    file.write_bytes(b"#" * (LIMIT - 5) + b"\na: 1")
    assert read(str(file)).value == {"a": 1}
    file.write_bytes(b"#" * (LIMIT - 4) + b"\na: 1")
    with pytest.raises(UsageError, match="expected at most 1 MiB, found more"):
        read(str(file))


def test_of_a_pipe_that_never_ends_only_the_limit_is_read() -> None:
    source, sink = os.pipe()

    def fill() -> None:
        with os.fdopen(sink, "wb", buffering=0) as stream:
            try:
                while True:
                    stream.write(b"#" * 65536)
            except BrokenPipeError:
                return

    writer = threading.Thread(target=fill)
    writer.start()
    try:
        with pytest.raises(UsageError, match="expected at most 1 MiB"):
            read(f"/dev/fd/{source}")
    finally:
        os.close(source)
        writer.join()


def test_a_pipe_is_read_to_its_end() -> None:
    source, sink = os.pipe()
    with os.fdopen(sink, "wb") as stream:
        stream.write(b"a: 1\n")
    try:
        assert read(f"/dev/fd/{source}").value == {"a": 1}
    finally:
        os.close(source)


@pytest.mark.parametrize(
    ("file", "reason"),
    [(".", "Is a directory"), ("none.yaml", "No such file"), ("a\0b", "null"), ("a" * 300, "long")],
)
def test_what_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        read(file)
    assert caught.value.message.startswith(f"{file}: ")
    assert reason in caught.value.message
