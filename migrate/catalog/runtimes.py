"""The ClusterServingRuntimes that the releases of KServe ship, from 0.8 on.

Recorded in ``stock_runtimes.json`` (by ``tests/catalog/record_runtimes.py``) from the released
manifests, ``install/vX/*.yaml``, and from the charts with default values: ``charts/kserve`` at
0.9, ``kserve-resources`` to 0.16, then ``kserve-runtime-configs``. The repository has no
manifest of 0.10.2, 0.13.0 and 0.17.1.

The two differ, so an object is stock if it is as either has it. The chart of 0.9 lists no
protocols; tags differ at 0.10 (torchserve), from 0.18 on (mlserver) and at 0.20 (vLLM); charts
write ``disabled`` from 0.16 and ``imagePullPolicy`` from 0.17 on. Those of 0.10 to 0.14 ship
runtimes of ModelMesh as well (``multiModel``); what 0.9 ships of them in the chart's own
namespace is not here.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Iterator

import msgspec

from migrate.objects import Manifest

MANIFEST = "manifest"
CHART = "chart"
SERVER_TYPE = "serving.kserve.io/server-type"
_FILE = "stock_runtimes.json"
_OWN_TAG = b"<release>"
_RELEASE = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?", re.ASCII)


class StockFormat(msgspec.Struct, frozen=True, rename="camel"):
    """An entry of ``supportedModelFormats``; ``priority`` exists from 0.11 on."""

    name: str
    version: str = ""
    auto_select: bool = False
    priority: int | None = None


class Shipped(msgspec.Struct, frozen=True):
    """A runtime as one origin ships it: MANIFEST or CHART.

    ``spec`` is the whole of it, as it is applied; ``annotations`` are the object's own.
    """

    origin: str
    spec: Manifest
    annotations: dict[str, str]

    @property
    def images(self) -> dict[str, str]:
        """The image of each container by name, ``worker-container`` of a workerSpec included."""
        return {container["name"]: container["image"] for container in self._containers()}

    @property
    def formats(self) -> tuple[StockFormat, ...]:
        """The formats that it serves, as they are listed."""
        return msgspec.convert(self.spec["supportedModelFormats"], tuple[StockFormat, ...])

    @property
    def protocols(self) -> tuple[str, ...]:
        """``protocolVersions``; none in 0.8."""
        return tuple(self.spec.get("protocolVersions", ()))

    @property
    def server_type(self) -> str:
        """The annotation by which 0.17 and later know the server; else empty."""
        return self.annotations.get(SERVER_TYPE, "")

    def _containers(self) -> Iterator[Manifest]:
        yield from self.spec["containers"]
        yield from self.spec.get("workerSpec", {}).get("containers", ())


class StockRuntime(msgspec.Struct, frozen=True):
    """A runtime of a release. ``release`` is the one whose data this is: ``0.15.2``."""

    release: str
    name: str
    origins: tuple[Shipped, ...]


class _Shape(msgspec.Struct):
    """What is shipped under one or more names; the release's own tag is ``<release>``."""

    spec: Manifest
    annotations: dict[str, str] = {}


class _Data(msgspec.Struct):
    """``releases`` leads from release, origin and name to the key of a shape."""

    shapes: dict[str, msgspec.Raw]
    releases: dict[str, dict[str, dict[str, str]]]


def stock(release: str) -> tuple[StockRuntime, ...]:
    """Return the runtimes that a release such as ``0.15.1`` ships, by name.

    A patch release that is not known gets the data of another of the same minor release: the
    next one, else the last; the runtimes say which (``release``), and KServe's own images have
    that one's tag. Empty where no release of the minor is known, for 0.7, which has no
    runtimes, and for what is no release.
    """
    known = _nearest(release)
    if known is None:
        return ()
    origins = _data().releases[known]
    names = sorted({name for shapes in origins.values() for name in shapes})
    return tuple(_runtime(known, name) for name in names)


def manifests(release: str) -> dict[str, Shipped]:
    """Return what the released manifests hold, by name; see ``stock``.

    Where the repository has none of the very release, they are those of another patch release of
    the same minor, the last one, with the tags of this one. The chart's where there is neither.
    """
    known = _nearest(release)
    if known is None:
        return {}
    same = [one for one in releases() if _numbers(one)[:2] == _numbers(known)[:2]]
    whole = [one for one in same if MANIFEST in _data().releases[one]]
    source = known if known in whole or not whole else whole[-1]
    origin = MANIFEST if whole else CHART
    shapes = _data().releases[source][origin]
    return {name: _shipped(known, origin, shapes[name]) for name in sorted(shapes)}


def releases() -> tuple[str, ...]:
    """Return the releases whose runtimes are known, oldest first."""
    return tuple(sorted(_data().releases, key=_numbers))


def _runtime(release: str, name: str) -> StockRuntime:
    origins = _data().releases[release].items()
    shipped = (
        _shipped(release, origin, shapes[name]) for origin, shapes in origins if name in shapes
    )
    return StockRuntime(release, name, tuple(shipped))


def _shipped(release: str, origin: str, key: str) -> Shipped:
    raw = bytes(_data().shapes[key]).replace(_OWN_TAG, f"v{release}".encode())
    shape = msgspec.json.decode(raw, type=_Shape)
    return Shipped(origin, shape.spec, shape.annotations)


def _nearest(release: str) -> str | None:
    if not _RELEASE.fullmatch(release):
        return None
    *minor, patch = _numbers(release)
    same = [known for known in releases() if _numbers(known)[:2] == minor]
    later = (known for known in same if _numbers(known)[2] >= patch)
    return next(later, same[-1] if same else None)


def _numbers(release: str) -> list[int]:
    found = _RELEASE.fullmatch(release)
    return [int(number) for number in found.groups("0")] if found else []


@functools.cache
def _data() -> _Data:
    file = importlib.resources.files(__package__).joinpath(_FILE)
    return msgspec.json.decode(file.read_bytes(), type=_Data)
