"""Who is resolved once for all that are alike, and who by itself."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.config import read_config
from migrate.kserve.releases import parse_release
from migrate.kserve.resolution import Verdict
from migrate.kserve.resolutions import Resolutions
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
