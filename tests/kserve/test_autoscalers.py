"""Classes of autoscalers: ``createAutoscaler`` in ``autoscaler_reconciler.go``."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kserve.test_resolver import BROKEN, MODEL, told

SCALER = "serving.kserve.io/autoscalerClass"
CUSTOM = {"name": "kserve-container", "image": "x:1"}


@pytest.mark.parametrize(
    ("release", "known"),
    [
        ("0.8", {"hpa"}),
        ("0.11", {"hpa"}),
        ("0.12", {"hpa", "external"}),
        ("0.14", {"hpa", "external"}),
        ("0.15", {"hpa", "external", "none", "keda"}),
        ("0.20", {"hpa", "external", "none", "keda"}),
    ],
)
@pytest.mark.parametrize("asked", ["hpa", "external", "none", "keda", "odd", ""])
@pytest.mark.parametrize("predictor", [{"model": MODEL}, {"containers": [CUSTOM]}])
def test_a_deployment_needs_an_autoscaler_that_the_release_knows(
    release: str, known: set[str], asked: str, predictor: dict[str, Any]
) -> None:
    annotations = {SCALER: asked}
    raw = told(release, predictor, "Standard", annotations=annotations)
    assert (raw.verdict is not BROKEN) == (asked in known)
    assert ("autoscaler class" in raw.reason) == (asked not in known)
    assert told(release, predictor, "Knative", annotations=annotations).verdict is not BROKEN


def test_an_image_of_its_own_makes_no_deployment_either() -> None:
    own = {"sklearn": {"image": "x:1"}}
    found = told("0.20", own, "Standard", annotations={SCALER: "odd"})
    assert (found.verdict, found.image) == (BROKEN, None)
