"""Canaries of 0.20: ``buildCanaryPredictor`` in ``components/predictor.go``."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.canaries import canaries_of
from migrate.kserve.config import Config
from migrate.kserve.predictors import decode
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.resolver import resolve, resolve_canaries
from migrate.kserve.runtimes import Runtimes
from migrate.kserve.services import InferenceService
from tests.kserve.release import rules, runtime, service

STABLE: dict[str, Any] = {
    "model": {
        "modelFormat": {"name": "sklearn"},
        "runtime": "ours",
        "runtimeVersion": "1",
        "args": ["--a", "--b"],
        "env": [{"name": "A", "value": "1"}],
    },
    "minReplicas": 2,
    "workerSpec": {},
}


def canaried(*canaries: dict[str, Any] | None, stable: Any = STABLE) -> InferenceService:
    of = service(stable)
    listed = [{"trafficPercent": 5, "predictor": one} for one in canaries]
    spec = msgspec.to_builtins(of.spec) | {"canary": listed}
    return msgspec.convert(msgspec.to_builtins(of) | {"spec": spec}, InferenceService)


def predictor(over: dict[str, Any] | None) -> dict[str, Any]:
    (one,) = canaries_of(canaried(over))
    assert one.service is not None
    found: dict[str, Any] = msgspec.to_builtins(one.service.spec.predictor)
    return found


def test_a_canary_is_the_predictor_with_some_of_it_laid_over() -> None:
    over = {"name": "blue", "model": {"runtimeVersion": "2"}, "minReplicas": 3}
    found = predictor(over)
    model = found["model"]
    assert (model["runtimeVersion"], model["runtime"], model["args"]) == (
        "2",
        "ours",
        ["--a", "--b"],
    )
    assert model["modelFormat"]["name"] == "sklearn"
    assert (found["name"], found["minReplicas"]) == ("blue", 3)


def test_lists_are_taken_whole_and_empty_things_do_not_count() -> None:
    """``mergo.Merge`` with override: only what is not empty is laid over."""
    found = predictor({"model": {"args": ["--c"], "env": [], "image": ""}})
    assert found["model"]["args"] == ["--c"]
    assert found["model"]["env"] == [{"name": "A", "value": "1"}]
    assert "image" not in found["model"]


def test_workers_are_not_made_for_a_canary() -> None:
    assert "workerSpec" not in predictor({"name": "x"})
    assert "workerSpec" not in predictor(None)


def test_the_service_itself_is_otherwise_as_it_was() -> None:
    of = canaried({"name": "a"}, {"name": "b"}, None)
    found = canaries_of(of)
    assert [one.name for one in found] == ["a", "b", ""]
    services = [one.service for one in found if one.service is not None]
    assert [each.metadata for each in services] == [of.metadata] * 3
    assert canaries_of(service(STABLE)) == []


def test_fields_of_the_wrong_type_make_no_predictor() -> None:
    (one,) = canaries_of(canaried({"name": "odd", "minReplicas": "many"}))
    assert (one.name, one.service) == ("odd", None)


def resolved(release: str, of: InferenceService, mode: str = "Standard") -> dict[str, Resolution]:
    runtimes = Runtimes([runtime("sklearn", "x:0"), runtime("onnx", "other:0", "other")])
    return resolve_canaries(of, Config(rules(release), decode(None, rules("0.20")), runtimes, mode))


def test_each_gets_an_image_of_its_own() -> None:
    of = canaried(
        {"name": "newer", "model": {"runtimeVersion": "2"}},
        {"name": "else", "model": {"runtime": "other", "modelFormat": {"name": "onnx"}}},
        {"name": "lost", "model": {"runtime": "none"}},
        stable={"model": STABLE["model"]},
    )
    found = resolved("0.20", of)
    images = {name: one.image for name, one in found.items()}
    assert images == {"newer": "x:2", "else": "other:1", "lost": None}
    assert found["lost"].verdict is Verdict.BROKEN


def test_one_that_fails_holds_back_those_after_it() -> None:
    """``reconcileCanaryDeployments`` returns at the first error."""
    lost = {"name": "lost", "model": {"runtime": "none"}}
    odd = {"name": "lost", "minReplicas": "many"}
    for fails in (lost, odd):
        of = canaried({"name": "a"}, fails, {"name": "b"}, stable={"model": STABLE["model"]})
        found = resolved("0.20", of)
        assert {name: one.image for name, one in found.items()} == {
            "a": "x:1",
            "lost": None,
            "b": None,
        }
        assert [one.verdict for one in found.values()][1:] == [Verdict.BROKEN] * 2


def test_there_are_none_where_the_predictor_itself_fails() -> None:
    of = canaried({"name": "a"}, stable={"model": {**STABLE["model"], "runtime": "none"}})
    assert resolved("0.20", of) == {}


@pytest.mark.parametrize(
    ("asked", "protocols", "held"),
    [(None, ["v2"], "v2"), (None, [], ""), (None, ["odd"], ""), ("v1", ["v2", "v1"], "v1")],
)
def test_a_canary_is_laid_over_the_service_as_it_is_held_in_memory(
    asked: str | None, protocols: list[str], held: str
) -> None:
    """With the runtime's name and its lowest protocol: ``components/predictor.go`` of 0.20.0."""
    known, model = rules("0.20"), {"modelFormat": {"name": "sklearn"}, "protocolVersion": asked}
    of = service({"model": {**model, "runtime": "ours"}})
    plain = runtime("sklearn", "x:1", protocolVersions=protocols)
    config = Config(known, decode(None, known), Runtimes([plain]), "Standard")
    found = resolve(of, config).held
    assert found is not None
    assert found.spec.predictor.model is not None
    assert found.spec.predictor.model.runtime == "ours"
    assert found.spec.predictor.model.protocol_version == held


@pytest.mark.parametrize(("release", "mode"), [("0.19", "Standard"), ("0.20", "Knative")])
def test_there_are_none_before_0_20_nor_in_knative_mode(release: str, mode: str) -> None:
    assert resolved(release, canaried({"name": "a"}), mode) == {}
