"""Which workload a predictor has: ``PredictorServiceName`` in ``pkg/constants/constants.go``."""

from __future__ import annotations

import pytest

from migrate.kserve.workloads import workload_of
from migrate.objects import ObjectRef
from tests.kserve.release import rules, service

KNATIVE, RAW = "serving.knative.dev/v1", "apps/v1"


@pytest.mark.parametrize("release", ["0.7", "0.10", "0.11", "0.20"])
@pytest.mark.parametrize("mode", ["Knative", "Standard"])
def test_its_name_lost_a_part_with_0_11(release: str, mode: str) -> None:
    name = "s-predictor-default" if release in ("0.7", "0.10") else "s-predictor"
    version, kind = (RAW, "Deployment") if mode == "Standard" else (KNATIVE, "Service")
    expected = ObjectRef(version, kind, name, "n")
    assert workload_of(service({}), mode, rules(release)) == expected


@pytest.mark.parametrize("release", ["0.10", "0.11", "0.15", "0.16", "0.20"])
def test_0_11_to_0_15_go_on_with_a_workload_of_the_former_name(release: str) -> None:
    """``components/predictor.go:256-269`` of 0.11.2."""
    former = ObjectRef(RAW, "Deployment", "s-predictor-default", "n")
    found = workload_of(service({}), "Standard", rules(release), {former})
    keeps = release in ("0.10", "0.11", "0.15")
    assert found.name == ("s-predictor-default" if keeps else "s-predictor")


def test_a_former_workload_of_another_kind_or_place_does_not_count() -> None:
    others = {
        ObjectRef(KNATIVE, "Service", "s-predictor-default", "n"),
        ObjectRef(RAW, "Deployment", "s-predictor-default", "other"),
    }
    assert workload_of(service({}), "Standard", rules("0.11"), others).name == "s-predictor"


@pytest.mark.parametrize(("release", "name"), [("0.19", "s-predictor"), ("0.20", "s-x-predictor")])
def test_a_predictor_has_a_name_of_its_own_from_0_20_on(release: str, name: str) -> None:
    assert workload_of(service({"name": "x"}), "Knative", rules(release)).name == name
