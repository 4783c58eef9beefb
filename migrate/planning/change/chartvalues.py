"""Edits as values of the Helm chart that installs the runtimes, as far as it has such."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import UNSET

from migrate.catalog.charts import Chart, Setting, chart_of
from migrate.kserve import terms
from migrate.objects import Json, Manifest, ObjectRef, value_at
from migrate.operations.model import Edit
from migrate.planning.world.bare import put

Objects = Mapping[ObjectRef, Manifest]
Edits = Mapping[ObjectRef, Sequence[Edit]]


class Left(msgspec.Struct, frozen=True):
    """What values cannot express: why not, and of which objects."""

    reason: str
    objects: tuple[ObjectRef, ...]


class Values(msgspec.Struct, frozen=True):
    """What the chart can express, and what is left; ``chart`` is empty where none is known."""

    chart: str = ""
    values: Manifest = {}
    left: tuple[Left, ...] = ()


class _NotExpressibleError(ValueError):
    pass


def values_of(release: str, edits: Edits, runtimes: Objects) -> Values:
    """Return the values that give these edits the values that ``runtimes`` have.

    ``runtimes`` are all ClusterServingRuntimes, before or after the edits.
    """
    chart = chart_of(release)
    values: Manifest = {}
    left: dict[str, list[ObjectRef]] = {}
    for ref, path in _places(edits):
        try:
            setting, image = _expressed(chart, ref, path, runtimes)
        except _NotExpressibleError as reason:
            left.setdefault(f"{path}: {reason}", []).append(ref)
        else:
            key = f"/kserve/servingruntime/{setting.key}"
            repository, _, tag = image.rpartition(":")
            put(values, f"{key}/image", repository)
            put(values, f"{key}/tag", tag)
    told = tuple(Left(reason, tuple(objects)) for reason, objects in left.items())
    return Values(chart.name if chart else "", values, told)


def _places(edits: Edits) -> Iterator[tuple[ObjectRef, str]]:
    for ref, each in edits.items():
        yield from ((ref, path) for path in dict.fromkeys(edit.path for edit in each))


def _expressed(
    chart: Chart | None, ref: ObjectRef, path: str, runtimes: Objects
) -> tuple[Setting, str]:
    """Return the setting and the image that it must give. Raise _NotExpressibleError."""
    if ref.kind != terms.CLUSTER_RUNTIME:
        raise _NotExpressibleError("no chart of KServe has values for it")
    if chart is None:
        raise _NotExpressibleError("no chart of this release is known")
    setting = next((s for s in chart.settings if (s.runtime, s.path) == (ref.name, path)), None)
    if setting is None:
        raise _NotExpressibleError(f"chart {chart.name} has no value for it")
    image = _stem(setting, value_at(runtimes[ref], path))
    _refuse_shared(chart, setting, image, runtimes)
    return setting, image


def _stem(setting: Setting, image: Json) -> str:
    """Return the image less the suffix: what the chart joins of repository, colon and tag."""
    if not isinstance(image, str) or not image.endswith(setting.suffix):
        raise _NotExpressibleError(
            f"the chart puts {setting.suffix} behind the tag, which is not in {image}"
            if setting.suffix
            else "there is no image"
        )
    stem = image.removesuffix(setting.suffix)
    if not stem.rpartition(":")[0] or "/" in stem.rpartition(":")[2]:
        raise _NotExpressibleError(f"the chart needs a tag, which {image} has not")
    return stem


def _refuse_shared(chart: Chart, setting: Setting, image: str, runtimes: Objects) -> None:
    """Raise _NotExpressibleError where the same value gives another image a change as well."""
    named = {ref.name: manifest for ref, manifest in runtimes.items()}
    for other in chart.settings:
        if other.key != setting.key or other.runtime not in named:
            continue
        found = value_at(named[other.runtime], other.path)
        if found is not UNSET and found != image + other.suffix:
            raise _NotExpressibleError(
                f"kserve.servingruntime.{setting.key} also sets the image of "
                f"{terms.CLUSTER_RUNTIME} {other.runtime}, which is {found}"
            )
