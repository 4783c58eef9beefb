"""Whether a runtime may serve a model at all: ``predictor_model.go``, KServe 0.8 to 0.20."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.kserve.runtimes import Runtime
from migrate.kserve.selection import (
    Wish,
    lowest_protocol,
    priority,
    supports,
    unfit,
    unfit_though_named,
)
from tests.kserve.release import rules, runtime


def one(name: str, *protocols: str, **spec: Any) -> Runtime:
    """A runtime that is selected for sklearn."""
    return runtime("sklearn", "x:1", name, protocolVersions=list(protocols), **spec)


ON = {"autoSelect": True}
ONE = {"name": "sklearn", "version": "1"}
NONE, OFF = "it does not serve sklearn", "autoSelect is not on for sklearn"
FORMATS: list[tuple[list[dict[str, Any]], str | None, str, str]] = [
    ([{"name": "sklearn", **ON}], None, "", ""),
    ([{"name": "sklearn"}], None, OFF, ""),
    ([{"name": "sklearn", "autoSelect": False}], None, OFF, ""),
    ([{"name": "onnx", **ON}], None, NONE, NONE),
    ([], None, NONE, NONE),
    ([{**ONE, **ON}], None, "", ""),
    ([{**ONE, **ON}], "1", "", ""),
    ([{**ONE, **ON}], "2", f"{NONE} version '2'", f"{NONE} version '2'"),
    ([{"name": "sklearn", **ON}], "1", f"{NONE} version '1'", f"{NONE} version '1'"),
    ([ONE, {"name": "sklearn", **ON}], "1", f"{NONE} version '1'", ""),
    ([{"name": "sklearn"}, {**ONE, **ON}], "1", "", ""),
    ([{"name": "sklearn", "version": "", **ON}], "", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("formats", "version", "auto", "named"), FORMATS)
def test_formats_are_compared_with_their_version_as_text(
    formats: list[dict[str, Any]], version: str | None, auto: str, named: str
) -> None:
    """``RuntimeSupportsModel``; autoSelect counts only where no runtime is named."""
    found, wish = one("r", supportedModelFormats=formats), Wish("n", "sklearn", version)
    assert unfit(found, wish, rules("0.20")) == auto
    told = unfit_though_named(found, wish, rules("0.20"))
    assert told == (f"{found.ref}: {named}" if named else "")


def test_a_format_without_a_name_is_one() -> None:
    """Go compares ``mt:`` with ``mt:``."""
    nameless = one("r", supportedModelFormats=[ON])
    assert unfit(nameless, Wish("n", ""), rules("0.20")) == ""


def test_without_any_formats_it_serves_none() -> None:
    found = one("r", supportedModelFormats=None)
    assert unfit(found, Wish("n", "sklearn"), rules("0.20")) == "it does not serve sklearn"


def test_what_is_disabled_or_for_model_mesh_does_not_fit() -> None:
    wish, release = Wish("n", "sklearn"), rules("0.20")
    off, mesh = one("off", disabled=True), one("mesh", multiModel=True)
    assert unfit(off, wish, release) == "it is disabled"
    assert unfit_though_named(off, wish, release) == "ClusterServingRuntime off is disabled"
    assert "ModelMesh" in unfit(mesh, wish, release)
    assert unfit_though_named(mesh, wish, release) == ""


UNFIT = "it does not serve protocol "


@pytest.mark.parametrize(
    ("release", "asked", "auto", "named"),
    [
        ("0.8", None, "", ""),
        ("0.8", "v1", "", ""),
        ("0.9", None, "", ""),
        ("0.9", "v1", f"{UNFIT}v1", "v1"),
        ("0.9", "v2", "", ""),
        ("0.10", None, "", ""),
        ("0.11", None, f"{UNFIT}v1", ""),
        ("0.11", "v2", "", ""),
        ("0.11", "", "", ""),
        ("0.20", "grpc-v1", f"{UNFIT}grpc-v1", "grpc-v1"),
    ],
)
def test_an_unset_protocol_means_another_thing_in_each_release(
    release: str, asked: str | None, auto: str, named: str
) -> None:
    """Not looked at in 0.8, any in 0.9 and 0.10, v1 from 0.11 on (``GetProtocol``)."""
    found, wish = one("r", "v2", "grpc-v2"), Wish("n", "sklearn", protocol=asked)
    assert unfit(found, wish, rules(release)) == auto
    told = unfit_though_named(found, wish, rules(release))
    assert told == (f"{found.ref} does not serve protocol {named}" if named else "")


def test_a_runtime_without_protocols_serves_any() -> None:
    assert supports(one("r"), "grpc-v2")
    assert unfit(one("r"), Wish("n", "sklearn", protocol="v2"), rules("0.20")) == ""


@pytest.mark.parametrize("release", ["0.14", "0.15"])
def test_worker_specs_go_together_from_0_15_on(release: str) -> None:
    """``IsMultiNodeRuntime``; a named runtime is not asked."""
    many, single = one("many", workerSpec={"containers": []}), one("one")
    told = {
        (one_.name, wants): unfit(one_, Wish("n", "sklearn", has_workers=wants), rules(release))
        for one_ in (many, single)
        for wants in (True, False)
    }
    wrong = {("many", False): "it has a workerSpec", ("one", True): "it has no workerSpec"}
    assert {key: why for key, why in told.items() if why} == (wrong if release == "0.15" else {})
    assert unfit_though_named(many, Wish("n", "sklearn"), rules(release)) == ""


@pytest.mark.parametrize(
    ("protocols", "rank"),
    [
        (["v1"], 0),
        (["v2"], 1),
        (["grpc-v1"], 2),
        (["grpc-v2"], 3),
        (["odd"], 4),
        ([], 4),
        (["grpc-v2", "v2", "odd"], 1),
    ],
)
def test_protocols_have_ranks(protocols: list[str], rank: int) -> None:
    """``GetProtocolVersionInt`` in ``pkg/constants/constants.go``."""
    assert lowest_protocol(one("r", *protocols)) == rank


def test_the_priority_is_that_of_the_first_entry_of_the_format() -> None:
    """``GetPriority`` in ``servingruntime_types.go``."""
    formats = [
        {"name": "onnx", "priority": 7},
        {"name": "sklearn", "version": "0", "priority": 1},
        {"name": "sklearn", "version": "1", "priority": 2},
    ]
    found = one("r", supportedModelFormats=formats)
    assert priority(found, "sklearn") == 1
    assert priority(found, "none") is None
    assert priority(one("r", supportedModelFormats=None), "sklearn") is None
