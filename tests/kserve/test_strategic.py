"""Laying objects over one another as Kubernetes and as Go do it.

``strategicpatch/patch.go`` of ``k8s.io/apimachinery`` (``mergeSliceWithoutSpecialElements``,
``normalizeElementOrder``), and ``json.Unmarshal`` into a value that is there already.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from migrate.kserve.strategic import decode_over, merge


def env(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


MERGED: list[tuple[Any, Any, Any]] = [
    ({"a": 1, "b": 2}, {"b": 3, "c": 4}, {"a": 1, "b": 3, "c": 4}),
    ({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}}, {"a": {"x": 1, "y": 3}}),
    ({"a": {"x": 1}}, {"a": "text"}, {"a": "text"}),
    ({"a": "text"}, {"a": {"x": 1}}, {"a": {"x": 1}}),
    ({"args": ["a"]}, {"args": ["b"]}, {"args": ["b"]}),
    ({"env": "odd"}, {"env": env(A="1")}, {"env": env(A="1")}),
    ({"env": env(A="1")}, {"env": "odd"}, {"env": "odd"}),
    ({"env": env(A="1")}, {"env": []}, {"env": env(A="1")}),
    ("a", "b", "b"),
    ({"a": 1}, ["b"], ["b"]),
]


@pytest.mark.parametrize(("base", "patch", "merged"), MERGED)
def test_objects_merge_and_the_rest_is_replaced(base: Any, patch: Any, merged: Any) -> None:
    assert merge(base, patch) == merged


KEYS = [
    ("ports", "containerPort"),
    ("env", "name"),
    ("volumeMounts", "mountPath"),
    ("volumeDevices", "devicePath"),
    ("volumes", "name"),
    ("imagePullSecrets", "name"),
]


@pytest.mark.parametrize(("field", "key"), KEYS)
def test_lists_merge_by_their_keys(field: str, key: str) -> None:
    """The ``patchMergeKey`` tags of ``core/v1``."""
    base = {field: [{key: 1, "x": "base", "only": "base"}, {key: 2, "x": "base"}]}
    patch = {field: [{key: 1, "x": "patch"}, {key: 3}]}
    merged = merge(base, patch)[field]
    assert {item[key]: item.get("x") for item in merged} == {1: "patch", 2: "base", 3: None}
    assert merged[0]["only"] == "base"


def test_other_lists_of_objects_are_replaced() -> None:
    field = {"tolerations": [{"name": "a"}]}
    assert merge({"tolerations": [{"name": "b"}]}, field) == field


ORDERS = [
    ("AB", "CD", "CDAB"),
    ("AB", "BA", "BA"),
    ("AB", "BC", "ABC"),
    ("AB", "CA", "CAB"),
    ("ABC", "B", "ABC"),
    ("ABC", "C", "ABC"),
    ("ABC", "A", "ABC"),
    ("ABC", "CX", "ABCX"),
    ("ABC", "XC", "XABC"),
    ("ABCD", "DB", "ACDB"),
    ("ABCD", "CA", "BCAD"),
    ("", "AB", "AB"),
    ("AB", "", "AB"),
]


@pytest.mark.parametrize(("base", "patch", "order"), ORDERS)
def test_the_order_is_that_of_the_patch_with_the_rest_woven_in(
    base: str, patch: str, order: str
) -> None:
    merged = merge(
        {"env": env(**dict.fromkeys(base, "b"))}, {"env": env(**dict.fromkeys(patch, "p"))}
    )
    assert "".join(item["name"] for item in merged["env"]) == order


def test_a_doubled_item_is_found_at_its_first_place() -> None:
    base = {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}
    merged = merge(base, {"env": env(A="new")})["env"]
    assert [item["value"] for item in merged] == ["new", "2"]


DECODED: list[tuple[Any, Any, Any]] = [
    ({"a": 1, "b": {"x": 1}}, {"b": {"y": 2}, "c": 3}, {"a": 1, "b": {"x": 1, "y": 2}, "c": 3}),
    ({"a": {"x": 1}}, {"a": 2}, {"a": 2}),
    ({"a": 2}, {"a": {"x": 1}}, {"a": {"x": 1}}),
    ([{"x": 1, "y": 1}, {"z": 1}], [{"x": 2}], [{"x": 2, "y": 1}]),
    ([{"x": 1}], [{"y": 1}, {"y": 2}], [{"x": 1, "y": 1}, {"y": 2}]),
    (["a", "b"], ["c"], ["c"]),
    (["a"], "text", "text"),
    ("text", ["a"], ["a"]),
]


@pytest.mark.parametrize(("base", "patch", "decoded"), DECODED)
def test_go_decodes_field_by_field_and_item_by_item(base: Any, patch: Any, decoded: Any) -> None:
    assert decode_over(base, patch) == decoded


@pytest.mark.parametrize("over", [merge, decode_over])
def test_nothing_that_is_given_is_changed(over: Any) -> None:
    base = {"env": env(A="1", B="2"), "a": {"x": [1]}}
    patch = {"env": env(B="3", C="4"), "a": {"y": 1}}
    kept = copy.deepcopy((base, patch))
    over(base, patch)
    assert (base, patch) == kept
