"""The waves of a plan, as a person reads them."""

from __future__ import annotations

import pytest

from migrate.commands.strategies import duration
from migrate.report.lines import PIPE
from migrate.report.markdown import plan_markdown
from migrate.report.waves import spelled, wave_lines
from tests.planning.copies import OVER, cluster, isvc, plan
from tests.planning.pinned import pinning_plan, settled

NEW = "sklearn=registry.example.com/ml/sklearnserver:next"


def test_canaries_waves_and_pauses_are_told() -> None:
    found = settled("0.20.0", *(isvc(f"m{number}") for number in range(4)))
    made = pinning_plan(found, NEW, canary=("team/m3",), wave_size=2, pause=600.0)
    assert list(wave_lines(made, PIPE))[2:] == [
        "    wave 1 (canary): team/m3",
        "    pause 10m; wave 2: team/m0, team/m1",
        "    pause 10m; wave 3: team/m2",
    ]


def test_markdown_has_them_whole() -> None:
    found = settled("0.20.0", isvc("a"), isvc("b"))
    lines = list(plan_markdown(pinning_plan(found, NEW, wave_size=1)))
    at = lines.index("In waves, each when the one before is done:")
    assert lines[at + 1 : at + 3] == ["  wave 1: team/a", "  wave 2: team/b"]


def test_runtimes_of_namespaces_come_in_waves_too() -> None:
    services = (isvc("a"), isvc("b", namespace="other"))
    found = cluster("0.20.0", *services, images={"kserve-sklearnserver": OVER})
    assert list(wave_lines(plan(found, NEW), PIPE))[2:] == [
        "    wave 1: other/b",
        "    wave 2: team/a",
    ]


def test_of_one_wave_nothing_is_told() -> None:
    found = settled("0.20.0", isvc("a"), isvc("b"))
    assert list(wave_lines(pinning_plan(found, NEW), PIPE)) == []


@pytest.mark.parametrize("text", ["90s", "1h30m", "0.5s", "10m", "1h1m1s"])
def test_a_pause_is_spelled_as_it_may_be_given(text: str) -> None:
    assert duration(spelled(duration(text, "--pause")), "--pause") == duration(text, "--pause")
