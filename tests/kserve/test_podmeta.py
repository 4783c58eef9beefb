"""Labels and annotations of pods: ``buildObjectMeta`` in ``components/predictor.go``."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.kserve.podmeta import HIDDEN, HIDDEN_LABELS, pod_annotations, pod_labels
from migrate.kserve.services import InferenceService
from tests.kserve.release import rules, service

RUNTIME = {"all": "runtime", "two": "runtime", "r": "runtime"}
META = {"all": "service", "two": "service", "s": "service"}
OWN = {"all": "predictor", "p": "predictor"}


def of(**more: Any) -> InferenceService:
    return service({"labels": OWN, "annotations": OWN}, labels=META, annotations=META, **more)


@pytest.mark.parametrize(
    ("release", "runtime", "predictor"),
    [("0.8", False, False), ("0.9", False, False), ("0.10", True, False), ("0.11", True, True)],
)
def test_the_service_is_over_the_runtime_and_the_predictor_over_both(
    release: str, runtime: bool, predictor: bool
) -> None:
    """Those of the runtime since 0.10, those of the predictor since 0.11."""
    merged = {**(RUNTIME if runtime else {}), **META, **(OWN if predictor else {})}
    found, none = of(), frozenset[str]()
    spec, meta = found.spec.predictor, found.metadata
    assert pod_labels(RUNTIME, spec, meta, rules(release), none) == merged
    assert pod_annotations(RUNTIME, spec, meta, rules(release), none) == merged


@pytest.mark.parametrize("merge", [pod_labels, pod_annotations])
def test_what_is_hidden_is_left_out_wherever_it_is_from(merge: Any) -> None:
    found = of()
    told = merge(
        RUNTIME, found.spec.predictor, found.metadata, rules("0.20"), frozenset({"all", "r"})
    )
    assert told == {"two": "service", "s": "service", "p": "predictor"}


@pytest.mark.parametrize("merge", [pod_labels, pod_annotations])
def test_nothing_comes_of_nothing(merge: Any) -> None:
    bare = service({})
    assert merge(None, bare.spec.predictor, bare.metadata, rules("0.20"), HIDDEN) == {}


def test_these_are_hidden() -> None:
    """``ServiceAnnotationDisallowedList`` in ``pkg/constants/constants.go``, 0.7.0 to 0.20.0."""
    scale = {f"autoscaling.knative.dev/{name}" for name in ("min-scale", "max-scale")}
    scale |= {f"autoscaling.knative.dev/{name}" for name in ("minScale", "maxScale")}
    source = "internal.serving.kserve.io/storage-initializer-sourceuri"
    assert scale | {source, "kubectl.kubernetes.io/last-applied-configuration"} == HIDDEN
    assert {"networking.knative.dev/visibility"} == HIDDEN_LABELS
