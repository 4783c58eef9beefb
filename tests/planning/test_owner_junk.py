"""Who an object belongs to, where its metadata is not as it should be."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.planning.stock.owners import owner_of
from tests.planning.owned import HELM, config, found, reference, service

JUNK: tuple[Any, ...] = (
    None,
    0,
    "x",
    True,
    [],
    {},
    [None],
    [1, "a", [], {}],
    {"a": 1},
    {"name": ["b"]},
    [{"kind": 1, "name": {}, "apiVersion": None, "controller": "yes"}],
)


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize(
    "field", ["labels", "annotations", "ownerReferences", "managedFields", "name", "namespace"]
)
def test_junk_is_nothing(field: str, junk: Any) -> None:
    assert owner_of(config(**{field: junk})) is None
    # The other marks still count.
    meta = {**HELM, field: junk}
    kind = None if field == "annotations" else "Helm"
    assert getattr(owner_of(config(**meta)), "kind", None) == kind


@pytest.mark.parametrize("junk", JUNK)
def test_junk_for_a_whole_object_is_nothing(junk: Any) -> None:
    assert owner_of({**config(), "metadata": junk}) is None
    assert owner_of({**config(), "apiVersion": junk, "kind": junk}) is None


def test_values_of_a_wrong_type_are_passed_over() -> None:
    labels = {"kustomize.toolkit.fluxcd.io/name": 7, "helm.toolkit.fluxcd.io/name": "kserve"}
    assert found(config(labels=labels)).name == "kserve"


def test_controller_must_be_true() -> None:
    for value in (False, None, "true", 1):
        references = [reference("example.com/v1", "Site", "s", controller=value)]
        assert owner_of(config(ownerReferences=references)) is None


def test_what_is_told_is_printable() -> None:
    owner = found(service(labels={"argocd.argoproj.io/instance": "a\x1b[31m"}))
    assert owner.name == "a\\x1b[31m"
    assert "\x1b" not in owner.remedy
