"""Go's own decoder is the judge: what it accepts we accept, and read the same out of it.

The verdicts are recorded (``godecoder/record.py``), so that this needs no Go.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.kserve.predictors import PredictorsError, decode
from migrate.kserve.releases import parse_release
from migrate.kserve.rules import Rules
from migrate.kserve.table import rules_for

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "cases" / "go_decoder.json").read_text(encoding="utf-8")
)


def rules_of(case: dict[str, Any]) -> Rules:
    rules = rules_for(parse_release(case["release"]))
    assert rules is not None
    return rules


@pytest.mark.parametrize("case", [c for c in CASES if "error" in c], ids=lambda c: c["text"])
def test_refuses_what_go_refuses(case: dict[str, Any]) -> None:
    with pytest.raises(PredictorsError) as caught:
        decode(case["text"], rules_of(case))
    assert caught.value.fault.go_fails


@pytest.mark.parametrize("case", [c for c in CASES if "error" not in c], ids=lambda c: c["text"])
def test_reads_what_go_reads(case: dict[str, Any]) -> None:
    rules = rules_of(case)
    read = {
        str(e): [e.image, e.default_image_version, e.default_gpu_image_version, e.default_timeout]
        for e in decode(case["text"], rules).entries
    }
    zeros = ["", "", "", 0]
    nested = {name for name in read if "/" in name}
    expected = case.get("entries", {})
    assert {name: read[name] for name in read if name in nested or read[name] != zeros} == expected


def test_the_record_has_both_verdicts_in_plenty() -> None:
    refused = sum("error" in case for case in CASES)
    assert min(refused, len(CASES) - refused) > 150
