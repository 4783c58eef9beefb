"""Exceptions of desired.yaml: promises that a global change cannot keep."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Desired, EnvVar, Exempt, Options
from migrate.planning.model.plan import Finding, Plan
from tests.planning.clusters import codes, service, snapshot
from tests.planning.runtimes import OTHER, STOCK, model, world


def placed(found: Any, namespace: str = "team", **labels: str) -> Any:
    meta = msgspec.structs.replace(found.metadata, namespace=namespace, labels=labels or None)
    return msgspec.structs.replace(found, metadata=meta)


GOLD = placed(model("gold"), "fraud", tier="gold")
PLAIN = placed(model("plain"), "fraud")
OWN = placed(model("own", image="mine:1"), "fraud", tier="gold")
ELSEWHERE = placed(model("iris"), tier="gold")
CUSTOM = placed(service("custom", containers=[{"name": "kserve-container", "image": "c:1"}]))
ALL = (GOLD, PLAIN, OWN, ELSEWHERE, CUSTOM)


def plan(*exceptions: Exempt, accept: tuple[str, ...] = (), **wanted: Any) -> Plan:
    one = Desired(**{"format": "sklearn", "image": OTHER, "exceptions": exceptions, **wanted})
    return make_plan(world(*ALL), Options((one,), accept=accept))


def told(made: Plan, code: str) -> list[Finding]:
    return [found for found in made.findings if found.code == code]


@pytest.mark.parametrize(
    ("exception", "hit"),
    [
        (Exempt(namespaces=("fraud",)), ["gold", "plain"]),
        (Exempt(selector="tier=gold"), ["gold", "iris"]),
        (Exempt(namespaces=("fraud",), selector="tier=gold"), ["gold"]),
        (Exempt(namespaces=("fraud", "team")), ["gold", "plain", "iris"]),
    ],
)
def test_who_is_excepted_and_would_move_blocks_the_plan(exception: Exempt, hit: list[str]) -> None:
    made = plan(exception)
    [found] = told(made, "KM213")
    assert [ref.name for ref in found.objects] == hit
    assert found.blocks
    assert "spec.predictor.model.runtime" in found.fix


def test_it_can_be_accepted_one_by_one() -> None:
    exception = Exempt(namespaces=("fraud",))
    assert plan(exception, accept=("KM213=fraud/gold",)).blocking
    assert not plan(exception, accept=("KM213=fraud/gold", "KM213=fraud/plain")).blocking


def test_who_does_not_move_needs_no_exception() -> None:
    assert "KM213" not in codes(plan(Exempt(selector="tier=gold"), image=STOCK))
    assert "KM213" not in codes(
        plan(Exempt(namespaces=("fraud",)), format="xgboost", protocol="v2")
    )


def test_variables_and_flags_move_too() -> None:
    made = plan(Exempt(selector="tier=gold"), image="", env=(EnvVar("A", "1"),))
    assert codes(made)["KM213"] == ["gold", "own", "iris"]


@pytest.mark.parametrize(
    ("image", "hit"),
    [("kept:1", ["gold", "own", "plain"]), ("mine:1", ["gold", "plain"]), (OTHER, ["own"])],
)
def test_an_image_for_some_is_held_against_what_they_get(image: str, hit: list[str]) -> None:
    made = plan(Exempt(namespaces=("fraud",), image=image))
    assert sorted(codes(made)["KM213"]) == hit
    assert f"shall get {image} by an exception" in told(made, "KM213")[0].text


def test_another_wish_is_not_taken_for_this_one() -> None:
    there = (Exempt(namespaces=("fraud",)),)
    exempted = Desired(format="xgboost", protocol="v2", image="x:1", exceptions=there)
    both = Options((exempted, Desired(runtime="kserve-sklearnserver", image=OTHER)))
    made = make_plan(world(*ALL, placed(model("rows", "xgboost", protocolVersion="v2"))), both)
    assert "KM213" not in codes(made)


def test_in_predictors() -> None:
    pinned = {"runtimeVersion": "v0.7.0"}
    found = snapshot(placed(service("iris", sklearn=pinned)), service("rows", xgboost=pinned))
    wanted = Desired(
        format="sklearn", image="k/s:v0.7.0", exceptions=(Exempt(namespaces=("team",)),)
    )
    [finding] = told(make_plan(found, Options((wanted,))), "KM213")
    assert [ref.name for ref in finding.objects] == ["iris"]
    assert finding.fix == "give them an image of their own: spec.predictor.sklearn.image"


@pytest.mark.parametrize(
    ("exception", "words"),
    [
        (
            Exempt(namespaces=("fruad",)),
            ["namespace fruad, which has no InferenceService (did you mean fraud?)"],
        ),
        (
            Exempt(namespaces=("fraud",), selector="tier=silver"),
            ["no InferenceService in fraud has the labels tier=silver of an exception"],
        ),
        (Exempt(selector="tier=silver"), ["no InferenceService has the labels tier=silver"]),
        (
            Exempt(namespaces=("fraud", "none")),
            ["an exception names namespace none, which has no InferenceService"],
        ),
        (Exempt(namespaces=("team",)), []),
    ],
)
def test_an_exception_for_nobody_is_told(exception: Exempt, words: list[str]) -> None:
    texts = [found.text for found in told(plan(exception), "KM216")]
    assert len(texts) == len(words)
    assert all(word in text for word, text in zip(words, texts, strict=True))


def test_who_cannot_be_told_may_be_hit() -> None:
    """Only Go can fill its template in."""
    unknown = placed(model("unknown", env=[{"name": "A", "value": "{{ len .Name }}"}]), "fraud")
    one = Desired(format="sklearn", image=OTHER, exceptions=(Exempt(namespaces=("fraud",)),))
    made = make_plan(world(unknown), Options((one,)))
    assert codes(made)["KM203"] == codes(made)["KM213"] == ["unknown"]
