"""Deployment modes: whether KServe makes a Knative Service, a Deployment, or nothing.

Inside of kmigrate they have the names of today: Knative, Standard, ModelMesh.
"""

from __future__ import annotations

from migrate.kserve import terms
from migrate.kserve.config import Config, words_of
from migrate.kserve.rules import Rules
from migrate.kserve.services import InferenceService


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


def hidden_labels(service: InferenceService, config: Config) -> frozenset[str]:
    """Return the labels that the pods of a service do not get, whatever its form.

    ``reconcilers/knative/ksvc_reconciler.go`` below ``pkg/controller/v1beta1/inferenceservice``,
    0.7 to 0.20, leaves them out of a Revision; a Deployment has all.
    """
    is_raw = mode_of(service, config.mode, config.rules) == terms.STANDARD
    return frozenset() if is_raw else config.hidden_labels
