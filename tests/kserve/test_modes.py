"""Deployment modes: ``GetDeploymentMode`` in ``utils/utils.go``, 0.7.0 to 0.20.0."""

from __future__ import annotations

import msgspec
import pytest

from migrate.kserve.config import words_of
from migrate.kserve.modes import mode_of
from migrate.kserve.services import InferenceService, ServiceStatus
from tests.kserve.release import rules, service

KEY = "serving.kserve.io/deploymentMode"
OLD = {"Serverless": "Knative", "RawDeployment": "Standard", "ModelMesh": "ModelMesh"}
NEW = {**OLD, "Knative": "Knative", "Standard": "Standard"}


def of(asked: str | None = None, recorded: str | None = None) -> InferenceService:
    found = service({}, annotations=None if asked is None else {KEY: asked})
    return msgspec.structs.replace(found, status=ServiceStatus(deployment_mode=recorded))


@pytest.mark.parametrize("release", ["0.7", "0.9", "0.15", "0.16", "0.20"])
@pytest.mark.parametrize("asked", [*NEW, "", "Nonsense", "standard", None])
def test_words_that_a_release_does_not_know_mean_the_default(
    release: str, asked: str | None
) -> None:
    known = NEW if release in ("0.16", "0.20") else OLD
    assert mode_of(of(asked), "default", rules(release)) == known.get(asked or "", "default")


def test_which_words_are_known() -> None:
    assert words_of(rules("0.15")) == OLD
    assert words_of(rules("0.16")) == words_of(None) == NEW


# What the predictor makes of the text in the status, by release; else it is Knative.
RECORDED = {
    "0.15": {"RawDeployment": "Standard", "ModelMesh": "ModelMesh"},
    "0.16": {"Standard": "Standard", "ModelMesh": "ModelMesh"},
    "0.18": {"Standard": "Standard", "ModelMesh": "ModelMesh"},
    "0.19": {"Standard": "Standard", "RawDeployment": "Standard", "ModelMesh": "ModelMesh"},
    "0.20": {"Standard": "Standard", "RawDeployment": "Standard", "ModelMesh": "ModelMesh"},
}


@pytest.mark.parametrize("release", RECORDED)
@pytest.mark.parametrize("recorded", [*NEW, "Nonsense"])
@pytest.mark.parametrize("asked", ["RawDeployment", "Serverless", None])
def test_what_the_status_says_wins_from_0_15_on(
    release: str, recorded: str, asked: str | None
) -> None:
    mode = RECORDED[release].get(recorded, "Knative")
    assert mode_of(of(asked, recorded), "default", rules(release)) == mode


@pytest.mark.parametrize(("release", "recorded"), [("0.14", "RawDeployment"), ("0.15", "")])
def test_else_the_annotation_does(release: str, recorded: str) -> None:
    assert mode_of(of("Serverless", recorded), "default", rules(release)) == "Knative"
    assert mode_of(of(None, recorded), "default", rules(release)) == "default"
