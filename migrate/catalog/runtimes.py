"""The ClusterServingRuntimes that the releases of KServe ship, from 0.8 on.

Recorded in ``stock_runtimes.json`` (by ``tests/catalog/record_runtimes.py``) from the released
manifests, ``install/vX/*.yaml``, and from the charts with default values: ``charts/kserve`` at
0.9, ``kserve-resources`` to 0.16, then ``kserve-runtime-configs``.

The repository has no manifest of 0.10.2, 0.13.0 and 0.17.1. For these ``config/runtimes`` at the
tag stands in, with the release's tag in the place of ``latest``, as ``hack/generate-install.sh``
makes a manifest of it; and the manifest of the patch release beside it, which people install
instead. But for that tag the two are the same (``tests/catalog/record_config.py``, every tag).
``latest`` itself, which `kubectl apply -k` leaves, is of no release, and no stock.

They differ, so an object is stock if it is as any has it. The chart of 0.9 lists no
protocols; tags differ at 0.10 (torchserve), from 0.18 on (mlserver) and at 0.20 (vLLM); charts
write ``disabled`` from 0.16 and ``imagePullPolicy`` from 0.17 on. Those of 0.10 to 0.14 ship
runtimes of ModelMesh as well (``multiModel``); what 0.9 ships of them in the chart's own
namespace is not here.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from migrate.objects import Manifest

MANIFEST = "manifest"
CHART = "chart"
CONFIG = "config/runtimes"
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
    """A runtime as one origin ships it: MANIFEST, CHART, or, where there is no manifest, CONFIG.

    The manifest of another patch release has an origin like ``manifest of 0.10.1`` there.

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
    origins = list(_origins(known))
    names = sorted({name for one in origins for name in one.shapes})
    return tuple(StockRuntime(known, name, tuple(_shipped(origins, name))) for name in names)


def manifests(release: str) -> dict[str, Shipped]:
    """Return what the released manifests hold, by name; see ``stock``.

    Where the repository has none of the very release, what CONFIG makes. The chart's where there
    is none of the minor release.
    """
    known = _nearest(release)
    if known is None:
        return {}
    by_name = {one.name: one for one in _origins(known)}
    best = next(by_name[name] for name in (MANIFEST, CONFIG, CHART) if name in by_name)
    return {name: one for name in sorted(best.shapes) for one in _shipped([best], name)}


def releases() -> tuple[str, ...]:
    """Return the releases whose runtimes are known, oldest first."""
    return tuple(sorted(_data().releases, key=_numbers))


class _Origin(NamedTuple):
    """Keys of shapes by name, whose images of KServe's own have the tag of ``release``."""

    name: str
    release: str
    shapes: dict[str, str]


def _origins(release: str) -> Iterator[_Origin]:
    recorded = _data().releases[release]
    for name, shapes in recorded.items():
        yield _Origin(name, release, shapes)
    same = [one for one in releases() if _numbers(one)[:2] == _numbers(release)[:2]]
    beside = [one for one in same if MANIFEST in _data().releases[one]]
    if MANIFEST not in recorded and beside:
        shapes = _data().releases[beside[-1]][MANIFEST]
        yield _Origin(CONFIG, release, shapes)
        yield _Origin(f"{MANIFEST} of {beside[-1]}", beside[-1], shapes)


def _shipped(origins: Iterable[_Origin], name: str) -> Iterator[Shipped]:
    for one in origins:
        if name in one.shapes:
            raw = bytes(_data().shapes[one.shapes[name]])
            raw = raw.replace(_OWN_TAG, f"v{one.release}".encode())
            shape = msgspec.json.decode(raw, type=_Shape)
            yield Shipped(one.name, shape.spec, shape.annotations)


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
