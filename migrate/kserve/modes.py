"""Deployment modes: whether KServe makes a Knative Service, a Deployment, or nothing."""

from __future__ import annotations

from migrate.errors import BlockedError
from migrate.kserve import terms
from migrate.kserve.gojson import ABSENT, Fault, GoJsonError, members, parse, text_of
from migrate.kserve.services import InferenceService

MODES = (terms.SERVERLESS, terms.RAW_DEPLOYMENT, terms.MODEL_MESH)


class DeployError(BlockedError):
    """The ``deploy`` value of the ConfigMap cannot be decoded: no service is reconciled."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{terms.DEPLOY_KEY}: {fault}")
        self.fault = fault


def default_mode(deploy: str | None) -> str:
    """Return ``defaultDeploymentMode`` of the ConfigMap's ``deploy`` value.

    Without the value, KServe goes on as in Serverless mode. Raise DeployError where it
    refuses what it finds: ``NewDeployConfig`` in ``pkg/apis/serving/v1beta1/configmap.go``,
    0.7.0 to 0.9.0.
    """
    if deploy is None:
        return terms.SERVERLESS
    try:
        document = parse(deploy)
        found = members(document, (terms.DEFAULT_MODE,))
        mode = text_of(found.get(terms.DEFAULT_MODE, ABSENT))
    except GoJsonError as error:
        raise DeployError(error.fault) from error
    if mode not in MODES:
        raise DeployError(Fault(f"/{terms.DEFAULT_MODE}", " or ".join(MODES), repr(mode)))
    return mode


def mode_of(service: InferenceService, default: str = terms.SERVERLESS) -> str:
    """Return the mode of a service: its annotation where that names a mode, else the default.

    ``GetDeploymentMode`` in ``controller/v1beta1/inferenceservice/utils/utils.go``, 0.7.0
    to 0.9.0.
    """
    annotations = service.metadata.annotations
    asked = annotations.deployment_mode if annotations else None
    return asked if asked in MODES else default
