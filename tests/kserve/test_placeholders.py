"""Placeholders in a container: ``ReplacePlaceholders`` in ``utils/utils.go``, 0.8 to 0.20.

What Go makes of a text is that of ``html/template`` over the container's JSON.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.metadata import Metadata
from migrate.kserve.placeholders import PlaceholderError, UnknownPlaceholderError, fill_in

META = msgspec.convert(
    {
        "name": "bar",
        "namespace": "team",
        "uid": "u-1",
        "resourceVersion": "77",
        "generation": 3,
        "labels": {"modelDir": "/mnt/models", "html": "<a href=\"x\">'b' & +</a>", "x/y": "slash"},
        "annotations": {
            "note": "noted",
            "quote": 'a"b',
            "back": "a\\bc",
            "broken": "a\\x",
            "nil": "\0",
        },
    },
    Metadata,
)
BARE = Metadata("bar")


def filled(text: str, meta: Metadata = META) -> str:
    found: list[str] = fill_in({"args": [text]}, meta)["args"]
    return found[0]


FIELDS = [
    ("--foo={{.Name}}", "--foo=bar"),
    ("{{.Namespace}}", "team"),
    ("{{.UID}}", "u-1"),
    ("{{.ResourceVersion}}", "77"),
    ("{{.Generation}}", "3"),
    ("{{.Labels.modelDir}}", "/mnt/models"),
    ("{{.Annotations.note}}", "noted"),
    ("{{.Labels.missing}}", ""),
    ("{{.Annotations.missing}}", ""),
    ("{{ .Name }}", "bar"),
    ("{{.Name}}-{{.Namespace}}", "bar-team"),
    ("a {{- .Name}} b", "abar b"),
    ("a {{- .Name -}} b", "abarb"),
    ("a {{ .Name -}} b", "a barb"),
    ("a {{- .Name }} b", "abar b"),
    ("a{{/* nothing */}}b", "ab"),
    ("{{index .Labels `x/y`}}", "slash"),
    ("{{index  .Annotations  `note`}}", "noted"),
    ("{{index .Labels `missing`}}", ""),
]


@pytest.mark.parametrize(("text", "value"), FIELDS)
def test_fields_of_the_metadata_are_filled_in(text: str, value: str) -> None:
    assert filled(text) == value


@pytest.mark.parametrize("text", ["}} alone", "{ {.Name} }", "<&> é \u2028", "{"])
def test_what_is_no_placeholder_stays(text: str) -> None:
    assert filled(text) == text
    assert filled(f"{text}-{{{{.Name}}}}") == f"{text}-bar"


@pytest.mark.parametrize("text", ["{{.Labels.x}}", "{{.Annotations.x}}", "{{index .Labels `x`}}"])
def test_a_key_of_no_labels_at_all_is_empty(text: str) -> None:
    assert filled(text, BARE) == ""


def test_a_number_that_is_unset_is_zero() -> None:
    assert filled("{{.Generation}}{{.UID}}{{.ResourceVersion}}{{.Namespace}}", BARE) == "0"


def test_values_are_escaped_for_html() -> None:
    """``htmlReplacementTable`` of ``html/template``."""
    escaped = "&lt;a href=&#34;x&#34;&gt;&#39;b&#39; &amp; &#43;&lt;/a&gt;"
    assert filled("{{.Labels.html}}") == escaped
    assert filled("{{.Annotations.quote}}") == "a&#34;b"
    assert filled("{{.Annotations.nil}}") == "\N{REPLACEMENT CHARACTER}"


def test_other_parts_of_the_container_stay() -> None:
    container: dict[str, Any] = {
        "name": "kserve-container",
        "env": [{"name": "A", "value": "{{.Name}} <&> \u2028\u2029 é"}],
        "resources": {"limits": {"cpu": "1"}},
        "ports": [{"containerPort": 8080}],
    }
    env = [{"name": "A", "value": "bar <&> \u2028\u2029 é"}]
    assert fill_in(container, META) == {**container, "env": env}
    assert fill_in({"image": "x"}, META) == {"image": "x"}


def test_a_value_can_break_the_json() -> None:
    with pytest.raises(PlaceholderError, match="break the JSON"):
        filled("{{.Annotations.broken}}")
    assert filled("{{.Annotations.back}}") == "a\bc"


FAILS = [
    ("{{.Nonsense}}", "no such field"),
    ("{{.Name.first}}", "no such field"),
    ("{{.Labels.a.b}}", "a text has no fields"),
    ("{{.Annotations.a.b.c}}", "a text has no fields"),
    ("{{.name}}", "no such field"),
    ("{{.Name", "not closed"),
    ("{{.Name}} {{.Name", "not closed"),
    ("{{}}", "is no template"),
    ("{{ }}", "is no template"),
    ("{{.Name-x}}", "is no template"),
    ("{{Name}}", "is no template"),
    ('{{index .Labels "a"}}', "is no template"),
    ("{{..Name}}", "is no template"),
    ("{{1a}}", "is no template"),
]


@pytest.mark.parametrize(("text", "reason"), FAILS)
def test_go_fails_on_what_is_no_template(text: str, reason: str) -> None:
    with pytest.raises(PlaceholderError, match=reason):
        filled(text)


UNKNOWN = [
    *("Labels", "Annotations", "GenerateName", "SelfLink", "CreationTimestamp", "ClusterName"),
    *("DeletionTimestamp", "DeletionGracePeriodSeconds", "OwnerReferences", "Finalizers"),
    *("ManagedFields", "ZZZ_DeprecatedClusterName"),
]


@pytest.mark.parametrize("name", UNKNOWN)
def test_other_fields_of_metadata_are_left_to_go(name: str) -> None:
    with pytest.raises(UnknownPlaceholderError, match="only Go"):
        filled(f"{{{{.{name}}}}}")


@pytest.mark.parametrize(
    "action",
    [
        *("true", "false", "nil", "print", "printf", "println", "html", "js", "urlquery"),
        *("len", "not", "printf `%s` .Name", "if .Name", "range .Labels", ".Name | html"),
        *("$x := .Name", "1", "index .Labels `a` `b`", "`text`"),
    ],
)
def test_cleverer_templates_are_left_to_go(action: str) -> None:
    with pytest.raises(UnknownPlaceholderError, match="only Go"):
        filled(f"{{{{{action}}}}}")
