"""Who is resolved once for all that are alike, and who by itself."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.config import Config, read_config
from migrate.kserve.releases import parse_release
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.resolutions import Resolutions
from migrate.kserve.resolver import resolve
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.kserve.services import InferenceService
from migrate.kserve.shapes import Services
from migrate.kserve.table import rules_for

ODD = {"name": "kserve-container", "image": "x:{{.Name}}"}
"""A container of which anything may depend on the single service."""
FIELDS: dict[str, dict[str, Any]] = {
    "framework": {"sklearn": {"storageUri": "gs://m/x"}},
    "model": {"model": {"modelFormat": {"name": "none"}, "storageUri": "gs://m/x"}},
}


def both(form: str, release: str, **metadata: Any) -> Resolutions:
    """Two services that are alike, under a release with an odd runtime that serves neither."""
    rules = rules_for(parse_release(release))
    assert rules is not None
    odd = {"metadata": {"name": "odd"}, "spec": {"containers": [ODD]}}
    meta = {"namespace": "team", "finalizers": ["inferenceservice.finalizers"], **metadata}
    services = [
        msgspec.convert(
            {"metadata": {"name": name, **meta}, "spec": {"predictor": FIELDS[form]}},
            InferenceService,
        )
        for name in ("one", "two")
    ]
    config = read_config({"predictors": "{}"}, rules, Runtimes([msgspec.convert(odd, Runtime)]))
    return Resolutions(Services(services), config)


@pytest.mark.parametrize("release", ["0.10.2", "0.20.0"])
def test_who_fails_and_asks_no_runtime_is_resolved_once(release: str) -> None:
    found = both("framework", release)
    one, two = map(found.shared, found)
    assert one is two
    assert one.verdict is Verdict.BROKEN


@pytest.mark.parametrize(
    ("form", "release", "finalizers"),
    [("model", "0.10.2", True), ("model", "0.20.0", True), ("framework", "0.9.0", False)],
)
def test_who_fails_and_asks_a_runtime_is_resolved_by_itself(
    form: str, release: str, *, finalizers: bool
) -> None:
    """A framework field without a finalizer is converted by the write of that, and asks, too."""
    found = both(form, release, **({} if finalizers else {"finalizers": None}))
    one, two = map(found.shared, found)
    assert one is not two
    assert one.verdict is Verdict.BROKEN


AGES = (None, "2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z")


def copies(namespace: str, image: str, order: str = "ab", ages: str = "00") -> list[Runtime]:
    """Two runtimes of a namespace for one format: told apart by age and name, or by nothing."""
    spec = {
        "supportedModelFormats": [{"name": "sklearn", "autoSelect": True}],
        "containers": [{"name": "kserve-container", "image": image, "args": ["{{.Namespace}}"]}],
    }
    return [
        msgspec.convert(
            {
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "uid": f"{namespace}-{name}",
                    "creationTimestamp": AGES[int(ages["ab".index(name)])],
                },
                "spec": spec,
            },
            Runtime,
        )
        for name in order
    ]


def moved(release: str, runtimes: list[Runtime]) -> Resolutions:
    """Three services in each namespace that has runtimes: alike, on a runtime by name, unfit."""
    rules = rules_for(parse_release(release))
    assert rules is not None
    asks: list[dict[str, Any]] = [
        {},
        {"runtime": "b"},
        {"runtime": "a", "modelFormat": {"name": "onnx"}},
    ]
    services = [
        msgspec.convert(
            {
                "metadata": {"name": f"s{at}", "namespace": namespace},
                "spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, **asked}}},
            },
            InferenceService,
        )
        for namespace in sorted({one.metadata.namespace for one in runtimes})
        for at, asked in enumerate(asks)
    ]
    config = read_config({"predictors": "{}"}, rules, Runtimes(runtimes))
    return Resolutions(Services(services), config)


@pytest.mark.parametrize("release", ["0.8.0", "0.9.0", "0.15.2", "0.20.0"])
def test_namespaces_that_are_alike_get_what_each_gets_by_itself(release: str) -> None:
    """Alike are one and two; three has another image, four another order, five another age."""
    found = moved(
        release,
        [
            *copies("one", "x:1", ages="12"),
            *copies("two", "x:1", ages="12"),
            *copies("three", "x:2", ages="12"),
            *copies("four", "x:1", order="ba", ages="12"),
            *copies("five", "x:1", ages="21"),
        ],
    )
    for ref in found:
        assert found[ref] == resolve(found.services[ref], found.config)
    chosen = [found[ref].runtime for ref in found]
    assert {one.metadata.namespace for one in chosen if one} == {ref.namespace for ref in found}


def test_namespaces_that_are_alike_are_asked_about_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(service: InferenceService, config: Config) -> Resolution:
        asked.append(service.metadata.namespace)
        return resolve(service, config)

    monkeypatch.setattr("migrate.kserve.resolutions.resolve", counted)
    many = [one for at in range(20) for one in copies(f"team-{at}", "x:1")]
    found = moved("0.15.2", many)
    assert {found.shared(ref).verdict for ref in found} == {Verdict.RESOLVED, Verdict.BROKEN}
    assert len(asked) == 3
