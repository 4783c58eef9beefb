"""What KServe decides by, beside a service: its ConfigMap and the runtimes, under the rules."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from migrate.errors import BlockedError
from migrate.kserve import terms
from migrate.kserve.gojson import ABSENT, Fault, GoJsonError, members, parse, text_of, texts_of
from migrate.kserve.podmeta import HIDDEN, HIDDEN_LABELS
from migrate.kserve.predictors import Predictors, PredictorsError, decode
from migrate.kserve.rules import Rules
from migrate.kserve.runtimes import Runtimes
from migrate.kserve.storage import StorageContainer


class ConfigError(BlockedError):
    """A value of the ConfigMap that KServe cannot read: no service is reconciled."""

    def __init__(self, key: str, fault: Fault) -> None:
        super().__init__(f"{key}: {fault}")
        self.fault = fault


class Config(msgspec.Struct, frozen=True):
    """What KServe decides by, beside the service itself.

    ``predictors`` is what ``decode`` gave or raised under the same rules: that Go cannot
    decode a text is an answer, too. ``mode`` is the mode of services that name none;
    ``hidden`` are the annotations that pods do not get, ``hidden_labels`` the labels that
    those of Knative do not get. ``storage`` is None where it was not read.
    ``has_knative``: the kinds of Knative Serving are there.
    """

    rules: Rules
    predictors: Predictors | PredictorsError
    runtimes: Runtimes
    mode: str = terms.KNATIVE
    hidden: frozenset[str] = HIDDEN
    hidden_labels: frozenset[str] = HIDDEN_LABELS
    storage: tuple[StorageContainer, ...] | None = None
    has_knative: bool = True


def read_config(
    data: Mapping[str, str],
    rules: Rules,
    runtimes: Runtimes,
    storage: tuple[StorageContainer, ...] | None = None,
    *,
    has_knative: bool = True,
) -> Config:
    """Read the ``data`` of ``inferenceservice-config``. Raise ConfigError.

    A ``predictors`` that cannot be decoded is no error here, but part of the result.
    """
    try:
        predictors: Predictors | PredictorsError = decode(data.get(terms.PREDICTORS_KEY), rules)
    except PredictorsError as error:
        predictors = error
    mode = default_mode(data.get(terms.DEPLOY_KEY), rules)
    text = data.get(terms.SERVICE_KEY)
    known = HIDDEN | {terms.MODEL_FORMAT} if rules.hides_model_format else HIDDEN
    hidden = _hidden("serviceAnnotationDisallowedList", known, text, rules)
    labels = _hidden("serviceLabelDisallowedList", HIDDEN_LABELS, text, rules)
    return Config(rules, predictors, runtimes, mode, hidden, labels, storage, has_knative)


def default_mode(deploy: str | None, rules: Rules | None) -> str:
    """Return ``defaultDeploymentMode`` of the ConfigMap's ``deploy`` value.

    Without the value, KServe goes on as in Knative mode. Raise ConfigError where it
    refuses what it finds: ``NewDeployConfig`` in ``pkg/apis/serving/v1beta1/configmap.go``,
    0.7.0 to 0.20.0.
    """
    if deploy is None:
        return terms.KNATIVE
    try:
        found = members(parse(deploy), (terms.DEFAULT_MODE,))
        mode = text_of(found.get(terms.DEFAULT_MODE, ABSENT))
    except GoJsonError as error:
        raise ConfigError(terms.DEPLOY_KEY, error.fault) from error
    words = words_of(rules)
    if mode not in words:
        fault = Fault(f"/{terms.DEFAULT_MODE}", " or ".join(words), repr(mode))
        raise ConfigError(terms.DEPLOY_KEY, fault)
    return words[mode]


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


def words_of(rules: Rules | None) -> dict[str, str]:
    """Return the words that a release takes for modes; all of them where it is not known."""
    return OLD_WORDS if rules is not None and not rules.standard_words else NEW_WORDS


def _hidden(key: str, known: frozenset[str], text: str | None, rules: Rules) -> frozenset[str]:
    """Return what is kept off the pods: from 0.15 on the ConfigMap adds to it.

    Where its ``inferenceService`` is missing, nothing is kept off at all
    (``NewInferenceServicesConfig`` in ``configmap.go`` of 0.15.2).
    """
    if not rules.hides_by_config:
        return known
    if text is None:
        return frozenset()
    try:
        return known | set(texts_of(members(parse(text), (key,)).get(key, ABSENT)))
    except GoJsonError as error:
        raise ConfigError(terms.SERVICE_KEY, error.fault) from error
