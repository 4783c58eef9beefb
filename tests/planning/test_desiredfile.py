"""desired.yaml and its JSON Schema: both say the same of every example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import migrate.schemas
from migrate.commands import yamlfile
from migrate.errors import UsageError
from migrate.planning.model.desired import Desired, EnvVar, Exempt
from migrate.planning.model.desiredfile import from_document, schema
from tests.planning.desired_examples import BAD, BEYOND_SCHEMA, GOOD, HEAD, combinations, file_of

VALID = jsonschema.Draft202012Validator(schema())


def load(text: str) -> tuple[Desired, ...]:
    found = yamlfile.parse(text.encode(), "desired.yaml")
    return from_document(found.value, found.name, found.lines)


def is_read(document: Any) -> bool:
    try:
        from_document(document, "desired.yaml")
    except UsageError:
        return False
    return True


def test_every_field() -> None:
    text = """
apiVersion: kmigrate.dev/v1alpha1
kind: Desired
images:
  - format: pytorch
    protocol: v2
    gpu: true
    image: registry.example.com/ts:1-gpu
  - runtime: kserve-sklearnserver
    env:
      - name: PREDICT_PROBA
        value: "True"
    args: [--workers=2]
    exceptions:
      - namespaces: [fraud]
        selector: tier=gold
        image: registry.example.com/sk:old
"""
    assert load(text) == (
        Desired(format="pytorch", protocol="v2", gpu=True, image="registry.example.com/ts:1-gpu"),
        Desired(
            runtime="kserve-sklearnserver",
            env=(EnvVar("PREDICT_PROBA", "True"),),
            args=("--workers=2",),
            exceptions=(
                Exempt(
                    namespaces=("fraud",),
                    selector="tier=gold",
                    image="registry.example.com/sk:old",
                ),
            ),
        ),
    )


@pytest.mark.parametrize("name", GOOD)
def test_a_good_example(name: str) -> None:
    load(GOOD[name])
    VALID.validate(yaml.safe_load(GOOD[name]))


@pytest.mark.parametrize("name", BAD)
def test_a_bad_example(name: str) -> None:
    text, words = BAD[name]
    with pytest.raises(UsageError) as caught:
        load(text)
    assert caught.value.message.startswith("desired.yaml: line "), caught.value.message
    for word in words:
        assert word in caught.value.message, caught.value.message
    assert VALID.is_valid(yaml.safe_load(text)) == (name in BEYOND_SCHEMA)


def test_all_faults_are_told_at_once_and_in_order() -> None:
    with pytest.raises(UsageError) as caught:
        load(file_of("format: 1, image: a", "format: s, image: 2", "imgae: b"))
    assert [line[:34] for line in caught.value.message.splitlines()] == [
        "desired.yaml: line 4: images[0].fo",
        "desired.yaml: line 5: images[1].im",
        "desired.yaml: line 6: images[2].im",
    ]


def test_very_many_faults_are_cut_short() -> None:
    with pytest.raises(UsageError) as caught:
        load(file_of(*["format: 1, image: a"] * 11))
    assert len(caught.value.message.splitlines()) == 11
    assert caught.value.message.endswith("\nand more")
    with pytest.raises(UsageError) as caught:
        load(file_of(*["format: 1, image: a"] * 10))
    assert "and more" not in caught.value.message


def test_a_very_long_key_is_cut_short() -> None:
    with pytest.raises(UsageError) as caught:
        load(HEAD + "images: []\n? " + "k" * 5000 + "\n: 1\n")
    assert len(caught.value.message) < 600


def test_a_value_is_not_shown_for_it_may_be_a_credential() -> None:
    with pytest.raises(UsageError) as caught:
        load(file_of("format: s, args: [hunter2], env: [{name: A, value: [hunter2]}]"))
    assert "hunter2" not in caught.value.message
    assert "args[0]" in caught.value.message
    assert "env[0].value" in caught.value.message


def test_schema_and_loader_agree_on_every_choice_of_fields() -> None:
    verdicts = set()
    for item in combinations():
        document = {"apiVersion": "kmigrate.dev/v1alpha1", "kind": "Desired", "images": [item]}
        assert VALID.is_valid(document) == is_read(document), item
        verdicts.add(is_read(document))
    assert verdicts == {True, False}


def test_without_lines_the_place_is_told_alone() -> None:
    with pytest.raises(UsageError) as caught:
        from_document({**yaml.safe_load(HEAD), "images": [{"format": 1}]}, "d")
    assert caught.value.message.startswith("d: images[0].format: expected")


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_the_shipped_schema_is_what_the_structs_say() -> None:
    shipped = Path(migrate.schemas.__path__[0]) / "desired.schema.json"
    assert json.loads(shipped.read_text(encoding="utf-8")) == schema()
