"""What was: the images that were set globally before an upgrade, and what each service ran.

Each has the source that tells it. What no source tells is a gap, and said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

import msgspec

from migrate.kserve import terms
from migrate.objects import ObjectRef
from migrate.planning.model.desired import Desired, EnvVar
from migrate.planning.stock.reach import key_of


class Source(msgspec.Struct, frozen=True, order=True):
    """What tells something, in words, and from when it is: RFC 3339 in UTC, empty for unknown."""

    at: str
    text: str

    def __str__(self) -> str:
        return f"{self.text} ({self.at or 'of unknown age'})"


class FormerImage(msgspec.Struct, frozen=True, kw_only=True):
    """An image that was set globally.

    ``entry`` is spelled as in `--set`; ``stock`` is what the release of then shipped, where that
    is known. ``is_stock``: nobody had set anything; ``has_stock_image``: not the image, at least.
    Of a runtime, ``env`` and ``args`` are what its container said beside what was
    shipped, and ``others`` names fields of it that were edited as well. ``image`` is empty where
    none was set. ``inferred`` is from how many services the image is inferred; 0 where it was read.
    """

    entry: str
    image: str
    source: Source
    stock: str = ""
    is_stock: bool = False
    has_stock_image: bool = False
    env: tuple[EnvVar, ...] = ()
    args: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    inferred: int = 0

    @property
    def runtime(self) -> str:
        """The name of the ClusterServingRuntime that had it; empty for an entry of `predictors`."""
        return self.entry.removeprefix("runtime/") if self.entry.startswith("runtime/") else ""

    @property
    def told(self) -> str:
        """What was set, for a person; no values, which may be credentials."""
        env = (f"env {one.name}" for one in self.env)
        flags = (flag.partition("=")[0] for flag in self.args)
        set_ = () if self.has_stock_image and not self.is_stock else (self.image,)
        return ", ".join(filter(None, (*set_, *env, *flags))) or "nothing"


class FormerService(msgspec.Struct, frozen=True, kw_only=True):
    """What the predictor of a service ran.

    ``entry`` of `predictors`, or ``runtime/NAME`` of the cluster, gave it; empty where neither
    did, or where that is not known. ``is_set`` tells that its image was no stock one and came from
    what is set globally. ``uid`` is that of the service, where it is known.
    ``due`` is what its next reconcile would have given, where that was another image.
    """

    service: ObjectRef
    image: str
    source: Source
    entry: str = ""
    is_set: bool = False
    uid: str = ""
    due: str = ""


class Former(msgspec.Struct, frozen=True, dict=True, kw_only=True):
    """All of it. ``release`` is X.Y.Z, empty where it is not known.

    ``cluster_uid`` is the uid of namespace kube-system, empty where it is not told. ``gaps`` say
    what no source tells, ``doubts`` what two sources tell differently.
    """

    release: str
    sources: tuple[Source, ...]
    images: tuple[FormerImage, ...] = ()
    services: tuple[FormerService, ...] = ()
    gaps: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    cluster_uid: str = ""

    @cached_property
    def by_service(self) -> Mapping[ObjectRef, FormerService]:
        """What each service ran."""
        return {one.service: one for one in self.services}

    @cached_property
    def by_entry(self) -> Mapping[str, FormerImage]:
        """What was set, by the entry as in `--set`."""
        return {one.entry: one for one in self.images}

    @property
    def overrides(self) -> Iterator[FormerImage]:
        """What somebody had set."""
        return (one for one in self.images if not one.is_stock)


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of an image that was set: ``now`` is what is there today.

    ``wishes`` bring it back; without any it is there already, or ``why`` says why it does not come
    back. ``services`` are those that got it; ``is_pinned``: all that are there have a pin.
    """

    former: FormerImage
    now: str
    wishes: tuple[Desired, ...] = ()
    why: str = ""
    services: tuple[ObjectRef, ...] = ()
    is_pinned: bool = False


class WantedBack(msgspec.Struct, frozen=True):
    """The wishes, those of them for `predictors` alone, and what becomes of each former image."""

    images: tuple[Desired, ...] = ()
    alone: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()


def ordered(services: Iterable[ObjectRef]) -> tuple[ObjectRef, ...]:
    """Return services in the order of their places."""
    return tuple(sorted(services, key=lambda ref: ref.place))


def plain(one: FormerImage) -> str:
    """Return the image for a runtime: one for services with a GPU and without.

    The tag of an entry for GPUs has the ending that KServe adds to that of a runtime.
    """
    return one.image.removesuffix(terms.GPU_SUFFIX) if key_of(one.entry)[2] else one.image
