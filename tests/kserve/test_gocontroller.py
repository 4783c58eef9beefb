"""KServe's own reconciler and webhook are the judges of what we say about them.

The outcomes are recorded (``gocontroller/record.py``), so that this needs no Go.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from migrate.kserve.legacy import Resolution, Verdict, gpu_tag_entries, resolve
from migrate.kserve.pins import Pin, pin_at_admission, refusal_now
from migrate.kserve.predictors import Predictors, PredictorsError, decode
from migrate.kserve.releases import Rules, parse_release, rules_for
from migrate.kserve.services import FormKind, InferenceService, form_of, framework_of

RECORD: dict[str, Any] = json.loads(
    (Path(__file__).parent / "cases" / "go_controller.json").read_text()
)


class Case:
    """A recorded case, and what we say about it."""

    def __init__(self, number: int, record: dict[str, Any]) -> None:
        self.name = f"{record['release']}-{number}"
        self.record = record
        self.service = msgspec.convert(record["service"], InferenceService)
        rules = rules_for(parse_release(record["release"]))
        assert rules is not None
        self.rules: Rules = rules
        try:
            self.predictors: Predictors | PredictorsError = decode(self.text, rules)
        except PredictorsError as error:
            self.predictors = error
        self.form = form_of(self.service).kind

    @property
    def text(self) -> str | None:
        text: str | None = RECORD["texts"][self.record["text"]]
        return text

    @property
    def decoded(self) -> Predictors:
        assert isinstance(self.predictors, Predictors)
        return self.predictors

    @property
    def resolution(self) -> Resolution:
        return resolve(self.service, self.predictors, self.rules)


CASES = [Case(number, record) for number, record in enumerate(RECORD["cases"])]
DECODED = [c for c in CASES if isinstance(c.predictors, Predictors)]
FRAMEWORK = [c for c in DECODED if c.form is FormKind.FRAMEWORK]


def ids(value: object) -> str | None:
    return value.name if isinstance(value, Case) else None


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.resolution.verdict is not Verdict.CANNOT_TELL], ids=ids
)
def test_the_reconciler_writes_the_image_that_was_told(case: Case) -> None:
    assert case.resolution.image == case.record["image"], case.resolution


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_the_reconciler_fails_only_where_it_is_called_broken(case: Case) -> None:
    resolution = case.resolution
    if case.record["failed"]:
        assert resolution.verdict in (Verdict.BROKEN, Verdict.CANNOT_TELL), resolution
    if (resolution.verdict, resolution.image) == (Verdict.BROKEN, None):
        assert case.record["failed"], resolution


UNPINNED = [
    (case, pin)
    for case in FRAMEWORK
    if (spec := framework_of(case.service)) and spec.runtime_version is None
    if (pin := pin_at_admission(case.service, case.decoded, case.rules))
]


@pytest.mark.parametrize(("case", "pin"), UNPINNED, ids=ids)
def test_the_webhook_writes_the_pin_that_was_told(case: Case, pin: Pin) -> None:
    assert pin.version == case.record["stored"][1], pin


@pytest.mark.parametrize("case", FRAMEWORK, ids=ids)
def test_the_webhook_does_to_a_framework_field_what_the_rules_say(case: Case) -> None:
    form, pin = case.record["stored"]
    spec = framework_of(case.service)
    assert spec is not None
    if "ModelMesh" in str(case.record["service"]) and case.rules.converts_on_write:
        return  # stays as it is; no reconciler looks at it
    assert (form == "model") is case.rules.converts_on_write
    if spec.runtime_version is not None or not case.rules.pins_at_admission:
        assert pin == spec.runtime_version


@pytest.mark.parametrize("case", [c for c in FRAMEWORK if c.rules.pins_at_admission], ids=ids)
def test_the_webhook_refuses_what_was_told(case: Case) -> None:
    told = refusal_now(case.service, case.decoded, case.rules)
    assert bool(told) is case.record["refused"], told


MODELS = [c for c in DECODED if c.form is FormKind.MODEL]
GPU_MODELS = [c for c in MODELS if gpu_tag_entries(c.service, c.decoded, c.rules)]


@pytest.mark.parametrize("case", MODELS, ids=ids)
def test_predictors_touch_only_those_models_whose_tag_they_may_set(case: Case) -> None:
    model = case.service.spec.predictor.model
    assert model is not None
    entries = gpu_tag_entries(case.service, case.decoded, case.rules)
    own = model.image or case.record["runtime"]
    if case.resolution.verdict is Verdict.NOT_RECONCILED or model.runtime_version is not None:
        assert entries == () or case.resolution.verdict is Verdict.NOT_RECONCILED
    else:
        tagged = [f"{e.image}:{e.default_gpu_image_version}" for e in entries]
        assert case.record["image"] in [own, *tagged]


def test_the_record_has_enough_of_everything() -> None:
    verdicts = Counter((c.rules.name, c.resolution.verdict) for c in CASES)
    for release in ("0.7", "0.8", "0.9"):
        for verdict in set(Verdict) - {Verdict.CANNOT_TELL, Verdict.NOT_RECONCILED}:
            assert verdicts[release, verdict] >= 5, (release, verdict)
    assert len(UNPINNED) > 20
    assert sum(c.record["image"] != c.record["runtime"] for c in GPU_MODELS) >= 2
