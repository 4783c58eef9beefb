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

from migrate.kserve import terms
from migrate.kserve.pins import Pin, pin_at_admission, refusal_now
from migrate.kserve.predictors import Predictors, PredictorsError, decode
from migrate.kserve.releases import parse_release
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.rules import Rules
from migrate.kserve.services import FormKind, InferenceService, form_of, framework_of
from migrate.kserve.table import rules_for
from tests.kserve.release import resolve, runtime

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
        formats = [{"name": name} for name in terms.FORMATS]
        ours = runtime("any", self.record["runtime"], supportedModelFormats=formats)
        return resolve(self.service, self.predictors, self.rules, ours)


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


def test_the_record_has_enough_of_everything() -> None:
    verdicts = Counter((c.rules.name, c.resolution.verdict) for c in CASES)
    for release in ("0.7", "0.8", "0.9"):
        for verdict in set(Verdict) - {Verdict.CANNOT_TELL, Verdict.NOT_RECONCILED}:
            assert verdicts[release, verdict] >= 5, (release, verdict)
    assert len(UNPINNED) > 20
    tagged = [c for c in CASES if c.resolution.rules[-1:] == ("image: gpu-from-predictors",)]
    assert len(tagged) >= 2
