"""Fields before and after, as people read them; credentials are never among them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from migrate.credentials import MASK
from migrate.objects import ObjectRef
from migrate.operations.model import Create, Delete, Edit, Operation, Patch
from migrate.report.fielddiff import operation_lines
from migrate.report.lines import Tone, Toned

RUNTIME = ObjectRef("serving.kserve.io/v1alpha1", "ClusterServingRuntime", "r")
ENV = "/spec/containers/name=c/env"


def lines(change: Create | Patch | Delete) -> list[str]:
    return list(operation_lines(Operation(RUNTIME, change, "")))[1:]


def of_edit(before: Any, after: Any, path: str = ENV, within: str | None = None) -> list[str]:
    return lines(Patch((Edit(path, before, after, within),)))


def variable(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def test_a_field_before_and_after_in_the_colours_of_a_difference() -> None:
    where, old, new = of_edit("a:1", "a:2", "/spec/containers/name=c/image")
    assert where == "    /spec/containers/name=c/image"
    assert (old, new) == ('      - "a:1"', '      + "a:2"')
    assert isinstance(old, Toned)
    assert isinstance(new, Toned)
    assert (old.tone, new.tone) == (Tone.REMOVED, Tone.ADDED)


def test_of_a_list_of_variables_only_what_differs_wherever_it_stands() -> None:
    before = [variable("A", "1"), variable("B", "2"), variable("GONE", "3")]
    after = [variable("NEW", "4"), variable("A", "1"), variable("B", "5")]
    assert of_edit(before, after) == [
        f"    {ENV}",
        '      - /name=B/value: "2"',
        '      + /name=B/value: "5"',
        '      - /name=GONE: {"name":"GONE","value":"3"}',
        '      + /name=NEW: {"name":"NEW","value":"4"}',
    ]


@pytest.mark.parametrize("former", [UNSET, [variable("GONE", "1")]])
def test_lists_that_have_nothing_in_common_are_told_item_by_item(former: Any) -> None:
    gone = [] if former is UNSET else ['      - /name=GONE: {"name":"GONE","value":"1"}']
    assert of_edit(former, [variable("A", "1"), variable("B", "2"), variable("C", "3")])[1:] == [
        '      + /name=A: {"name":"A","value":"1"}',
        '      + /name=B: {"name":"B","value":"2"}',
        '      + /name=C: {"name":"C","value":"3"}',
        *gone,
    ]


def test_documents_in_a_text_are_compared_inside() -> None:
    before, after = '{"image": "a", "v": [1, {"x": null}]}', '{"image": "b", "v": [1, {"x": 2}]}'
    told = of_edit(before, after, "/data/predictors", "/sklearn")
    assert told == [
        "    /data/predictors /sklearn",
        '      - /image: "a"',
        '      + /image: "b"',
        "      - /v/1/x: null",
        "      + /v/1/x: 2",
    ]


def test_what_was_not_there_and_text_that_is_no_json() -> None:
    assert of_edit(UNSET, ["--x"], "/args")[1:] == ['      + /0: "--x"']
    assert of_edit(["--x"], UNSET, "/args")[1:] == ['      - /0: "--x"']
    assert of_edit(UNSET, [], "/args")[1:] == ["      - (none)", "      + []"]
    assert of_edit('"v1"', "{broken", "/data/x", "/y")[1:] == ['      - "v1"', "      + {broken"]


def test_whole_objects_leaf_by_leaf() -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "X",
        "metadata": {"name": "x"},
        "spec": {"containers": [{"name": "c", "image": "a:1"}], "list": [1, 2], "empty": {}},
    }
    told = [line.strip() for line in lines(Create(manifest))]
    assert told == [
        '+ /spec/containers/name=c/name: "c"',
        '+ /spec/containers/name=c/image: "a:1"',
        "+ /spec/list/0: 1",
        "+ /spec/list/1: 2",
        "+ /spec/empty: {}",
    ]
    assert [line.strip() for line in lines(Delete(manifest))] == [f"-{t[1:]}" for t in told]


SECRET = "s3cr3t-v4lue"
SHOWN = [
    ("old", SECRET, f"{ENV}/name=API_TOKEN/value", None),
    (SECRET, SECRET + "2", "/spec/password", None),
    (["--x", "--token", "old"], ["--x", "--token", SECRET], "/args", None),
    (["--api-key=old"], [f"--api-key={SECRET}"], "/args", None),
    ([variable("TOKEN", SECRET)], [variable("TOKEN", SECRET + "2")], ENV, None),
    ([variable("A", "1")], [variable("A", "1"), variable("TOKEN", SECRET)], ENV, None),
    ("s3://b", f"https://me:{SECRET}@host/model", "/spec/storageUri", None),
    ("s3://b", f"see https://me:{SECRET}@host", "/spec/text", None),
    ("s3://b", f"https://host/model?sv=1&sig={SECRET}", "/spec/storageUri", None),
    ('"old"', f'"{SECRET}"', "/data/credentials", "/s3/accessKey"),
    ('{"a": 1}', f'{{"a": 1, "password": "{SECRET}"}}', "/data/credentials", "/s3"),
]


@pytest.mark.parametrize(("before", "after", "path", "within"), SHOWN)
def test_credentials_are_hidden(before: Any, after: Any, path: str, within: str | None) -> None:
    told = "\n".join(of_edit(before, after, path, within))
    assert SECRET not in told
    assert MASK in told


def test_credentials_are_hidden_in_whole_objects() -> None:
    manifest = {"spec": {"containers": [{"name": "c", "env": [variable("TOKEN", SECRET)]}]}}
    for change in (Create(manifest), Delete(manifest)):
        told = "\n".join(lines(change))
        assert MASK in told
        assert SECRET not in told


def test_a_document_in_a_configmap_is_looked_into() -> None:
    before, after = '{"a": 1, "token": "t"}', '{"a":2,"token":"u"}'
    assert of_edit(before, after, "/data/ingress")[1:] == [
        "      - /a: 1",
        "      + /a: 2",
        f'      - /token: "{MASK}"',
        f'      + /token: "{MASK}"',
    ]
    assert of_edit('{"a": 1}', '{ "a":1 }', "/data/ingress")[1:] == [
        "      the same values, laid out in another way"
    ]
    assert of_edit("1", "2", "/data/plain")[1:] == ['      - "1"', '      + "2"']
    assert of_edit('{"a": 1}', '{"a": 2}', "/spec/x")[1:] == [
        '      - "{\\"a\\": 1}"',
        '      + "{\\"a\\": 2}"',
    ]
