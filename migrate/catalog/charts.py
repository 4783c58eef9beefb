"""Which Helm values set the images of the ClusterServingRuntimes that KServe's charts install.

Recorded in ``charts.json`` (by ``tests/catalog/record_charts.py``): each release's chart was
rendered by Helm 3.18.6 with a text of its own for every image and tag, and the texts looked
for in the runtimes. The charts are ``charts/kserve`` at 0.9, ``kserve-resources`` from 0.10 to
0.16, then ``kserve-runtime-configs``. There is no chart of 0.7 and 0.8, and none sets an image
of ``predictors``: the ConfigMap of the chart of 0.9 has a constant text there.
"""

from __future__ import annotations

import functools
import importlib.resources

import msgspec

_FILE = "charts.json"


class Setting(msgspec.Struct, frozen=True):
    """An image that a chart makes up as ``IMAGE:TAG`` and a suffix.

    ``path`` leads to it in the ClusterServingRuntime ``runtime``, IMAGE and TAG stand in
    ``kserve.servingruntime.KEY`` of the values. The suffix is mostly empty.
    """

    runtime: str
    path: str
    key: str
    suffix: str


class Chart(msgspec.Struct, frozen=True):
    """The chart of a release that installs the runtimes."""

    name: str
    settings: tuple[Setting, ...]


class _Group(msgspec.Struct):
    """``images`` leads from runtime and path to key and suffix."""

    releases: tuple[str, ...]
    chart: str
    images: dict[str, dict[str, tuple[str, str]]]


def chart_of(release: str) -> Chart | None:
    """Return the chart of a release such as ``0.15.2``; None for one that has or knows none."""
    group = next((group for group in _groups() if release in group.releases), None)
    if group is None:
        return None
    found = [
        Setting(runtime, path, *made_of)
        for runtime, paths in group.images.items()
        for path, made_of in paths.items()
    ]
    return Chart(group.chart, tuple(found))


def releases() -> tuple[str, ...]:
    """Return the releases whose chart is known, oldest first."""
    return tuple(release for group in _groups() for release in group.releases)


@functools.cache
def _groups() -> tuple[_Group, ...]:
    file = importlib.resources.files(__package__).joinpath(_FILE)
    return msgspec.json.decode(file.read_bytes(), type=tuple[_Group, ...])
