"""What is missing of an object that was to be stored."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.operations.classify import contains, lacking


@pytest.mark.parametrize(
    ("live", "wanted", "fields"),
    [
        ({"a": 1, "more": 2}, {"a": 1}, []),
        ({}, {"a": 1}, ["/a"]),
        ({}, {"a": None}, ["/a"]),
        ({}, {"a": {}}, ["/a"]),
        ({"a": None}, {"a": None}, []),
        ({"a/b": {"c": 2}}, {"a/b": {"c": 1, "d": 1}}, ["/a~1b/c", "/a~1b/d"]),
        ({"l": [{"a": 1, "b": 2}]}, {"l": [{"a": 1}]}, []),
        ({"l": [{"a": 1}]}, {"l": [{"a": 1, "b": {"c": 3}}]}, ["/l/0/b"]),
        ({"l": [1, 2]}, {"l": [1]}, ["/l"]),
        ({"l": "text"}, {"l": ["text"]}, ["/l"]),
        ({"a": 1}, {"a": {"b": 1}}, ["/a"]),
    ],
)
def test_each_field_is_named(live: Any, wanted: Any, fields: list[str]) -> None:
    assert list(lacking(live, wanted)) == fields
    assert contains(live, wanted) is (not fields)
