"""One generated cluster on a real controller each time: the forecast is what then happens."""

from __future__ import annotations

import os
import random

import pytest

from tests.conftest import StartKServe
from tests.forecasts.generator import given
from tests.forecasts.rehearsal import Rehearsal

RELEASE = "0.15.2"


def test_what_is_forecast_happens_and_nothing_else(
    start_kserve: StartKServe, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("KMIGRATE_SEED") or random.SystemRandom().randrange(2**31))
    rehearsal = Rehearsal(start_kserve(RELEASE))
    found = rehearsal.run(given(RELEASE, seed, 0))
    with capsys.disabled():
        again = f"python -m tests.forecasts --kserve {RELEASE} --seed {seed} --clusters 1"
        print("", *rehearsal.tally.lines(), f"again: {again}", sep="\n")
    assert not found, "\n".join(map(str, found))
