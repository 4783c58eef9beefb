"""Generated clusters on a real controller each time: the forecast is what then happens."""

from __future__ import annotations

import os
import random
from itertools import count

import pytest

from tests.conftest import StartKServe
from tests.differential.occupied import Occupied
from tests.forecasts.generator import given
from tests.forecasts.rehearsal import Rehearsal

SERVICES = 24
IN_PLACE, MOVES = 1, 1


@pytest.mark.parametrize("release", ["0.15.2"])
def test_what_is_forecast_happens_and_nothing_else(
    release: str, start_kserve: StartKServe, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("KMIGRATE_SEED") or random.SystemRandom().randrange(2**31))
    live = Occupied(start_kserve(release))
    in_place = Rehearsal(live), IN_PLACE, ""
    moves = Rehearsal(live, to_runtimes=True), MOVES, " --to-runtimes"
    for rehearsal, clusters, flag in (in_place, moves):
        found = []
        for index in count():
            found += rehearsal.run(given(release, seed, index, SERVICES))
            if rehearsal.tally.clusters == clusters:
                break
        with capsys.disabled():
            print("", *rehearsal.tally.lines(), sep="\n")
            flags = f"--kserve {release} --seed {seed} --clusters {index + 1}{flag}"
            print(f"again: python -m tests.forecasts {flags} --services {SERVICES}")
        assert not found, "\n".join(map(str, found))
