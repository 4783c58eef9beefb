"""Deployment modes: whether KServe makes a Knative Service, a Deployment, or nothing.

Inside of kmigrate they have the names of today: Knative, Standard, ModelMesh.
"""

from __future__ import annotations

from migrate.errors import BlockedError
from migrate.kserve import terms
from migrate.kserve.gojson import ABSENT, Fault, GoJsonError, members, parse, text_of
from migrate.kserve.rules import Rules
from migrate.kserve.services import InferenceService

OLD_WORDS = {
    terms.SERVERLESS: terms.KNATIVE,
    terms.RAW_DEPLOYMENT: terms.STANDARD,
    terms.MODEL_MESH: terms.MODEL_MESH,
}
NEW_WORDS = {
    **OLD_WORDS,
    terms.KNATIVE: terms.KNATIVE,
    terms.STANDARD: terms.STANDARD,
}


class DeployError(BlockedError):
    """The ``deploy`` value of the ConfigMap cannot be decoded: no service is reconciled."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{terms.DEPLOY_KEY}: {fault}")
        self.fault = fault


def words_of(rules: Rules | None) -> dict[str, str]:
    """Return the words that a release takes for modes; all of them where it is not known."""
    return OLD_WORDS if rules is not None and not rules.standard_words else NEW_WORDS


def default_mode(deploy: str | None, rules: Rules | None) -> str:
    """Return ``defaultDeploymentMode`` of the ConfigMap's ``deploy`` value.

    Without the value, KServe goes on as in Knative mode. Raise DeployError where it
    refuses what it finds: ``NewDeployConfig`` in ``pkg/apis/serving/v1beta1/configmap.go``,
    0.7.0 to 0.20.0.
    """
    if deploy is None:
        return terms.KNATIVE
    try:
        document = parse(deploy)
        found = members(document, (terms.DEFAULT_MODE,))
        mode = text_of(found.get(terms.DEFAULT_MODE, ABSENT))
    except GoJsonError as error:
        raise DeployError(error.fault) from error
    words = words_of(rules)
    if mode not in words:
        raise DeployError(Fault(f"/{terms.DEFAULT_MODE}", " or ".join(words), repr(mode)))
    return words[mode]


def mode_of(service: InferenceService, default: str, rules: Rules) -> str:
    """Return the mode of a service: that of its status or its annotation, else the default.

    ``GetDeploymentMode`` in ``controller/v1beta1/inferenceservice/utils/utils.go``, 0.7.0
    to 0.20.0. What a status says is taken as it stands; the predictor takes all but one
    word for Knative (``components/predictor.go``), and 0.16 to 0.18 know only the new one.
    """
    recorded = service.status.deployment_mode
    if rules.mode_in_status and recorded:
        return _recorded(recorded, rules)
    asked = service.metadata.annotation(terms.DEPLOYMENT_MODE)
    return words_of(rules).get(asked or "", default)


def _recorded(mode: str, rules: Rules) -> str:
    words = {terms.MODEL_MESH: terms.MODEL_MESH}
    if rules.standard_words:
        words[terms.STANDARD] = terms.STANDARD
    if rules.reads_old_mode_in_status:
        words[terms.RAW_DEPLOYMENT] = terms.STANDARD
    return words.get(mode, terms.KNATIVE)
