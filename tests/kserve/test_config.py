"""What is read of ``inferenceservice-config``: ``configmap.go``, 0.7.0 to 0.20.0."""

from __future__ import annotations

import pytest

from migrate.kserve.config import Config, ConfigError, default_mode, read_config
from migrate.kserve.podmeta import HIDDEN, HIDDEN_LABELS
from migrate.kserve.predictors import Predictors, PredictorsError
from migrate.kserve.runtimes import Runtimes
from migrate.kserve.storage import StorageContainer
from tests.kserve.release import rules

ANNOTATIONS = '{"serviceAnnotationDisallowedList": ["a", "b"]}'
LABELS = '{"serviceLabelDisallowedList": ["l"]}'


def read(release: str, **data: str) -> Config:
    return read_config(data, rules(release), Runtimes())


def test_the_parts_are_read_under_the_rules() -> None:
    runtimes, storage = Runtimes(), tuple[StorageContainer, ...]()
    data = {"predictors": "{}", "deploy": '{"defaultDeploymentMode": "RawDeployment"}'}
    found = read_config(data, rules("0.9"), runtimes, storage)
    assert isinstance(found.predictors, Predictors)
    assert (found.rules, found.mode) == (rules("0.9"), "Standard")
    assert found.runtimes is runtimes
    assert found.storage == ()
    assert read("0.9").storage is None


def test_predictors_that_cannot_be_decoded_are_an_answer() -> None:
    assert isinstance(read("0.9", predictors="{").predictors, PredictorsError)
    assert isinstance(read("0.10", predictors="{").predictors, Predictors)


def test_without_a_text_the_mode_is_knative() -> None:
    assert read("0.20").mode == Config(rules("0.20"), read("0.20").predictors, Runtimes()).mode
    assert read("0.20").mode == "Knative"


def test_a_bad_mode_is_refused_with_the_words_that_are_known() -> None:
    with pytest.raises(ConfigError) as told:
        default_mode('{"defaultDeploymentMode": "Standard"}', rules("0.15"))
    assert told.value.fault.expected == "Serverless or RawDeployment or ModelMesh"
    assert told.value.fault.pointer == "/defaultDeploymentMode"
    assert told.value.fault.found == "'Standard'"
    assert str(told.value).startswith("deploy: /defaultDeploymentMode: ")
    assert default_mode('{"defaultDeploymentMode": "Standard"}', None) == "Standard"


def test_the_words_of_the_release_count() -> None:
    text = '{"defaultDeploymentMode": "Standard"}'
    assert read("0.16", deploy=text).mode == "Standard"
    with pytest.raises(ConfigError):
        read("0.15", deploy=text)
    with pytest.raises(ConfigError) as told:
        read("0.16", deploy="{")
    assert told.value.fault.expected == "JSON"


FORMAT = {"modelFormat"}


@pytest.mark.parametrize(
    ("release", "text", "hidden"),
    [
        ("0.14", None, HIDDEN),
        ("0.14", ANNOTATIONS, HIDDEN),
        ("0.15", None, frozenset()),
        ("0.15", "{}", HIDDEN),
        ("0.15", "null", HIDDEN),
        ("0.15", ANNOTATIONS, HIDDEN | {"a", "b"}),
        ("0.15", LABELS, HIDDEN),
        ("0.17", None, frozenset()),
        ("0.17", "{}", HIDDEN | FORMAT),
        ("0.20", ANNOTATIONS, HIDDEN | FORMAT | {"a", "b"}),
    ],
)
def test_the_configmap_hides_annotations_from_0_15_on(
    release: str, text: str | None, hidden: frozenset[str]
) -> None:
    """``NewInferenceServicesConfig`` of 0.15.2."""
    data = {} if text is None else {"inferenceService": text}
    assert read(release, **data).hidden == hidden


@pytest.mark.parametrize(
    ("release", "text", "hidden"),
    [
        ("0.14", LABELS, HIDDEN_LABELS),
        ("0.15", None, frozenset()),
        ("0.15", LABELS, HIDDEN_LABELS | {"l"}),
        ("0.17", ANNOTATIONS, HIDDEN_LABELS),
    ],
)
def test_and_labels(release: str, text: str | None, hidden: frozenset[str]) -> None:
    data = {} if text is None else {"inferenceService": text}
    assert read(release, **data).hidden_labels == hidden


@pytest.mark.parametrize(
    "text", ["", "[]", '{"serviceAnnotationDisallowedList": "a"}', '{"a": 1, "A": 2}']
)
def test_a_list_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="inferenceService: ") as told:
        read("0.15", inferenceService=text)
    assert told.value.fault.expected
    assert read("0.14", inferenceService=text).hidden == HIDDEN
