"""Permissions of a run in many namespaces: asked for all of them first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.commands.access import MANY, refuse_denied
from migrate.errors import ForbiddenError
from migrate.objects import Manifest
from migrate.operations.model import Wave
from tests.execute.runs import creates


class Guarded(MemoryCluster):
    """Who asks may do this: a namespace, or all of them where it is empty.

    The namespaces ``there`` are all that there are.
    """

    def __init__(self, *allowed: str, there: Sequence[str] = ()) -> None:
        kind = {"apiVersion": "v1", "kind": "Namespace"}
        super().__init__([{**kind, "metadata": {"name": name}} for name in there])
        self.allowed, self.asked = {"kserve", *allowed}, list[dict[str, Any]]()

    def create(self, manifest: Manifest) -> Manifest:
        asked = manifest["spec"]["resourceAttributes"]
        self.asked.append(asked)
        is_allowed = "" in self.allowed or asked["namespace"] in self.allowed
        return {"status": {"allowed": is_allowed}}


def asked_of_runtimes(cluster: Guarded, count: int) -> list[tuple[str, str]]:
    refuse_denied(cluster, "kserve", [Wave(creates(count))], workers=3)
    found = [one for one in cluster.asked if one["resource"] == "servingruntimes"]
    return sorted((one["verb"], one["namespace"]) for one in found)


def test_what_is_allowed_everywhere_costs_the_same_for_few_and_many() -> None:
    everywhere = [("create", ""), ("get", "")]
    assert asked_of_runtimes(Guarded(""), MANY + 1) == everywhere
    assert asked_of_runtimes(Guarded(""), 300) == everywhere


def test_few_namespaces_are_asked_for_one_by_one() -> None:
    asked = asked_of_runtimes(Guarded("team-0000", "team-0001"), 2)
    assert asked == [(v, f"team-000{n}") for v in ("create", "get") for n in (0, 1)]


def test_what_is_not_allowed_everywhere_is_asked_of_each_namespace() -> None:
    names = [f"team-{number:04d}" for number in range(MANY + 2)]
    assert len(asked_of_runtimes(Guarded(*names), MANY + 2)) == 2 * (1 + MANY + 2)
    with pytest.raises(ForbiddenError) as caught:
        asked_of_runtimes(Guarded(*names[:-1], there=names), MANY + 2)
    told = caught.value.message.splitlines()[1:]
    resource = "servingruntimes.serving.kserve.io"
    assert told == [f"  {verb} {resource} in namespace {names[-1]}" for verb in ("create", "get")]


def test_nothing_is_lacked_in_a_namespace_that_is_gone() -> None:
    assert asked_of_runtimes(Guarded("team-0000", there=["team-0000"]), 2)
    with pytest.raises(ForbiddenError, match="in namespace team-0001"):
        asked_of_runtimes(Guarded("team-0000", there=["team-0001"]), 2)
