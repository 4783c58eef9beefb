"""One generated cluster on a real controller each time: the forecast is what then happens."""

from __future__ import annotations

import os
import random

import pytest

from tests.conftest import StartKServe
from tests.forecasts.generator import given
from tests.forecasts.rehearsal import Rehearsal

RELEASE, SERVICES = "0.15.2", 24


def test_what_is_forecast_happens_and_nothing_else(
    start_kserve: StartKServe, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("KMIGRATE_SEED") or random.SystemRandom().randrange(2**31))
    rehearsal = Rehearsal(start_kserve(RELEASE))
    found = rehearsal.run(given(RELEASE, seed, 0, SERVICES))
    with capsys.disabled():
        flags = f"--kserve {RELEASE} --seed {seed} --clusters 1 --services {SERVICES}"
        print("", *rehearsal.tally.lines(), f"again: python -m tests.forecasts {flags}", sep="\n")
    assert not found, "\n".join(map(str, found))
