"""The table of releases, and how the running release is told."""

from __future__ import annotations

import msgspec
import pytest

from migrate.kserve import terms
from migrate.kserve.releases import (
    Release,
    ReleaseFormatError,
    detect,
    parse_release,
)
from migrate.kserve.table import NEWEST, OLDEST, is_known, rules_for
from tests.kserve.release import rules


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("v0.7.0", Release(0, 7, 0)),
        ("0.7.0", Release(0, 7, 0)),
        ("0.9", Release(0, 9, 0)),
        ("v0.10.2", Release(0, 10, 2)),
        ("1.2.3", Release(1, 2, 3)),
    ],
)
def test_reads_a_release(text: str, release: Release) -> None:
    assert parse_release(text) == release


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v",
        "0",
        "latest",
        "v0.9.0-rc0",
        "0.9.0.1",
        "V0.9",
        "0.09",
        "0.9\n",
        " 0.9",
        "\N{ARABIC-INDIC DIGIT ZERO}.9",
    ],
)
def test_refuses_what_is_no_release(text: str) -> None:
    with pytest.raises(ReleaseFormatError):
        parse_release(text)


def test_releases_are_ordered_by_number_and_not_by_text() -> None:
    releases = [Release(0, 10, 0), Release(0, 9, 0), Release(0, 9, 1), Release(1, 0)]
    assert [str(r) for r in sorted(releases)] == ["0.9.0", "0.9.1", "0.10.0", "1.0.0"]


# legacy-predictors section 6: the released tag of the manager's image.
@pytest.mark.parametrize(
    ("images", "release"),
    [
        (["kserve/kserve-controller:v0.9.0"], "0.9.0"),
        (["registry.example:5000/mirror/kserve-controller:v0.8.0"], "0.8.0"),
        ([f"kserve/kserve-controller:v0.7.0@sha256:{'a' * 64}"], "0.7.0"),
        (["a/c:v0.9.0", "b/c:0.9.0"], "0.9.0"),
        ([f"kserve/kserve-controller@sha256:{'a' * 64}"], None),
        (["registry.example:5000/kserve-controller"], None),
        (["kserve/kserve-controller:latest"], None),
        (["kserve/kserve-controller:v0.9.0-rc0"], None),
        (["not an image"], None),
        (["a/c:v0.9.0", "a/c:v0.8.0"], None),
        (["a/c:v0.9.0", "a/c:latest"], None),
        ([], None),
    ],
)
def test_detects_the_release_from_images(images: list[str], release: str | None) -> None:
    found = detect(images)
    assert (found and str(found)) == release


# legacy-predictors 1.1 (nested), 2.0 (pins), 2.5 and 2.6 (conversion), 8.12.
DEFAULT, SHORT = "-predictor-default", "-predictor"
TABLE = {
    "0.7.0": ("0.7", True, "pytorch sklearn xgboost", True, False, DEFAULT),
    "0.8.0": ("0.8", True, "sklearn xgboost", False, True, DEFAULT),
    "0.9.0": ("0.9", True, "sklearn xgboost", False, True, DEFAULT),
    "0.10.2": ("0.10", False, "", False, True, DEFAULT),
    "0.11.2": ("0.11", False, "", False, True, SHORT),
    "0.20.0": ("0.20", False, "", False, True, SHORT),
}


@pytest.mark.parametrize("release", TABLE)
def test_the_table(release: str) -> None:
    row = rules(release)
    assert TABLE[release] == (
        row.name,
        row.predictors_read,
        " ".join(sorted(row.nested)),
        row.pins_at_admission,
        row.converts_on_write,
        row.workload_suffix,
    )


def test_each_minor_release_has_a_row_and_newer_ones_the_last() -> None:
    names = [rules(f"0.{minor}.1").name for minor in range(OLDEST, NEWEST + 1)]
    assert names == [f"0.{minor}" for minor in range(OLDEST, NEWEST + 1)]
    newer = parse_release(f"0.{NEWEST + 1}.0")
    assert rules_for(newer) == rules(f"0.{NEWEST}.0")
    assert not is_known(newer)
    assert is_known(parse_release(f"0.{NEWEST}.9"))


def test_only_0_7_keeps_new_services_on_predictors() -> None:
    keep = [name for name in TABLE if rules(name).new_services_use_predictors]
    assert keep == ["0.7.0"]
    assert [name for name in TABLE if not rules(name).knows_model] == ["0.7.0"]
    assert [name for name in TABLE if rules(name).checks_gpu_suffix] == ["0.7.0"]
    assert [name for name in TABLE if not rules(name).instead] == ["0.7.0"]


def test_the_gpu_tag_comes_from_predictors_in_0_8_and_0_9() -> None:
    """legacy-predictors 2.8."""
    assert [n for n in TABLE if rules(n).gpu_tag_from_predictors] == ["0.8.0", "0.9.0"]


@pytest.mark.parametrize("release", ["0.6.1", "0.5.0", "1.0.0"])
def test_knows_no_rules_for_others(release: str) -> None:
    assert rules_for(parse_release(release)) is None


def test_rules_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        rules("0.9").name = "other"  # type: ignore[misc]
    assert terms.PYTORCH in msgspec.structs.asdict(rules("0.7"))["nested"]
