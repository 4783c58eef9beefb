"""From a runtime and a service to containers: ``utils/utils.go``, ``components/predictor.go``."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.building import (
    BuildError,
    Pod,
    base_container,
    merged_container,
    merged_fields,
    other_containers,
)
from migrate.kserve.containers import Container, PodFields
from migrate.objects import Manifest
from tests.kserve.release import rules, runtime, service

SECRET = {"secretKeyRef": {"name": "s", "key": "k"}}
FIELD = {"fieldRef": {"fieldPath": "metadata.name"}}


def container(**fields: Any) -> Container:
    return msgspec.convert(fields, Container)


def merged(release: str, base: dict[str, Any], own: dict[str, Any], called: str = "") -> Manifest:
    below, above = container(**base), container(**own)
    return merged_container(below, above, rules(release), called=called)


@pytest.mark.parametrize("release", ["0.8", "0.9", "0.20"])
def test_the_service_is_laid_over_and_arguments_are_appended(release: str) -> None:
    """``MergeRuntimeContainers``."""
    base = {"name": "b", "image": "b:1", "command": ["b"], "args": ["--b"], "workingDir": "/b"}
    own = {"image": "o:1", "command": ["o"], "args": ["--o"]}
    found = merged(release, base, own)
    told = {"name": "b", "workingDir": "/b", **own, "args": ["--b", "--o"]}
    assert found == told
    assert merged(release, base, own, "other")["name"] == "other"
    assert merged(release, {"image": "b:1"}, {}) == {"image": "b:1"}
    assert merged(release, base, {})["args"] == ["--b"]
    assert merged(release, {}, own)["args"] == ["--o"]
    assert "args" not in merged(release, {"args": []}, {"args": []})


def test_variables_merge_by_name_from_0_9_on() -> None:
    base = {"env": [{"name": "A", "value": "b"}, {"name": "B", "value": "b"}]}
    own = {"env": [{"name": "B", "value": "o"}, {"name": "C", "value": "o"}]}
    names = [(item["name"], item["value"]) for item in merged("0.9", base, own)["env"]]
    assert names == [("A", "b"), ("B", "o"), ("C", "o")]
    both = [(item["name"], item["value"]) for item in merged("0.8", base, own)["env"]]
    assert both == [("A", "b"), ("B", "b"), ("B", "o"), ("C", "o")]
    for release in ("0.8", "0.9"):
        assert merged(release, base, {})["env"] == base["env"]
        assert merged(release, {}, own)["env"] == own["env"]
        assert "env" not in merged(release, {"env": []}, {})


KEPT = {
    "args": ["a"],
    "command": ["c"],
    "env": [{"name": "A", "value": "1"}],
    "image": "i:1",
    "name": "n",
    "resources": {"limits": {"cpu": "1"}},
    "imagePullPolicy": "Always",
    "workingDir": "/w",
    "livenessProbe": {"httpGet": {"port": 1}},
}
LOST = {"ports": [{"containerPort": 1}], "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
LOST |= {"readinessProbe": {"httpGet": {"port": 1}}}


def test_0_8_knows_some_fields_of_a_runtimes_container() -> None:
    """``type Container`` in ``servingruntime_types.go`` of 0.8.0."""
    assert merged("0.8", {**KEPT, **LOST}, {}) == KEPT
    assert merged("0.8", {}, {**KEPT, **LOST}) == {**KEPT, **LOST}
    assert merged("0.9", {**KEPT, **LOST}, {}) == {**KEPT, **LOST}


def test_0_8_decodes_one_object_over_the_other() -> None:
    base = {"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}
    own = {"resources": {"limits": {"cpu": "2"}}}
    limits = {"cpu": "2", "memory": "1Gi"}
    assert merged("0.8", base, own) == {"resources": {"limits": limits}}


def source(name: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "valueFrom": value}


def test_0_8_decodes_into_what_both_lists_point_to() -> None:
    """Its copy of the runtime's variables shares ``valueFrom`` with what is decoded over."""
    base = {"env": [source("A", SECRET), source("B", SECRET), {"name": "C", "value": "c"}]}
    own = {"env": [source("X", FIELD), {"name": "Y", "value": "y"}, source("Z", FIELD)]}
    shared = source("A", {**SECRET, **FIELD})
    told = [shared, *base["env"][1:], *own["env"]]
    assert merged("0.8", base, own)["env"] == told


@pytest.mark.parametrize(
    ("below", "own", "told"),
    [
        ({"value": "b"}, {"valueFrom": SECRET}, {"valueFrom": SECRET}),
        ({"valueFrom": SECRET}, {"value": "o"}, {"value": "o"}),
        ({"value": "b"}, {"value": "o"}, {"value": "o"}),
        ({"valueFrom": SECRET}, {}, {"valueFrom": SECRET}),
        ({"value": "b", "valueFrom": SECRET}, None, {"value": "b", "valueFrom": SECRET}),
        ({"value": "b", "valueFrom": SECRET}, {}, {"value": "b", "valueFrom": SECRET}),
    ],
)
def test_one_of_value_and_source_stays_from_0_20_on(
    below: dict[str, Any], own: dict[str, Any] | None, told: dict[str, Any]
) -> None:
    """``reconcileEnvValueConflicts`` in ``pkg/utils/container_merge.go`` of 0.20.0."""
    base = {"env": [{"name": "A", **below}, {"name": "B", "value": "b"}]}
    above = {"env": [{"name": "A", **own}]} if own is not None else {}
    rest = [{"name": "B", "value": "b"}]
    assert merged("0.20", base, above)["env"] == [{"name": "A", **told}, *rest]
    both = {"name": "A", **below, **(own or {})}
    assert merged("0.19", base, above)["env"] == [both, *rest]


@pytest.mark.parametrize("release", ["0.8", "0.10", "0.11", "0.20"])
def test_the_container_of_a_runtime_is_the_first_or_the_named_one(release: str) -> None:
    """``components/predictor.go:176-185`` of 0.11.2."""
    side, named = {"name": "side"}, {"name": "kserve-container"}
    both = runtime("x", "", containers=[side, named])
    by_name = release in ("0.11", "0.20")
    assert base_container(both, rules(release)).name == ("kserve-container" if by_name else "side")
    for nothing in (runtime("x", "", containers=[]), runtime("x", "", containers=None)):
        with pytest.raises(BuildError, match="ClusterServingRuntime ours has no containers"):
            base_container(nothing, rules(release))
    alone = runtime("x", "", containers=[side])
    if by_name:
        with pytest.raises(BuildError, match="no container named kserve-container"):
            base_container(alone, rules(release))
    else:
        assert base_container(alone, rules(release)).name == "side"


def others(release: str, theirs: list[str], own: list[str]) -> list[tuple[str, str]]:
    """Names and images of the containers beside the model's."""
    theirs_ = [{"name": name, "image": f"r-{name}:1", "args": ["{{.Name}}"]} for name in theirs]
    own_ = [{"name": name, "image": f"s-{name}:1"} for name in own]
    of = service({"containers": own_})
    found = other_containers(
        runtime("x", "", containers=theirs_), of.spec.predictor, of.metadata, rules(release)
    )
    return [(c["name"], c["image"]) for c in found]


MODEL, TRANSFORMER = "kserve-container", "transformer-container"


def test_there_are_no_others_up_to_0_10() -> None:
    assert others("0.10", ["kserve-container", "side"], ["mine"]) == []


def test_those_of_the_runtime_come_along_from_0_11_on() -> None:
    told = [("side", "r-side:1"), (TRANSFORMER, f"r-{TRANSFORMER}:1")]
    assert others("0.11", ["side", MODEL, TRANSFORMER], ["mine"]) == told


def test_those_of_the_service_too_from_0_15_on() -> None:
    told = [("side", "r-side:1"), ("mine", "s-mine:1")]
    assert others("0.15", [MODEL, "side"], ["mine"]) == told


@pytest.mark.parametrize(
    ("theirs", "own", "image"), [(True, True, "s"), (True, False, "r"), (False, True, "s")]
)
def test_the_transformer_is_merged_of_both_and_comes_first(
    theirs: bool, own: bool, image: str
) -> None:
    below, above = [TRANSFORMER] * theirs, [TRANSFORMER] * own
    told = [(TRANSFORMER, f"{image}-{TRANSFORMER}:1"), ("side", "r-side:1"), ("mine", "s-mine:1")]
    assert others("0.15", [MODEL, "side", *below], ["mine", *above]) == told


def test_placeholders_of_the_transformer_alone_are_filled_in() -> None:
    side, model = {"name": "side", "args": ["{{.Name}}"]}, {"name": MODEL}
    containers = [model, side, {**side, "name": TRANSFORMER}]
    of = service({"containers": [{"name": TRANSFORMER, "args": ["{{.Namespace}}"]}]})
    found = other_containers(
        runtime("x", "", containers=containers), of.spec.predictor, of.metadata, rules("0.15")
    )
    assert [c["args"] for c in found] == [["s", "n"], ["{{.Name}}"]]


FIELDS: dict[str, Any] = {
    "nodeSelector": {"r": "1"},
    "affinity": {"nodeAffinity": {"r": 1}},
    "tolerations": [{"key": "r"}],
    "volumes": [{"name": "r"}],
    "imagePullSecrets": [{"name": "r"}],
    "schedulerName": "r",
}
SINCE = dict.fromkeys(["nodeSelector", "affinity", "tolerations"], "0.8")
SINCE |= {"volumes": "0.9", "imagePullSecrets": "0.10", "schedulerName": "0.17"}
ORDER = ["0.8", "0.9", "0.10", "0.16", "0.17", "0.20"]


@pytest.mark.parametrize("release", ORDER)
@pytest.mark.parametrize("field", FIELDS)
def test_a_pod_gets_some_fields_of_its_runtime(release: str, field: str) -> None:
    """``MergePodSpec``."""
    base = msgspec.convert(FIELDS, PodFields)
    told = merged_fields(base, PodFields(), rules(release))
    knows = ORDER.index(release) >= ORDER.index(SINCE[field])
    assert told.get(field) == (FIELDS[field] if knows else None)
    assert merged_fields(PodFields(), base, rules(release))[field] == FIELDS[field]


def test_fields_of_the_service_are_laid_over() -> None:
    base = msgspec.convert(FIELDS, PodFields)
    changed = {"nodeSelector": {"s": "1"}, "tolerations": [{"value": "s"}]}
    own = msgspec.convert(changed, PodFields)
    found = merged_fields(base, own, rules("0.9"))
    assert found["nodeSelector"] == {"r": "1", "s": "1"}
    assert found["tolerations"] == [{"value": "s"}]
    assert merged_fields(base, own, rules("0.8"))["tolerations"] == [{"key": "r", "value": "s"}]


def test_the_model_is_the_first_container_of_a_pod() -> None:
    assert Pod(({"name": "a"}, {"name": "b"})).container == {"name": "a"}
