"""Which runtimes the webhook refuses: ``ServingRuntimeValidator``, 0.11 to 0.20."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.runtimerefusals import refused_runtime
from migrate.kserve.runtimes import Runtime
from tests.kserve.release import rules


def one(name: str, *formats: dict[str, Any], **spec: Any) -> Runtime:
    chosen = [{"autoSelect": True, "version": "1", **each} for each in formats]
    body = {"supportedModelFormats": chosen, "protocolVersions": ["v1"], **spec}
    return msgspec.convert({"metadata": {"name": name, "namespace": "team"}, "spec": body}, Runtime)


FIRST = {"name": "sklearn", "priority": 1}
THERE = one("there", {"name": "SKLearn", "priority": 1})


@pytest.mark.parametrize(
    ("runtime", "is_refused"),
    [
        (one("new", FIRST), True),
        (one("there", FIRST), False),
        (one("new", {**FIRST, "priority": 2}), False),
        (one("new", {"name": "sklearn"}), False),
        (one("new", {**FIRST, "version": "2"}), False),
        (one("new", {**FIRST, "autoSelect": False}), False),
        (one("new", FIRST, protocolVersions=["v2"]), False),
        (one("new", FIRST, protocolVersions=None), False),
        (one("new", FIRST, multiModel=True), False),
        (one("new", FIRST, disabled=True), False),
    ],
)
def test_one_priority_of_two_runtimes(runtime: Runtime, *, is_refused: bool) -> None:
    for release in ("0.11", "0.15", "0.20"):
        assert bool(refused_runtime(runtime, [THERE], rules(release))) is is_refused
    assert not refused_runtime(runtime, [THERE], rules("0.10"))


def test_a_disabled_runtime_is_in_nobodys_way() -> None:
    disabled = one("there", FIRST, disabled=True)
    assert not refused_runtime(one("new", FIRST), [disabled], rules("0.20"))


def test_one_format_has_one_priority_from_0_12_on() -> None:
    both = one("new", FIRST, {**FIRST, "version": "2", "priority": 2})
    assert not refused_runtime(both, [], rules("0.11"))
    assert refused_runtime(both, [], rules("0.12")) == "it has two priorities for sklearn"
    unset = one("new", FIRST, {"name": "sklearn", "version": "2"})
    assert not refused_runtime(unset, [], rules("0.12"))


@pytest.mark.parametrize(
    ("spec", "release", "words"),
    [
        ({"workerSpec": {"containers": [{"name": "a"}, {"name": "b"}]}}, "0.15", "several"),
        ({"workerSpec": {"tensorParallelSize": 0}}, "0.15", "below 1"),
        (
            {
                "workerSpec": {},
                "containers": [
                    {
                        "name": "kserve-container",
                        "env": [{"name": "TENSOR_PARALLEL_SIZE", "value": "2"}],
                    }
                ],
            },
            "0.15",
            "TENSOR_PARALLEL_SIZE",
        ),
        (
            {"containers": [{"name": "c", "env": [{"name": "PYTHONPATH", "value": "x"}]}]},
            "0.18",
            "PYTHONPATH",
        ),
    ],
)
def test_what_a_release_refuses_in_a_spec(spec: dict[str, Any], release: str, words: str) -> None:
    runtime = one("new", FIRST, **spec)
    assert words in refused_runtime(runtime, [], rules(release))
    before = {"0.15": "0.14", "0.18": "0.17"}[release]
    assert not refused_runtime(runtime, [], rules(before))
