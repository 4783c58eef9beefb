"""The values recorded of the charts, held against the images that the charts install.

The two were recorded apart: the values with a text of their own for every image, the images
(``stock_runtimes.json``) with the charts' defaults.
"""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

import migrate.catalog.runtimes as stock
from migrate.catalog.charts import chart_of, releases
from migrate.objects import Manifest, value_at

IMAGE = "/spec/containers/name=kserve-container/image"


def installed(release: str) -> dict[str, Manifest]:
    """What the chart of a release installs by default, by the name of the runtime."""
    return {
        runtime.name: {"spec": each.spec}
        for runtime in stock.stock(release)
        for each in runtime.origins
        if each.origin == stock.CHART
    }


def test_every_release_with_a_chart_is_known() -> None:
    assert set(releases()) == {r for r in stock.releases() if installed(r)}
    assert len(releases()) == len(set(releases())) > 20


@pytest.mark.parametrize("release", releases())
def test_values_give_the_images_that_the_chart_installs(release: str) -> None:
    chart, runtimes = chart_of(release), installed(release)
    assert chart is not None
    stems = defaultdict(set)
    for setting in chart.settings:
        image = value_at(runtimes[setting.runtime], setting.path)
        assert image.endswith(setting.suffix), setting
        stems[setting.key].add(image.removesuffix(setting.suffix))
    assert all(len(images) == 1 for images in stems.values()), stems


@pytest.mark.parametrize("release", releases())
def test_no_image_is_without_values_but_those_of_modelmesh(release: str) -> None:
    chart, runtimes = chart_of(release), installed(release)
    assert chart is not None
    expressed = {(setting.runtime, setting.path) for setting in chart.settings}
    for name, runtime in runtimes.items():
        if not runtime["spec"].get("multiModel"):
            assert (name, IMAGE) in expressed
        workers = json.dumps(runtime["spec"].get("workerSpec", {})).count('"image":')
        assert len([1 for each, _ in expressed if each == name]) in (0, 1 + workers)


@pytest.mark.parametrize(
    ("release", "name"),
    [("0.9.0", "kserve"), ("0.16.0", "kserve-resources"), ("0.17.0", "kserve-runtime-configs")],
)
def test_the_chart_of_a_release(release: str, name: str) -> None:
    chart = chart_of(release)
    assert chart is not None
    assert chart.name == name


@pytest.mark.parametrize("release", ["0.7.0", "0.8.0", "0.15.9", "", "latest"])
def test_a_release_without_a_known_chart(release: str) -> None:
    assert chart_of(release) is None
