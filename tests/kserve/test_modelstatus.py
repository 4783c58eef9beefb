"""What `status.modelStatus` says, as KServe 0.15.2 writes it."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.kserve.modelstatus import BLOCKED, INVALID_SPEC, ModelFailure, model_failure


def service(**status: Any) -> dict[str, Any]:
    return {"status": {"modelStatus": status}}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"kind": "InferenceService"}, None),
        ({"status": {"modelStatus": None}}, None),
        (service(transitionStatus="InProgress", states={"targetModelState": "Pending"}), None),
        (
            service(transitionStatus="UpToDate", lastFailureInfo={"reason": "ModelLoadFailed"}),
            None,
        ),
        (service(transitionStatus="InvalidSpec"), ModelFailure(INVALID_SPEC, "")),
        (
            service(
                transitionStatus="InvalidSpec",
                lastFailureInfo={"reason": "NoSupportingRuntime", "message": "No runtime found"},
            ),
            ModelFailure(INVALID_SPEC, "NoSupportingRuntime: No runtime found"),
        ),
        (
            service(
                transitionStatus="BlockedByFailedLoad",
                lastFailureInfo={"reason": "ModelLoadFailed", "exitCode": 1, "time": "T"},
            ),
            ModelFailure(BLOCKED, "ModelLoadFailed", "T"),
        ),
    ],
)
def test_only_two_states_are_failures(found: Any, expected: ModelFailure | None) -> None:
    assert model_failure(found) == expected
