"""Where an upgrade stops on its way, and which ways there are not."""

from __future__ import annotations

import pytest

from migrate.catalog.runtimes import releases
from migrate.errors import UsageError
from migrate.kserve.releases import parse_release
from migrate.planning.stock.stops import stops_of


def stops(running: str, target: str, *via: str, direct: bool = False) -> list[str]:
    found = stops_of(
        parse_release(running), parse_release(target), [*map(parse_release, via)], direct=direct
    )
    return [str(one) for one in found]


def test_a_way_stops_at_the_newest_patch_release_of_each_minor() -> None:
    assert stops("0.7.0", "0.12.0") == ["0.8.0", "0.9.0", "0.10.2", "0.11.2", "0.12.0"]
    assert stops("0.15.0", "0.15.2") == ["0.15.2"]
    assert stops("0.15.0", "0.16.0") == ["0.16.0"]


@pytest.mark.parametrize("target", [one for one in releases() if one != "0.8.0"])
def test_each_stop_is_newer_than_the_one_before_and_the_target_is_the_last(target: str) -> None:
    found = stops("0.8.0", target)
    order = [parse_release(one) for one in ("0.8.0", *found)]
    assert order == sorted(set(order))
    assert found[-1] == target
    minors = [one.minor for one in order]
    assert minors == list(range(8, parse_release(target).minor + 1))


def test_named_stops_take_the_place_of_all_others_in_any_order() -> None:
    assert stops("0.7.0", "0.15.2", "0.11.0", "0.9.0") == ["0.9.0", "0.11.0", "0.15.2"]
    assert stops("0.7.0", "0.15.2", "0.15.2") == ["0.15.2"]
    assert stops("0.7.0", "0.15.2", direct=True) == ["0.15.2"]


@pytest.mark.parametrize(
    ("running", "target", "via", "words"),
    [
        ("0.9.0", "0.9.0", (), ("--target 0.9.0", "after the one that runs, found 0.9.0")),
        ("0.9.0", "0.8.0", (), ("--target 0.8.0", "found 0.9.0", "known are 0.10.2, 0.11.2")),
        ("0.20.0", "0.9.0", (), ("--target 0.9.0", "found 0.20.0", "none is known yet")),
        ("0.9.0", "0.6.0", (), ("--target 0.6.0", "found 0.9.0")),
        ("0.9.0", "0.99.0", (), ("--target 0.99.0", "no release that is known", "0.20.0")),
        ("0.9.0", "0.11.7", (), ("0.11.7", "known are 0.11.0, 0.11.1, 0.11.2")),
        ("0.9.0", "0.15.2", ("0.16.0",), ("--via 0.16.0", "0.9.0", "0.15.2")),
        ("0.9.0", "0.15.2", ("0.11.2", "0.8.0"), ("--via 0.8.0", "0.9.0")),
        ("0.9.0", "0.15.2", ("0.11.9",), ("--via 0.11.9", "no release that is known")),
    ],
)
def test_a_way_that_there_is_not_is_refused(
    running: str, target: str, via: tuple[str, ...], words: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError) as refused:
        stops(running, target, *via)
    said = f"{refused.value} {refused.value.hint}"
    assert all(word in said for word in words), said


def test_stops_and_no_stops_contradict_each_other() -> None:
    with pytest.raises(UsageError, match="contradict"):
        stops("0.7.0", "0.15.2", "0.9.0", direct=True)
