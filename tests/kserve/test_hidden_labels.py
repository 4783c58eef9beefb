"""Labels that Revisions lack, in each form of a predictor: ``ksvc_reconciler.go``."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.kserve.config import Config
from migrate.kserve.predictors import decode
from migrate.kserve.resolver import resolve
from migrate.kserve.runtimes import Runtimes
from tests.kserve.release import rules, runtime, service, shipped_text

FORMS: dict[str, dict[str, Any]] = {
    "model": {"model": {"modelFormat": {"name": "sklearn"}}},
    "custom": {"containers": [{"name": "kserve-container", "image": "own:1"}]},
    "framework": {"sklearn": {"image": "own:1"}},
}


@pytest.mark.parametrize("release", ["0.9", "0.20"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("mode", "found"), [("Knative", {"b": "2"}), ("Standard", {"team": "1", "b": "2"})]
)
def test_what_is_hidden_is_not_in_revisions_alone(
    release: str, form: str, mode: str, found: dict[str, str]
) -> None:
    known = rules(release)
    predictors = decode(shipped_text("0.9.0-install") if known.predictors_read else "{}", known)
    runtimes, hidden = Runtimes([runtime("sklearn", "x:1")]), frozenset({"team"})
    config = Config(known, predictors, runtimes, mode, hidden_labels=hidden)
    told = resolve(service(FORMS[form], labels={"team": "1", "b": "2"}), config)
    assert told.pod is not None
    assert told.pod.labels == found
