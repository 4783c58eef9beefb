"""Decoding ``predictors``: every row of legacy-predictors 1.1, 1.2, and what is reported."""

from __future__ import annotations

import json

import pytest

from migrate.errors import Exit
from migrate.kserve.predictors import Entry, PredictorsError, decode
from migrate.kserve.problems import ProblemKind
from tests.kserve.release import NAMES, rules, shipped, shipped_text

SHA = f"sha256:{'a' * 64}"
READERS = ["0.7", "0.8", "0.9"]

# 1.2, rows 1 and 2, and their likes: where, what was expected, what was found.
TYPE_ERRORS = [
    ('{"tensorflow": {"defaultTimeout": 60}}', "/tensorflow/defaultTimeout", "in quotes", "60"),
    ('{"tensorflow": {"defaultTimeout": ""}}', "/tensorflow/defaultTimeout", "in quotes", '""'),
    ('{"Onnx": {"MultiModelServer": "true"}}', "/Onnx/MultiModelServer", "true or", '"true"'),
    ('{"onnx": {"supportedFrameworks": "x"}}', "/onnx/supportedFrameworks", "list", '"x"'),
    ('{"onnx": {"supportedFrameworks": ["x", 1]}}', "/onnx/supportedFrameworks/1", "string", "1"),
    ('{"sklearn": {"v1": {"image": 1}}}', "/sklearn/v1/image", "a string", "1"),
    ('{"sklearn": {"v1": {"image": {}}}}', "/sklearn/v1/image", "a string", "an object"),
    ('{"sklearn": {"v2": []}}', "/sklearn/v2", "an object", "a list"),
    ('{"paddle": "kserve/x:1"}', "/paddle", "an object", '"kserve/x:1"'),
    ('"text"', "", "an object", '"text"'),
    ("[]", "", "an object", "a list"),
]


@pytest.mark.parametrize("release", READERS)
@pytest.mark.parametrize(("text", "pointer", "expected", "found"), TYPE_ERRORS)
def test_a_type_error_says_what_and_where(
    text: str, pointer: str, expected: str, found: str, release: str
) -> None:
    with pytest.raises(PredictorsError) as caught:
        decode(text, rules(release))
    fault = caught.value.fault
    assert (fault.pointer, fault.found, fault.line, fault.go_fails) == (pointer, found, 0, True)
    assert expected in fault.expected
    assert (pointer or "the document") in str(caught.value)
    assert caught.value.code is Exit.BLOCKED


# 1.2: a trailing comma, and the rest of what is no JSON.
SYNTAX_ERRORS = [
    ('{\n  "onnx": {},\n}', 3, 1),
    ("", 1, 1),
    ("{} x", 1, 4),
    ('{"a": 1,\n "b": NaN}', 2, 7),
    ('{"NaN": "Infinity \\" NaN", "a": -Infinity}', 1, 33),
    ("{'a': 1}", 1, 2),
]


@pytest.mark.parametrize(("text", "line", "column"), SYNTAX_ERRORS)
def test_a_syntax_error_says_where(text: str, line: int, column: int) -> None:
    with pytest.raises(PredictorsError, match=f"line {line}, column {column}") as caught:
        decode(text, rules("0.7"))
    assert (caught.value.fault.line, caught.value.fault.column) == (line, column)
    assert caught.value.fault.go_fails


def test_a_document_nested_too_deep_is_an_error_as_well() -> None:
    with pytest.raises(PredictorsError, match="nested too deep"):
        decode("[" * 100_000, rules("0.7"))


# 1.2: "Duplicate key: last wins". Nobody should have to know.
DOUBLED = [
    ('{"onnx": {}, "onnx": {}}', "/onnx"),
    ('{"onnx": {}, "ONNX": {}}', "/ONNX"),
    ('{"onnx": {"image": "a", "Image": "b"}}', "/onnx/Image"),
    ('{"sklearn": {"v1": {}, "V1": {}}}', "/sklearn/V1"),
    ('{"sklearn": {"v2": {"image": "a", "image": "a"}}}', "/sklearn/v2/image"),
    ('{"other": 1, "Other": 2}', "/Other"),
]


@pytest.mark.parametrize(("text", "pointer"), DOUBLED)
def test_a_doubled_key_is_refused_though_go_takes_it(text: str, pointer: str) -> None:
    with pytest.raises(PredictorsError) as caught:
        decode(text, rules("0.7"))
    assert (caught.value.fault.pointer, caught.value.fault.go_fails) == (pointer, False)


def test_a_key_is_named_as_it_is_written() -> None:
    with pytest.raises(PredictorsError, match="found 'A/b~1c' and 'a/b~1c'") as caught:
        decode('{"A/b~1c": 1, "a/b~1c": 1}', rules("0.7"))
    assert caught.value.fault.pointer == "/a~1b~01c"


def test_doubled_keys_in_what_nobody_reads_are_no_business_of_ours() -> None:
    decode('{"other": {"a": 1, "A": 2, "a": 3}}', rules("0.7"))


def test_keys_match_in_any_case_and_keep_their_spelling() -> None:
    """1.2: "Key case: matched case-insensitively"."""
    text = '{"Tensorflow": {"IMAGE": "a/b", "defaultimageversion": "1", "DefaultTimeout": "60"}}'
    predictors = decode(text, rules("0.9"))
    entry = Entry("tensorflow", "", "/Tensorflow", "a/b", "1", "", 60)
    assert predictors.entry("tensorflow") == entry
    assert predictors.found["tensorflow", "image"].pointer == "/Tensorflow/IMAGE"


@pytest.mark.parametrize("text", ["{}", "null", None, '{"tensorflow": null, "sklearn": null}'])
def test_null_and_missing_are_zero(text: str | None) -> None:
    """1.2: null for an entry, timeout missing, the key absent."""
    predictors = decode(text, rules("0.9"))
    assert predictors.entry("tensorflow") == Entry("tensorflow")
    assert predictors.entry("sklearn", "v1") is None
    assert predictors.entry("sklearn", "v2") is None


PROBLEMS = [
    # 1.2: unknown framework, unknown field.
    ("0.7", '{"mxnet": {}}', ProblemKind.UNKNOWN, "/mxnet"),
    ("0.7", '{"onnx": {"allowed": []}}', ProblemKind.UNKNOWN, "/onnx/allowed"),
    ("0.9", '{"sklearn": {"V3": {}}}', ProblemKind.UNKNOWN, "/sklearn/V3"),
    # 1.2: flat sklearn and xgboost; flat pytorch on 0.7; v1 or v2 missing or null.
    ("0.9", '{"sklearn": {"image": "x"}}', ProblemKind.UNREAD, "/sklearn/image"),
    ("0.9", '{"sklearn": {"image": "x"}}', ProblemKind.MISSING, "/sklearn/v1"),
    ("0.9", '{"xgboost": {"v1": {}, "V2": null}}', ProblemKind.MISSING, "/xgboost/V2"),
    ("0.7", '{"pytorch": {"Image": "x"}}', ProblemKind.UNREAD, "/pytorch/Image"),
    ("0.7", '{"pytorch": {"Image": "x"}}', ProblemKind.MISSING, "/pytorch/v2"),
    ("0.7", "{}", ProblemKind.MISSING, "/pytorch/v1"),
    # 1.2: nested pytorch on 0.8 and 0.9.
    ("0.8", '{"pytorch": {"v1": {"image": "x"}}}', ProblemKind.UNREAD, "/pytorch/v1"),
    ("0.9", '{"pytorch": {"v1": {"image": "x"}}}', ProblemKind.NO_IMAGE, "/pytorch/image"),
    # 1.1: the image is a repository, without tag or digest.
    ("0.7", '{"onnx": {"image": "a/b:1"}}', ProblemKind.BAD_IMAGE, "/onnx/image"),
    ("0.7", f'{{"onnx": {{"image": "a@{SHA}"}}}}', ProblemKind.BAD_IMAGE, "/onnx/image"),
    ("0.7", '{"onnx": {"image": "a b"}}', ProblemKind.BAD_IMAGE, "/onnx/image"),
    # 2.7: a text without images; 0.7 has no version for new services either.
    ("0.8", '{"onnx": {"defaultImageVersion": "1"}}', ProblemKind.NO_IMAGE, "/onnx/image"),
    ("0.7", '{"onnx": {"IMAGE": "x"}}', ProblemKind.NO_VERSION, "/onnx/defaultImageVersion"),
]  # fmt: skip


@pytest.mark.parametrize(("release", "text", "kind", "pointer"), PROBLEMS)
def test_reports_what_does_not_do_what_it_looks_like(
    release: str, text: str, kind: ProblemKind, pointer: str
) -> None:
    found = [p for p in decode(text, rules(release)).problems if p.pointer == pointer]
    assert [p.kind for p in found] == [kind]
    assert all(p.text for p in found)


FINE = [
    ("0.9", '{"onnx": {"image": "a/b"}}', "/onnx"),
    ("0.7", '{"onnx": {"image": "r:5/b", "defaultImageVersion": "1"}}', "/onnx"),
    ("0.9", '{"pytorch": {"image": "x"}}', "/pytorch"),
    ("0.7", '{"pytorch": {"v1": {"image": "x", "defaultImageVersion": "1"}}}', "/pytorch/v1"),
]


@pytest.mark.parametrize(("release", "text", "below"), FINE)
def test_reports_nothing_where_all_is_well(release: str, text: str, below: str) -> None:
    problems = decode(text, rules(release)).problems
    assert [p for p in problems if p.pointer.startswith(below)] == []


def test_a_problem_names_format_and_key() -> None:
    text = '{"sklearn": {"v1": {"image": "a:1"}}, "mxnet": {"v1": 1}}'
    named = {(p.format, p.key, p.kind.value) for p in decode(text, rules("0.9")).problems}
    assert {("sklearn", "v1", "bad-image"), ("sklearn", "v2", "missing")} <= named
    assert ("mxnet", "", "unknown") in named


def test_types_matter_only_where_the_release_looks() -> None:
    """Go decodes a value only for a field that the struct has."""
    decode('{"pytorch": {"v1": {"image": 1}}}', rules("0.9"))
    decode('{"sklearn": {"image": 1}}', rules("0.9"))
    with pytest.raises(PredictorsError):
        decode('{"pytorch": {"v1": {"image": 1}}}', rules("0.7"))


def test_0_10_does_not_look_at_all() -> None:
    predictors = decode("{ not even JSON", rules("0.10"))
    assert predictors.entries == ()
    assert [p.kind for p in predictors.problems] == [ProblemKind.UNREAD]
    assert decode(None, rules("0.10")).problems == ()


@pytest.mark.parametrize("name", NAMES)
def test_each_release_reads_all_of_its_own_text_but_pytorch(name: str) -> None:
    """1.3, note 4: 0.8 restored and 0.9 nest pytorch, and read it flat."""
    unread = {p.pointer for p in shipped(name).problems if p.kind is ProblemKind.UNREAD}
    nests = name in ("0.8.0-restored", "0.9.0-install")
    assert unread == ({"/pytorch/v1", "/pytorch/v2"} if nests else set())
    others = {p.kind for p in shipped(name).problems} - {ProblemKind.UNREAD, ProblemKind.NO_IMAGE}
    assert others == set()


@pytest.mark.parametrize("name", NAMES)
def test_the_pointers_lead_to_what_was_read(name: str) -> None:
    predictors, document = shipped(name), json.loads(shipped_text(name))
    for entry in predictors.entries:
        at = document
        for part in entry.pointer.split("/")[1:]:
            at = at[part]
        assert at.get("image", "") == entry.image
        assert at.get("defaultTimeout", "0") == str(entry.default_timeout)
        assert str(entry) == entry.pointer.removeprefix("/")
