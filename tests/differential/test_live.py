"""Live controllers are asked about a fresh random sample each time: the record cannot go stale."""

from __future__ import annotations

import os
import random

import pytest

from tests.conftest import StartKServe
from tests.differential.generator import clusters
from tests.differential.live import Asker
from tests.differential.prediction import mismatches

CLUSTERS = 5


@pytest.mark.parametrize("release", ["0.9.0", "0.20.0"])
def test_the_controller_does_as_predicted(
    release: str, start_kserve: StartKServe, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("KMIGRATE_SEED") or random.SystemRandom().randrange(2**31))
    asker, found, services = Asker(start_kserve(release)), [], 0
    for cluster in clusters(release, seed, CLUSTERS):
        verdict = asker.ask(cluster)
        services += len(cluster["services"])
        found += mismatches(cluster, verdict)
    with capsys.disabled():
        again = f"make differential KSERVE={release} SEED={seed} CLUSTERS={CLUSTERS}"
        print(f"\n{release}: {services} services, {len(found)} mismatches; again: {again}")
    assert not found, "\n".join(map(str, found))
