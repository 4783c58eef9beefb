"""Which release is taken for the one that runs, and why it may be another."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from migrate.kserve.detection import Detected, detect_release
from migrate.kserve.fingerprint import Fit
from migrate.kserve.releases import Release, ReleaseFormatError
from migrate.kserve.table import NEWEST
from tests.kserve.release import rules

IMAGE = "kserve/kserve-controller:v{}"


def never() -> Fit:
    pytest.fail("it reads much, and is asked all the same")


def fit(releases: list[str], likely: list[str], *doubts: str) -> Callable[[], Fit]:
    return lambda: Fit(tuple(releases), tuple(likely), (), doubts, ())


def test_what_was_said_goes_before_everything() -> None:
    found = detect_release("0.9", [IMAGE.format("0.15.2")], never)
    assert found == Detected(Release(0, 9, 0), "--kserve-version")
    assert found.rules == rules("0.9")


@pytest.mark.parametrize("asked", ["0.99.1", "0.1.0", "1.0.0"])
def test_what_was_said_is_not_doubted(asked: str) -> None:
    assert detect_release(asked, [], never).doubts == ()


def test_what_was_said_must_be_a_release() -> None:
    for asked in ("latest", "0.9.0-rc1", "0.1٩.0", "0.09", "9"):
        with pytest.raises(ReleaseFormatError):
            detect_release(asked, [IMAGE.format("0.9.0")], never)


def test_else_the_image_of_the_controller_tells() -> None:
    found = detect_release("", [IMAGE.format("0.15.2")], never)
    assert found == Detected(Release(0, 15, 2), "the controller's image")


def test_a_release_after_the_newest_that_is_known_is_doubted() -> None:
    known = detect_release("", [IMAGE.format(f"0.{NEWEST}.9")], never)
    assert known.doubts == ()
    later = detect_release("", [IMAGE.format(f"0.{NEWEST + 1}.0")], never)
    assert later.release == Release(0, NEWEST + 1, 0)
    assert later.source == "the controller's image"
    (doubt,) = later.doubts
    assert f"0.{NEWEST + 1}.0 is newer than 0.{NEWEST}" in doubt
    assert later.rules == rules(f"0.{NEWEST}")


@pytest.mark.parametrize("release", ["0.6.1", "1.0.0"])
def test_a_release_without_rules_is_told_as_it_is(release: str) -> None:
    found = detect_release("", [IMAGE.format(release)], never)
    assert (str(found.release), found.doubts, found.rules) == (release, (), None)


@pytest.mark.parametrize("images", [[], ["mirror/x:latest"], [IMAGE.format("0.8.0"), "x:v0.9.0"]])
def test_else_what_fits_does(images: list[str]) -> None:
    found = detect_release("", images, fit(["0.15"], ["0.15"], "a doubt"))
    assert found.release == Release(0, 15, 0)
    assert found.source == "its CRDs and its ConfigMap"
    assert found.doubts == ("a doubt",)


def test_of_several_that_fit_the_newest_likely_one_is_taken_with_a_doubt() -> None:
    found = detect_release("", [], fit(["0.17", "0.18", "0.19"], ["0.17", "0.18"], "first"))
    assert found.release == Release(0, 18, 0)
    first, second = found.doubts
    assert first == "first"
    assert "0.17, 0.18, 0.19" in second
    assert second.endswith("0.18 is assumed")


def test_labels_of_the_controller_tell_which_of_those_that_fit() -> None:
    several = fit(["0.17", "0.18", "0.19"], ["0.19"], "first")
    chart = {"helm.sh/chart": "kserve-v0.17.1"}
    found = detect_release("", [], several, [chart, chart])
    assert found == Detected(Release(0, 17, 1), "labels of its controller", ("first",))
    others: list[list[dict[str, str]]] = [
        [],
        [{}],
        [chart, {}],
        [{"helm.sh/chart": "kserve-v0.15.2"}],
    ]
    for labels in others:
        assert detect_release("", [], several, labels).release == Release(0, 19, 0)


def test_where_nothing_tells_there_is_no_release() -> None:
    found = detect_release("", [], fit([], [], "nothing"))
    assert found == Detected(None, "nothing tells", ("nothing",))
    assert found.rules is None
