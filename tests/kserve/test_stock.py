"""The runtimes that a release ships, as an installation leaves them."""

from __future__ import annotations

import pytest

from migrate.catalog.runtimes import CHART, MANIFEST, releases, stock
from migrate.kserve.stock import (
    names_the_model,
    server_name,
    servers_that_want_a_name,
    stock_runtimes,
)


@pytest.mark.parametrize("release", ["0.8.0", "0.9.0", "0.10.1", "0.15.2", "0.18.0", "0.20.0"])
def test_the_manifests_decide_where_they_and_the_charts_differ(release: str) -> None:
    found = stock_runtimes(release)
    assert sorted(found) == [one.name for one in stock(release)]
    for one in stock(release):
        origins = {shipped.origin: shipped for shipped in one.origins}
        told = origins.get(MANIFEST) or origins[CHART]
        containers = {c.name: c.image for c in found[one.name].spec.containers or ()}
        assert containers == {name: told.images[name or ""] for name in containers}
        assert found[one.name].metadata.annotations == told.annotations
        assert found[one.name].is_cluster


def test_some_differ() -> None:
    """Else the test above would say nothing."""
    one = next(one for one in stock("0.20.0") if one.name == "kserve-mlserver")
    images = {shipped.origin: shipped.images["kserve-container"] for shipped in one.origins}
    containers = stock_runtimes("0.20.0")["kserve-mlserver"].spec.containers or []
    assert containers[0].image == images[MANIFEST] != images[CHART]


def test_nothing_is_shipped_where_there_are_no_runtimes() -> None:
    assert stock_runtimes("0.7.0") == {}
    assert servers_that_want_a_name("0.7.0") == frozenset()


def test_a_release_after_those_that_are_known_ships_what_the_newest_does() -> None:
    newest = releases()[-1]
    assert stock_runtimes("0.99.0") == stock_runtimes(newest) != {}
    assert stock_runtimes("0.6.1") == {}


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("kserve/sklearnserver:v0.9.0", "sklearnserver"),
        ("host:5000/a/b/server@sha256:" + 64 * "0", "server"),
        ("server", "server"),
        ("", ""),
        ("no image", ""),
    ],
)
def test_people_know_a_server_by_the_last_part_of_its_image(image: str, name: str) -> None:
    assert server_name(image) == name


@pytest.mark.parametrize("release", ["0.8.0", "0.15.2", "0.20.0"])
def test_servers_of_kserve_want_a_name_whose_stock_runtime_gives_one(release: str) -> None:
    told = servers_that_want_a_name(release)
    for one in stock_runtimes(release).values():
        for container in one.spec.containers or ():
            text = " ".join(container.args or ())
            wants = "--model_name=" in text or "--model-name=" in text
            wants = wants and (container.image or "").startswith("kserve/")
            assert (server_name(container.image or "") in told) is wants
    assert {"sklearnserver", "xgbserver"} <= told
    assert not {"mlserver", "tritonserver", "torchserve-kfs", "serving", ""} & told


@pytest.mark.parametrize(
    ("argument", "names"),
    [
        ("--model_name={{.Name}}", True),
        ("--model-name=x", True),
        ("--model_name", True),
        ("-model_name=x", False),
        ("--model=x", False),
        ("x--model_name=x", False),
    ],
)
def test_an_argument_may_name_the_model(argument: str, names: bool) -> None:
    assert names_the_model(argument) is names
